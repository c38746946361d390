"""Stock FCEUX 2.6 as an `Emulator`: games of the NES, stepped through a Lua bridge."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from quarterup.emulators import bridge_protocol as protocol
from quarterup.emulators.bridged import BridgedEmulator
from quarterup.emulators.child import Child
from quarterup.emulators.emulator import EmulatorDied, EmulatorNotFound, MachineFacts, MemoryRange, Picture, RomError
from quarterup.emulators.fceux_program import REFUSAL, FceuxCommand, fceux_version, find_fceux
from quarterup.emulators.mame_program import require_display
from quarterup.emulators.nes_rom import NesRom, Region, read_nes_rom
from quarterup.emulators.pictures import AreaScaler, gray_from_rgbx, rgb_from_rgbx
from quarterup.emulators.state_files import StateOwner

WIDTH, HEIGHT = 256, 240
"""All lines that the NES draws, as MAME gives them too. Televisions hid some of them, for NTSC mostly the first and the
last eight, but not all the same ones, and games put scores there."""
REFRESH_HZ: dict[Region, float] = {"ntsc": 60.0988, "pal": 50.0070, "dual": 60.0988, "dendy": 50.0070}
"""https://www.nesdev.org/wiki/Cycle_reference_chart"""
PIXEL_ASPECTS: dict[Region, float] = {"ntsc": 8 / 7, "pal": 1.3862, "dual": 8 / 7, "dendy": 1.3862}
"""Width to height of a pixel as televisions showed it: https://www.nesdev.org/wiki/Overscan"""
GD_HEADER_BYTES = 11
"""FCEUX gives a picture as a file of the GD library: this header, and of each pixel a zero, red, green and blue."""
GD_BYTES = GD_HEADER_BYTES + WIDTH * HEIGHT * 4
RED_AT = GD_HEADER_BYTES + 1


class FceuxEmulator(BridgedEmulator):
    """A game running in an FCEUX of its own.

    Its devices and spaces are `:maincpu` with `program` (the CPU's address space), `:ppu` with `videoram` (the picture
    unit's), and `:rom` with `program` (the game's file behind its header). Only the first can be written.

    Args:
        rom: the game's file, with an iNES or NES 2.0 header.
        watch: memory returned by every step. At most 255 ranges.
        picture: the picture returned by every step, gray or RGB, at native size or scaled; None saves its cost.
        visible: show a window at normal speed with sound, and let the keyboard take part.
        processor: keep to the processor of this number; None: run wherever one is free. See `processors.py`.
        start_timeout_s, timeout_s: how long starting, and any later answer, may take before FCEUX counts as frozen.

    Raises:
        EmulatorNotFound: no FCEUX, or one without Lua.
        RomError: the file is missing, no NES game, incomplete, or for a cartridge board that FCEUX does not know.
        EmulatorError: unknown device or address space, address outside the space.
        EmulatorDied: FCEUX ended or froze.
    """

    def __init__(
        self,
        rom: str | Path,
        *,
        watch: Sequence[MemoryRange] = (),
        picture: Picture | None = None,
        visible: bool = False,
        processor: int | None = None,
        start_timeout_s: float = 60.0,
        timeout_s: float = 20.0,
    ) -> None:
        if visible:
            require_display()
        program = find_fceux()
        version = fceux_version(program)
        self._rom = read_nes_rom(rom)
        self._picture = picture
        super().__init__(Child("pipe", start_timeout_s, timeout_s))
        try:
            self._start(FceuxCommand(program, self._rom, self._child.folder, visible), processor, start_timeout_s)
            self._configure(watch, picture)
        except BaseException:
            self._child.close()
            raise
        region = self._rom.region
        self.facts = MachineFacts(
            machine=self._rom.path.stem,
            description=self._rom.path.stem,
            emulator=f"FCEUX {version}",
            screen_width=WIDTH,
            screen_height=HEIGHT,
            refresh_hz=REFRESH_HZ[region],
            rom_status="own ROM",
            rom_path=str(self._rom.path),
            display_aspect=PIXEL_ASPECTS[region] * WIDTH / HEIGHT,
        )
        pixels = self._prepare_buffers(sum(item.size for item in watch), GD_BYTES if picture else 0, RED_AT)
        self._rgbx = pixels[: WIDTH * HEIGHT * 4].reshape(HEIGHT, WIDTH, 4) if picture else None
        self._scaler = _scaler(picture)

    def _start(self, command: FceuxCommand, processor: int | None, timeout_s: float) -> None:
        command.prepare()
        try:
            self._child.start(command.words(), command.environment(), processor, hopeless=REFUSAL)
            self._greet(timeout_s)
        except EmulatorDied as death:
            raise _explained(death, self._rom) from death

    def _screen(self) -> NDArray[np.uint8] | None:
        if self._rgbx is None or self._picture is None:
            return None
        if self._picture.gray:
            gray = gray_from_rgbx(self._rgbx)
            return gray if self._scaler is None else self._scaler(gray)
        return rgb_from_rgbx(self._rgbx if self._scaler is None else self._scaler(self._rgbx))

    def screenshot(self) -> NDArray[np.uint8]:
        """The screen after the last step at native size, RGB, shape (240, 256, 3), whatever the steps return."""
        picture = self._ask(protocol.look())
        return np.frombuffer(picture, np.uint8, offset=GD_HEADER_BYTES).reshape(HEIGHT, WIDTH, 4)[:, :, 1:]

    def prepare_look(self) -> None:
        """Nothing has to be prepared: FCEUX draws every frame."""

    def look(self) -> NDArray[np.uint8]:
        """The picture after the last step at native size, for a person who looks in now and then."""
        return self.screenshot()

    def _state_owner(self) -> StateOwner:
        return StateOwner(self.facts.machine, self.facts.emulator, self.facts.rom_status, {"rom": self._rom.sha1})


def _scaler(picture: Picture | None) -> AreaScaler | None:
    if picture is None or picture.width is None or picture.height is None:
        return None
    return AreaScaler((HEIGHT, WIDTH), (picture.height, picture.width))


def _explained(death: EmulatorDied, rom: NesRom) -> EmulatorDied | EmulatorNotFound | RomError:
    """The error that says what FCEUX's silence means, or `death` itself where we don't know better."""
    if "this FCEUX is too old" in death.output:
        return EmulatorNotFound(f"this FCEUX is too old: quarterup needs 2.6 or newer.\n{death}")
    if REFUSAL in death.output:
        board = f"mapper {rom.mapper}, submapper {rom.submapper}"
        return RomError(
            f"{rom.path} is for a cartridge board that FCEUX does not know ({board}). If these are right, try another "
            f"emulator; if the header is wrong, get a copy with a right one.\n{death}"
        )
    if "did not connect" in str(death):
        return RomError(
            f"FCEUX did not start {rom.path} in time. Either it does not take the file, or the machine is very busy.\n"
            f"{death}"
        )
    return death
