"""`quarterup inputs`: everything that can be pressed, turned and switched on a machine."""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import tyro

from quarterup.cli.console import make_console, make_table
from quarterup.emulators.emulator import EmulatorError, EmulatorNotFound, InputField, RomError
from quarterup.emulators.launch import launch
from quarterup.emulators.systems import System
from quarterup.games import UnknownGame, find_game


class UnknownMachine(EmulatorError):
    """Neither a game nor a machine has this name."""


@dataclass(frozen=True)
class Settings:
    """List the inputs of a machine: the names that actions, DIP switches and scripts use."""

    machine: tyro.conf.Positional[str]
    """A game, or any machine that MAME knows, by its short name."""
    roms: tuple[Path, ...] = ()
    """Folders to look for ROM sets in, before all others."""
    json: bool = False
    """Print the list as one JSON object on the last line."""


def run(settings: Settings) -> int:
    console = make_console(json=settings.json)
    description, fields = _fields(settings)
    table = make_table(description, "name", "port", "type", "mask>", "range", "player>", "settings")
    for field in fields:
        table.add_row(
            field.name,
            field.port,
            field.kind,
            f"0x{field.mask:02X}",
            "" if field.kind == "digital" or field.settings else f"{field.minimum} to {field.maximum}",
            str(field.player) if field.kind in ("digital", "analog") else "",
            ", ".join(
                f"{value}: {name}{' (default)' if value == field.default else ''}"
                for value, name in sorted(field.settings.items())
            ),
        )
    console.print(table)
    if settings.json:
        print(json.dumps({"machine": description, "inputs": [asdict(field) for field in fields]}))
    return 0


def _fields(settings: Settings) -> tuple[str, list[InputField]]:
    system: System = "arcade"
    try:
        game = find_game(settings.machine)
        system, machine, unknown_game = game.system, game.machine, None
    except UnknownGame as problem:
        machine, unknown_game = settings.machine, problem
    try:
        with contextlib.closing(launch(system, machine, roms=settings.roms)) as emulator:
            return emulator.facts.description, list(emulator.inputs.values())
    except (RomError, EmulatorNotFound):
        raise
    except EmulatorError as problem:
        if unknown_game is None:
            raise
        raise UnknownMachine(f"{unknown_game}\nAs a machine: {problem}") from problem
