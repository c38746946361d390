"""`quarterup games`: every game, and which ROM would run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import tyro

from quarterup.cli.console import make_console, make_table
from quarterup.emulators.launch import find_rom
from quarterup.emulators.roms import user_data_folder
from quarterup.games import FAMILIES, Family, Game, all_games


@dataclass(frozen=True)
class Settings:
    """List the games, and for each the ROM that would run: your own, the stand-in that comes along, or none."""

    family: tyro.conf.Positional[Literal["", "atari", "retro"]] = ""
    """List the games of a family, which share one game file. Left out: all others, and the families."""
    roms: tuple[Path, ...] = ()
    """Folders to look for ROM sets in, before all others."""
    json: bool = False
    """Print the list as one JSON object on the last line."""


@dataclass(frozen=True)
class GameRow:
    """What the table says of one game."""

    id: str
    title: str
    env: str
    """What `gymnasium.make` takes."""
    machine: str
    rom: str
    """`own`, `stand-in` or `none`."""
    rom_path: str
    actions: int
    features: int
    bitmap: bool
    """The machine keeps its picture as bits in memory, so `obs="bitmap"` works."""
    expert: bool
    """There is a rule-based player."""


@dataclass(frozen=True)
class FamilyRow:
    """What is said of games that share one file."""

    id: str
    title: str
    games: int
    example: str
    command: str

    @classmethod
    def of(cls, family: Family) -> FamilyRow:
        names = list(family.names())
        return cls(family.id, family.title, len(names), names[0], f"`quarterup games {family.id}`")


def run(settings: Settings) -> int:
    console = make_console(json=settings.json)
    games = _family_games(settings.family) if settings.family else all_games()
    rows = [_row(game, settings.roms) for game in games]
    table = make_table(None, "game", "title", "machine", "ROM", "actions>", "features>", "bitmap", "expert")
    for row in rows:
        table.add_row(
            row.id,
            row.title,
            row.machine,
            row.rom,
            str(row.actions),
            str(row.features),
            _yes(row.bitmap),
            _yes(row.expert),
        )
    console.print(table)
    families = [] if settings.family else [FamilyRow.of(family) for family in FAMILIES.values() if family.names()]
    for family in families:
        some = f"{family.games} games, such as {family.example}" if family.games > 1 else family.example
        console.print(f"{family.title}: {some}. {family.command} lists them.")
    if any(row.rom == "stand-in" for row in rows):
        console.print(
            "A stand-in is a game of this project's own with the same controls and the same memory addresses. "
            f"If you have the ROM set of the original, put it into {user_data_folder() / 'roms'}."
        )
    if settings.json:
        print(json.dumps({"games": [asdict(row) for row in rows], "families": list(map(asdict, families))}))
    return 0


def _family_games(family: str) -> list[Game[Any]]:
    return [FAMILIES[family].game(game_id) for game_id in FAMILIES[family].names()]


def _row(game: Game[Any], roms: Sequence[Path]) -> GameRow:
    rom_set = find_rom(game.system, game.machine, roms)
    return GameRow(
        id=game.id,
        title=game.title,
        env=f"quarterup/{game.env_name}-v0",
        machine=game.machine,
        rom="stand-in" if rom_set.stand_in else "own" if rom_set.path else "none",
        rom_path=str(rom_set.path or ""),
        actions=len(game.actions),
        features=len(game.features),
        bitmap=game.bitmap_shape is not None,
        expert=game.expert() is not None,
    )


def _yes(value: bool) -> str:
    return "yes" if value else "no"
