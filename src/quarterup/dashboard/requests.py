"""What the page asks of a run: to do something, or to go on with other schedules."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

from quarterup.agents.schedules import Schedule, parse_schedule
from quarterup.dashboard.feed import Feed
from quarterup.dashboard.runs import Run
from quarterup.training.adjustments import ask_for

MAX_TEXT = 200


class BadRequest(Exception):
    """What was asked for cannot be; the message says why."""


def controls() -> list[dict[str, str]]:
    """What a run can be told to do, with the keys for it."""
    module = _controls_module()
    names = ("name", "key", "label", "help", "group")
    return [{name: getattr(control, name) for name in names} for control in module.CONTROLS] if module else []


def control(run: Run, name: Any, value: Any) -> None:
    """Ask a run to do something. Raises BadRequest."""
    module = _controls_module()
    if module is None or name not in {one.name for one in module.CONTROLS}:
        raise BadRequest(f"There is no control {str(name)[:MAX_TEXT]!r}.")
    if isinstance(value, bool) or not (value is None or isinstance(value, int | float | str)):
        raise BadRequest("A value is a number or a text.")
    if isinstance(value, str) and len(value) > MAX_TEXT:
        raise BadRequest("The value is too long.")
    module.ask(run.path, name, value)


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


def _controls_module() -> Any | None:
    """`quarterup.training.controls`, in a quarterup that has it."""
    name = "quarterup.training.controls"
    return importlib.import_module(name) if importlib.util.find_spec(name) else None
