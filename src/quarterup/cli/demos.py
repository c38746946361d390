"""`quarterup demos`: the games that were kept for training to learn from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from quarterup.cli.console import make_console, make_table
from quarterup.training.demonstrations import Demonstration, all_in, demonstrations_folder


@dataclass(frozen=True)
class Settings:
    """List demonstrations: games that somebody played, as `quarterup play --page` keeps them.

    `quarterup train GAME --demos FOLDER` learns from them, `quarterup record FILE` makes a video of one.
    """

    folder: Annotated[Path | None, tyro.conf.Positional, tyro.conf.arg(metavar="FOLDER")] = None
    """Where they are; left out: your own folder."""
    json: bool = False
    """Print the list as one JSON object on the last line."""


def run(settings: Settings) -> int:
    console = make_console(json=settings.json)
    folder = settings.folder or demonstrations_folder()
    found = list(all_in(folder))
    if found:
        table = make_table(None, "game", "score>", "level>", "steps>", "frames each>", "ROM", "file")
        for demonstration in found:
            table.add_row(*_row(demonstration))
        console.print(table)
        console.print(f"To learn from them: quarterup train GAME --demos {folder}", soft_wrap=True)
    else:
        console.print(f"There is none in {folder}. Play one: quarterup play GAME --page", soft_wrap=True)
    if settings.json:
        print(json.dumps({"folder": str(folder), "demos": [_values(demonstration) for demonstration in found]}))
    return 0


def _row(demonstration: Demonstration) -> tuple[str, ...]:
    trace = demonstration.trace
    if trace is None:
        return ("", "", "", "", "", "", demonstration.problem)
    level = str(trace.level + 1)
    return (
        trace.game,
        f"{trace.score:,.0f}",
        level,
        f"{trace.steps:,}",
        str(trace.frame_skip),
        trace.rom_status,
        str(demonstration.path),
    )


def _values(demonstration: Demonstration) -> dict[str, object]:
    trace, path = demonstration.trace, str(demonstration.path)
    if trace is None:
        return {"path": path, "problem": demonstration.problem}
    names = ("game", "score", "level", "steps", "frame_skip", "rom_status", "emulator")
    return {"path": path, **{name: getattr(trace, name) for name in names}}
