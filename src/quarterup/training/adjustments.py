"""Schedules that change while a run goes on."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from quarterup.agents.schedules import Schedule, schedule_from_json, schedule_text
from quarterup.training.errors import SettingsError
from quarterup.training.settings import TrainSettings, check_settings, schedule_names


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


def _schedules(settings: Any) -> dict[str, Schedule]:
    return {name: getattr(settings, name) for name in schedule_names(type(settings))}
