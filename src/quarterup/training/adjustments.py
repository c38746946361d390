"""Schedules that change while a run goes on: asked for by one process, taken up by the one that trains.

A request is a small JSON file in the run folder. The trainer looks for them twice a second.
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from quarterup.agents.schedules import Schedule, schedule_from_json, schedule_json, schedule_text
from quarterup.training.errors import SettingsError
from quarterup.training.files import replace_file
from quarterup.training.settings import TrainSettings, check_settings, schedule_names

FOLDER = "adjustments"
MAX_BYTES = 65_536
"""Of a request; anything larger was not written here."""


def schedules_of(settings: TrainSettings) -> dict[str, Schedule]:
    """What can be changed while a run goes on: the schedules of the run and of its agent, by name."""
    return {**_schedules(settings), **_schedules(settings.agent_settings)}


def adjusted(settings: TrainSettings, changes: Mapping[str, Any]) -> TrainSettings:
    """The settings with other schedules. Raises SettingsError for a name or a value that does not work.

    Args:
        settings: as they are.
        changes: by name; a number or a schedule's text each, as `config.json` has them.
    """
    known = schedules_of(settings)
    for name in changes:
        if name not in known:
            raise SettingsError(
                f"{name} cannot be changed while the run goes on. These can: {', '.join(sorted(known))}."
            )
    try:
        wanted: dict[str, Any] = {name: schedule_from_json(value) for name, value in changes.items()}
        mine = {name: value for name, value in wanted.items() if name in _schedules(settings)}
        agents = {name: value for name, value in wanted.items() if name not in mine}
        agent_settings: Any = settings.agent_settings
        changed = dataclasses.replace(settings, **mine, agent_settings=dataclasses.replace(agent_settings, **agents))
    except ValueError as error:
        raise SettingsError(str(error)) from None
    check_settings(changed)
    return changed


def differences_in_words(before: TrainSettings, after: TrainSettings) -> str:
    """What `adjusted` changed, such as "epsilon: 0.1 → linear(0.1, 0, 1_000)"."""
    old, new = schedules_of(before), schedules_of(after)
    changed = [name for name in new if new[name] != old[name]]
    return ", ".join(f"{name}: {schedule_text(old[name])} → {schedule_text(new[name])}" for name in changed)


def ask_for(run: Path, changes: Mapping[str, Schedule]) -> None:
    """Leave a request in a run folder, for the process that trains it, or the next one that does."""
    folder = run / FOLDER
    folder.mkdir(exist_ok=True)
    content = json.dumps({name: schedule_json(value) for name, value in changes.items()})
    replace_file(folder / f"{time.time_ns():020d}.json", content.encode())


def take_requests(run: Path) -> list[Mapping[str, Any]]:
    """The requests there are, the oldest first, which are gone then. What is no request is gone too."""
    taken: list[Mapping[str, Any]] = []
    for path in sorted((run / FOLDER).glob("*.json")):
        try:
            changes = json.loads(path.read_bytes()) if path.stat().st_size <= MAX_BYTES else None
        except (OSError, ValueError):
            changes = None
        path.unlink(missing_ok=True)
        if isinstance(changes, dict):
            taken.append(changes)
    return taken


def _schedules(settings: Any) -> dict[str, Schedule]:
    return {name: getattr(settings, name) for name in schedule_names(type(settings))}
