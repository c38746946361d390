"""Starts a game's machine in an emulator that can run it: the one place that knows all of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TypedDict, Unpack

from quarterup.emulators.atari import AtariEmulator
from quarterup.emulators.atari_roms import ale_rom_folders
from quarterup.emulators.emulator import Emulator, EmulatorError, EmulatorNotFound, MemoryRange, Picture, RomError
from quarterup.emulators.mame import MameEmulator
from quarterup.emulators.mame_program import find_mame, mame_rom_folders
from quarterup.emulators.roms import STAND_INS, RomSet, find_rom_file, find_rom_set, rom_folders
from quarterup.emulators.systems import SYSTEMS, TITLES, EmulatorName, System


class Options(TypedDict, total=False):
    """What every emulator takes, with the meanings and defaults that `MameEmulator` has."""

    watch: Sequence[MemoryRange]
    picture: Picture | None
    visible: bool
    processor: int | None
    start_timeout_s: float
    timeout_s: float


def launch(
    system: System,
    machine: str,
    *,
    emulator: EmulatorName = "auto",
    roms: Sequence[Path] = (),
    **options: Unpack[Options],
) -> Emulator:
    """A running emulator with that machine in it.

    Args:
        system, machine: see `Game`.
        emulator: which one; `auto`: the first that is installed of those that can run the system.
        roms: folders to look for ROMs in, before all others.

    Raises EmulatorNotFound if there is none, RomError if there is no game to run, EmulatorError, EmulatorDied.
    """
    if choose_emulator(system, emulator) == "ale":
        return AtariEmulator(machine, roms=roms, **options)
    return launch_mame(system, machine, roms=roms, **options)


def choose_emulator(system: System, wanted: EmulatorName = "auto") -> EmulatorName:
    """The emulator that runs `system` here. Raises EmulatorNotFound if none does, EmulatorError if `wanted` can't."""
    able = SYSTEMS[system].emulators
    if wanted == "auto":
        return able[0]
    if wanted not in able:
        raise EmulatorError(f"emulator={wanted!r} does not run {system} games. Those that do: {', '.join(able)}")
    return wanted


def emulator_titled(title: str) -> EmulatorName:
    """Which one calls itself that, with its version: `MAME 0.251`. Raises EmulatorError if none does."""
    name = TITLES.get(title.split(" ")[0])
    if name is None:
        raise EmulatorError(f"{title} is no emulator that this version of quarterup knows")
    return name


def launch_mame(
    system: System,
    machine: str,
    *,
    roms: Sequence[Path] = (),
    sample_rate: int | None = None,
    arguments: Sequence[str] = (),
    **options: Unpack[Options],
) -> MameEmulator:
    """`launch` in MAME, whatever else could run it; `sample_rate` and `arguments` as `MameEmulator` has them."""
    launch_in = partial(MameEmulator, roms=roms, sample_rate=sample_rate, arguments=arguments, **options)
    console = SYSTEMS[system].mame_console
    if not console:
        return launch_in(machine)
    rom = require_rom(system, machine, roms)
    emulator = launch_in(console, media={"cart": rom})
    # MAME knows of a console with something in it. What matters to everybody else is the game.
    emulator.facts = dataclasses.replace(emulator.facts, machine=machine, rom_status=rom_status(rom), rom_path=str(rom))
    return emulator


def mame_machine(system: System, machine: str, roms: Sequence[Path] = ()) -> list[str]:
    """How MAME's command line names it: the machine, or the console and what is put into it."""
    console = SYSTEMS[system].mame_console
    return [console, "-cart", str(require_rom(system, machine, roms))] if console else [machine]


def find_rom(system: System, machine: str, roms: Sequence[Path] = ()) -> RomSet:
    """Which ROM of that machine would run."""
    folders = searched_folders(roms) + list(ale_rom_folders() if system == "atari2600" else ())
    suffixes = SYSTEMS[system].rom_suffixes
    return find_rom_file(machine, suffixes, folders) if suffixes else find_rom_set(machine, folders)


def require_rom(system: System, machine: str, roms: Sequence[Path] = ()) -> Path:
    """The file of a console's game. Raises RomError, with the folders that were searched, if there is none."""
    found = find_rom(system, machine, roms)
    if found.path is None:
        searched = "".join(f"\n  {folder}" for folder in found.search)
        name = f"{machine}{SYSTEMS[system].rom_suffixes[0]}"
        raise RomError(f"there is no ROM of {machine}. Put it, as {name}, into one of these folders:{searched}")
    return found.path


def rom_status(rom: Path) -> str:
    """`MachineFacts.rom_status` of a console's game."""
    return "stand-in" if rom.parent == STAND_INS else "own ROM"


def searched_folders(roms: Sequence[Path] = ()) -> list[Path]:
    """Every folder that is searched for ROMs, MAME's own among them where there is a MAME."""
    try:
        own = mame_rom_folders(find_mame())
    except EmulatorNotFound:
        own = ()
    return rom_folders(roms, own)
