"""The runs that a page shows: those it was started for, and their neighbours of the same game to compare them with."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from quarterup.dashboard.history import History
from quarterup.training.references import read_references

CONFIG_FILE, METRICS_FILE = "config.json", "metrics.db"
MAX_NEIGHBOURS = 24
MAX_CONFIG_BYTES = 1 << 20


class Run:
    """One run folder, as the page needs it. Reads only."""

    def __init__(self, path: Path) -> None:
        """Raises ValueError if it is none."""
        self.path = path
        self.name = path.name
        self.history = History(path / METRICS_FILE)
        config = _config(path)
        self.settings: dict[str, Any] = config["settings"]
        self.machine: dict[str, Any] = config["machine"]
        self.versions: dict[str, Any] = config["versions"]

    @property
    def protocol(self) -> tuple[Any, ...]:
        """Runs with another one have scores that don't compare."""
        rules = self.settings["env"]
        return (self.settings["game"], self.machine.get("rom_status"), rules["frame_skip"], rules["sticky"])

    def describe(self) -> dict[str, Any]:
        """What the page says about it."""
        return {
            "name": self.name,
            "game": self.settings["game"],
            "agent": self.settings["agent"],
            "steps": self.settings["steps"],
            "frame_skip": self.settings["env"]["frame_skip"],
            "machine": {name: self.machine.get(name) for name in ("description", "emulator", "rom_status")},
            "settings": self.settings,
        }

    def references(self) -> dict[str, float]:
        """Mean scores of the random and the rule-based player."""
        return {name: interval.mean for name, interval in read_references(self.path / "evaluations").items()}


class Runs:
    """Runs by number: first those that the page is about, then their neighbours."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.own = [Run(path) for path in paths]
        self._neighbours: dict[Path, Run] = {}

    def all(self) -> list[Run]:
        """Numbers stay what they are while neighbours are added."""
        known = {run.path for run in self.own}
        for folder in sorted({run.path.parent for run in self.own}):
            for path in sorted(folder.glob(f"*/{CONFIG_FILE}")):
                if len(self._neighbours) < MAX_NEIGHBOURS and path.parent not in known | self._neighbours.keys():
                    self._add(path.parent)
        return [*self.own, *self._neighbours.values()]

    def read(self) -> None:
        """Read the metrics of those that the page is about, before somebody asks for charts of them."""
        for run in self.own:
            with contextlib.suppress(sqlite3.Error):  # Whoever asks for the charts is told.
                run.history.read()

    def find(self, number: int) -> Run | None:
        runs = [*self.own, *self._neighbours.values()]
        return runs[number] if 0 <= number < len(runs) else None

    def _add(self, path: Path) -> None:
        try:
            run = Run(path)
        except ValueError:
            return
        if any(run.protocol == own.protocol for own in self.own):
            self._neighbours[path] = run


@lru_cache(maxsize=256)
def _config(path: Path) -> dict[str, Any]:
    try:
        file = path / CONFIG_FILE
        if file.stat().st_size > MAX_CONFIG_BYTES:
            raise ValueError(f"{file} is too large to be a run's.")
        values: dict[str, Any] = json.loads(file.read_bytes())
        if values["settings"]["env"]["frame_skip"] and values["machine"] is not None and values["versions"]:
            return values
    except (OSError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is no run folder: {error}") from error
    raise ValueError(f"{path} is no run folder.")
