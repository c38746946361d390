"""What a stable-retro core is like, as its worker says: its buttons, its memory, and which of it can be watched."""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from quarterup.emulators.emulator import EmulatorError, EmulatorNotFound, InputField, MemoryRange, RomError
from quarterup.emulators.nes_rom import read_nes_rom

CPU = ":maincpu"
GAME = ":retro"
"""The device of what an integration knows of the game: `retro_worker.ABOUT`."""
NES = "Nes"
NES_SUFFIX = ".nes"
NES_RAM_BYTES, NES_MIRRORS_END = 0x800, 0x2000
"""The RAM of a NES is seen four times in a row by its CPU."""
NES_PIXEL_ASPECT = 8 / 7
PLAYERS = (1, 2)


@dataclass(frozen=True)
class RetroCore:
    """What the worker says of its core."""

    version: str
    """Of stable-retro."""
    core: str
    system: str
    """As stable-retro calls it."""
    buttons: Sequence[str | None]
    """By their bits; None where a bit means nothing."""
    width: int
    height: int
    refresh_hz: float
    blocks: Sequence[tuple[int, int]]
    """Address and size of all memory that can be seen."""

    @property
    def is_nes(self) -> bool:
        return self.system == NES


@functools.cache
def has_retro() -> bool:
    """Whether stable-retro is installed."""
    return importlib.util.find_spec("stable_retro") is not None


def require_retro() -> None:
    """Raise EmulatorNotFound, with what to do, if stable-retro is not installed."""
    if not has_retro():
        raise EmulatorNotFound("stable-retro is not installed: `pip install stable-retro`, or choose another emulator")


def check_rom(rom: Path) -> None:
    """Raise RomError if there is no such file, or it is called .nes and is none, or a part of one."""
    if rom.suffix.lower() == NES_SUFFIX:
        read_nes_rom(rom)
    elif not rom.is_file():
        raise RomError(f"there is no file {rom}")


def input_fields(buttons: Sequence[str | None]) -> tuple[dict[str, InputField], dict[str, tuple[int, int]]]:
    """The inputs by name, and for each its player and its bit."""
    fields, bits = {}, {}
    for player in PLAYERS:
        for bit, button in enumerate(buttons):
            if button is None:
                continue
            name = f"P{player} {button.title()}"
            bits[name] = player, bit
            fields[name] = InputField(
                name=name,
                port=f"controller {player}",
                field=name,
                kind="digital",
                mask=1 << bit,
                minimum=0,
                maximum=1,
                default=0,
                player=player,
            )
    return fields, bits


def places_of(watch: Sequence[MemoryRange], core: RetroCore, about_bytes: int) -> tuple[NDArray[np.int64], list[int]]:
    """Where the watched bytes lie behind one another in a slot's memory, and the blocks that it must hold for that.

    What is known of the game, `about_bytes` of it, lies behind all blocks.
    """
    addresses: list[tuple[str, int]] = []
    for item in watch:
        for address in range(item.start, item.start + item.size * item.stride, item.stride):
            seen = address < about_bytes if item.device == GAME else item.device == CPU
            real = address if item.device == GAME else real_address(address, core)
            if real is None or not seen or item.space != "program":
                raise EmulatorError(f"{item} can't be watched in stable-retro: {what_is_seen(core)}")
            addresses.append((item.device, real))
    cpu = [address for device, address in addresses if device == CPU]
    needed = [(start, size) for start, size in core.blocks if any(start <= address < start + size for address in cpu)]
    bases, base = {}, 0
    for start, size in needed:
        bases[start] = base - start
        base += size
    places = [
        address + (base if device == GAME else bases[max(start for start in bases if start <= address)])
        for device, address in addresses
    ]
    return np.array(places, np.int64), [start for start, _ in needed]


def real_address(address: int, core: RetroCore) -> int | None:
    """Where a byte really is, mirrors considered, or None if it can't be seen."""
    if core.is_nes and address < NES_MIRRORS_END:
        address %= NES_RAM_BYTES
    return address if any(start <= address < start + size for start, size in core.blocks) else None


def what_is_seen(core: RetroCore) -> str:
    """The memory that a core shows, for people."""
    spans: list[list[int]] = []
    for start, size in sorted(core.blocks):
        if spans and spans[-1][1] == start:
            spans[-1][1] += size
        else:
            spans.append([start, start + size])
    shown = ", ".join(f"0x{start:X} to 0x{end - 1:X}" for start, end in spans)
    return f"its core shows {CPU}'s memory at {shown}"
