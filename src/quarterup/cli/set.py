"""`quarterup set`: give a run that is going on other schedules."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tyro

from quarterup.agents.schedules import Schedule, parse_schedule, schedule_text
from quarterup.cli.console import make_console, make_table
from quarterup.training.adjustments import adjusted, ask_for, schedules_of
from quarterup.training.errors import SettingsError
from quarterup.training.loading import settings_of
from quarterup.training.run_folder import RunFolder


@dataclass(frozen=True)
class Settings:
    """Change schedules of a run while it goes on: exploration, step size, the expert's share, and so on.

    It takes effect within a second, and stays when the run is resumed. The run's events say when it was. A run that
    nobody trains just now takes it up when it goes on. Without CHANGES, the schedules are shown that the run began
    with.
    """

    run: tyro.conf.Positional[Path]
    """The run folder."""
    changes: tyro.conf.Positional[tuple[str, ...]] = ()
    """NAME=SCHEDULE, such as learning-rate=1e-4 or "epsilon=pulses(0, 0.2, every=50_000, length=5_000)"."""


def run(settings: Settings) -> int:
    folder = RunFolder.open(settings.run)
    began_with = settings_of(folder)
    console = make_console(json=False)
    if not settings.changes:
        table = make_table(f"{folder.path}", "schedule", "began with")
        for name, schedule in schedules_of(began_with).items():
            table.add_row(name, schedule_text(schedule))
        console.print(table)
        return 0
    changes = dict(map(_change, settings.changes))
    adjusted(began_with, {name: schedule_text(value) for name, value in changes.items()})
    ask_for(folder.path, changes)
    when = "within a second" if folder.is_in_use() else "when the run goes on: nobody trains it now"
    console.print(f"{', '.join(settings.changes)}: {when}.", highlight=False)
    return 0


def _change(text: str) -> tuple[str, Schedule]:
    name, equals, value = text.partition("=")
    if not equals:
        raise SettingsError(f"{text!r} is no change. Give NAME=SCHEDULE, such as learning-rate=1e-4.")
    try:
        return name.strip().replace("-", "_"), parse_schedule(value)
    except ValueError as error:
        raise SettingsError(str(error)) from None
