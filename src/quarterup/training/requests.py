"""What one process asks of another that trains: small JSON files in the run folder, which the trainer looks for often.

A request names a control (`{"do": "pause"}`), or gives schedules (`{"set": {"epsilon": "0.1"}}`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quarterup.agents.schedules import Schedule, schedule_json
from quarterup.training.controls import find_control
from quarterup.training.files import replace_file

FOLDER = "requests"
MAX_BYTES = 65_536
"""Of a request; anything larger was not written here."""


@dataclass(frozen=True)
class DoControl:
    """Do what the control of that name does."""

    name: str


@dataclass(frozen=True)
class SetSchedules:
    """Go on with other schedules: numbers or their texts, by name, as `config.json` has them."""

    changes: Mapping[str, Any]


Request = DoControl | SetSchedules


def ask(run: Path, control: str) -> None:
    """Ask the process that trains `run`, or the next one that does, for a control.

    Raises SettingsError if there is none of that name.
    """
    _leave(run, {"do": find_control(control).name})


def ask_for(run: Path, changes: Mapping[str, Schedule]) -> None:
    """Ask the process that trains `run`, or the next one that does, for other schedules."""
    _leave(run, {"set": {name: schedule_json(value) for name, value in changes.items()}})


def take_requests(run: Path) -> list[Request]:
    """The requests there are, the oldest first, which are gone then. What is no request is gone too."""
    taken: list[Request] = []
    for path in sorted((run / FOLDER).glob("*.json")):
        try:
            content = json.loads(path.read_bytes()) if path.stat().st_size <= MAX_BYTES else None
        except (OSError, ValueError):
            content = None
        path.unlink(missing_ok=True)
        match content:
            case {"do": str(name)}:
                taken.append(DoControl(name))
            case {"set": dict(changes)}:
                taken.append(SetSchedules(changes))
    return taken


def _leave(run: Path, request: Mapping[str, Any]) -> None:
    folder = run / FOLDER
    folder.mkdir(exist_ok=True)
    replace_file(folder / f"{time.time_ns():020d}.json", json.dumps(request).encode())
