"""Starts a game's machine in an emulator that can run it: the one place that knows all of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TypedDict, TypeVar, Unpack

from quarterup.emulators.atari import AtariEmulator
from quarterup.emulators.atari_roms import ale_rom_folders, has_ale
from quarterup.emulators.emulator import Emulator, EmulatorError, EmulatorNotFound, MemoryRange, Picture, RomError
from quarterup.emulators.fceux import FceuxEmulator
from quarterup.emulators.fceux_program import find_fceux
from quarterup.emulators.mame import MameEmulator
from quarterup.emulators.mame_program import find_mame, mame_rom_folders
from quarterup.emulators.retro import RetroEmulator
from quarterup.emulators.retro_core import has_retro
from quarterup.emulators.retro_integrations import integrations
from quarterup.emulators.roms import STAND_INS, RomSet, find_rom_file, find_rom_set, rom_folders
from quarterup.emulators.systems import SYSTEMS, TITLES, EmulatorName, System

Console = TypeVar("Console", MameEmulator, FceuxEmulator, RetroEmulator)
WITHOUT_WINDOW = ("retro",)


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
    chosen = choose_emulator(system, emulator, visible=options.get("visible", False))
    if chosen == "ale":
        return AtariEmulator(machine, roms=roms, **options)
    if chosen == "mame":
        return launch_mame(system, machine, roms=roms, **options)
    rom = require_rom(system, machine, roms)
    if system == "retro":
        return _as_game(RetroEmulator(rom, integration=rom.parent, **options), machine, rom)
    if chosen == "retro":
        return _as_game(RetroEmulator(rom, **options), machine, rom)
    return _as_game(FceuxEmulator(rom, **options), machine, rom)


def choose_emulator(system: System, wanted: EmulatorName = "auto", *, visible: bool = False) -> EmulatorName:
    """The emulator that runs `system` here, in a window if `visible`. Raises EmulatorError if `wanted` can't.

    Where none is installed it is the best one all the same, which then says how to install it.
    """
    able = SYSTEMS[system].emulators
    if wanted == "auto":
        fitting = (name for name in able if name not in WITHOUT_WINDOW or not visible)
        return next(filter(_is_installed, fitting), able[0])
    if wanted not in able:
        raise EmulatorError(f"emulator={wanted!r} does not run {system} games. Those that do: {', '.join(able)}")
    return wanted


def _is_installed(name: EmulatorName) -> bool:
    if name == "retro":
        return has_retro()
    if name == "ale":
        return has_ale()
    try:
        find_mame() if name == "mame" else find_fceux()
    except EmulatorNotFound:
        return False
    return True


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
    return _as_game(launch_in(console, media={"cart": rom}), machine, rom)


def _as_game(emulator: Console, machine: str, rom: Path) -> Console:
    """Emulators know of a console with something in it. What matters to everybody else is the game."""
    emulator.facts = dataclasses.replace(emulator.facts, machine=machine, rom_status=rom_status(rom), rom_path=str(rom))
    return emulator


def mame_machine(system: System, machine: str, roms: Sequence[Path] = ()) -> list[str]:
    """How MAME's command line names it: the machine, or the console and what is put into it."""
    console = SYSTEMS[system].mame_console
    return [console, "-cart", str(require_rom(system, machine, roms))] if console else [machine]


def find_rom(system: System, machine: str, roms: Sequence[Path] = ()) -> RomSet:
    """Which ROM of that machine would run."""
    if system == "retro":
        integration = integrations().get(machine)
        return RomSet(machine, integration.rom if integration else None, False, ())
    folders = searched_folders(roms) + list(ale_rom_folders() if system == "atari2600" else ())
    suffixes = SYSTEMS[system].rom_suffixes
    return find_rom_file(machine, suffixes, folders) if suffixes else find_rom_set(machine, folders)


def require_rom(system: System, machine: str, roms: Sequence[Path] = ()) -> Path:
    """The file of a console's game. Raises RomError, with the folders that were searched, if there is none."""
    found = find_rom(system, machine, roms)
    if found.path is None and system == "retro":
        raise RomError(
            f"there is no ROM of stable-retro's integration {machine}. Have one imported: "
            "`python -m stable_retro.import FOLDER` looks for all that it knows."
        )
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
