"""What the page asks of a run: to do something, or to go on with other schedules."""

from __future__ import annotations

import dataclasses
from typing import Any

from quarterup.agents.schedules import Schedule, parse_schedule
from quarterup.dashboard.feed import Feed
from quarterup.dashboard.runs import Run
from quarterup.training.controls import CONTROLS, find_control
from quarterup.training.errors import SettingsError
from quarterup.training.locks import is_run_in_use
from quarterup.training.requests import ask, ask_for

MAX_TEXT = 200


class BadRequest(Exception):
    """What was asked for cannot be; the message says why."""


def controls() -> list[dict[str, Any]]:
    """What a run can be told to do, with the keys for it."""
    return [dataclasses.asdict(control) for control in CONTROLS]


def control(run: Run, name: Any) -> None:
    """Ask a run to do something. Raises BadRequest."""
    try:
        chosen = find_control(str(name)[:MAX_TEXT])
    except SettingsError as error:
        raise BadRequest(str(error)) from None
    if not is_run_in_use(run.path):
        raise BadRequest("Nobody trains this run now.")
    ask(run.path, chosen.name)


def adjust(run: Run, feed: Feed, changes: Any) -> None:
    """Ask a run to go on with other schedules, given by name as text or number. Raises BadRequest."""
    known = feed.progress().get("schedules", {})
    if not isinstance(changes, dict) or not changes:
        raise BadRequest("Changes are schedules by name.")
    wanted: dict[str, Schedule] = {}
    for name, value in changes.items():
        if name not in known:
            raise BadRequest(f"{name[:MAX_TEXT]} cannot be changed. These can: {', '.join(known) or 'none now'}.")
        if isinstance(value, bool) or not isinstance(value, str | int | float) or len(str(value)) > MAX_TEXT:
            raise BadRequest(f"{name} is a number or a schedule.")
        try:
            wanted[name] = parse_schedule(str(value))
        except ValueError as error:
            raise BadRequest(str(error)) from None
    ask_for(run.path, wanted)
