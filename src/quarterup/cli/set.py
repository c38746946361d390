"""`quarterup set`: give a run that is going on other schedules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import tyro
from rich.table import Table

from quarterup.agents.schedules import Schedule, parse_schedule, schedule_text
from quarterup.cli.console import make_console, make_table
from quarterup.training.adjustments import adjusted, schedules_of
from quarterup.training.controls import CONTROLS, find_control
from quarterup.training.errors import SettingsError
from quarterup.training.loading import settings_of
from quarterup.training.requests import ask, ask_for
from quarterup.training.run_folder import RunFolder


@dataclass(frozen=True)
class Settings:
    """Change schedules of a run while it goes on: exploration, step size, the expert's share, and so on.

    It takes effect within a second, and stays when the run is resumed. The run's events say when it was. A run that
    nobody trains just now takes it up when it goes on. The names of controls, such as pause, save and stop, do what
    their keys do in the terminal of the training. Without CHANGES, the schedules are shown that the run began with, and
    the controls.
    """

    run: tyro.conf.Positional[Path]
    """The run folder."""
    changes: tyro.conf.Positional[tuple[str, ...]] = ()
    """NAME=SCHEDULE, such as learning-rate=1e-4 or "epsilon=pulses(0, 0.2, every=50_000, length=5_000)"; or the name of
    a control."""


def run(settings: Settings) -> int:
    folder = RunFolder.open(settings.run)
    began_with = settings_of(folder)
    console = make_console(json=False)
    if not settings.changes:
        table = make_table(f"{folder.path}", "schedule", "began with")
        for name, schedule in schedules_of(began_with).items():
            table.add_row(name, schedule_text(schedule))
        console.print(table)
        console.print(_table_of_controls())
        return 0
    changes = dict(_change(text) for text in settings.changes if "=" in text)
    controls = [_control(text, schedules_of(began_with)) for text in settings.changes if "=" not in text]
    adjusted(began_with, {name: schedule_text(value) for name, value in changes.items()})
    in_use = folder.is_in_use()
    if controls and not in_use:
        raise SettingsError(f"Nobody trains {folder.path} now: there is nothing that {controls[0]} could be done to.")
    if changes:
        ask_for(folder.path, changes)
    for control in controls:
        ask(folder.path, control)
    when = "within a second" if in_use else "when the run goes on: nobody trains it now"
    console.print(f"{', '.join(settings.changes)}: {when}.", highlight=False)
    return 0


def _table_of_controls() -> Table:
    table = make_table("controls", "name", "key", "what it does")
    for control in CONTROLS:
        table.add_row(control.name, control.key, control.help)
    return table


def _control(text: str, schedules: Mapping[str, Schedule]) -> str:
    if text.replace("-", "_") in schedules:
        raise SettingsError(f"{text!r} is a schedule: give its value, too, such as {text}=0.1.")
    return find_control(text).name


def _change(text: str) -> tuple[str, Schedule]:
    name, _, value = text.partition("=")
    try:
        return name.strip().replace("-", "_"), parse_schedule(value)
    except ValueError as error:
        raise SettingsError(str(error)) from None
