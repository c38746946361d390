"""stable-retro's integrations: games of which it knows where score and lives are, and which ROMs of them are here.

Everything is read from its files, without loading it, which takes most of a second.
"""

from __future__ import annotations

import functools
import importlib.util
import itertools
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROM_NAME = "rom"
SCENARIO, VARIABLES = "scenario.json", "data.json"


@dataclass(frozen=True)
class Integration:
    """One of them whose ROM is there."""

    name: str
    """stable-retro's: `Airstriker-Genesis-v0`."""
    title: str
    system: str
    """As stable-retro calls it: `Genesis`."""
    rom: Path

    @property
    def folder(self) -> Path:
        return self.rom.parent

    def has_variable(self, name: str) -> bool:
        """Whether it says where that is: `lives`, say."""
        return name in _read(self.folder / VARIABLES).get("info", {})

    def button_combinations(self) -> list[tuple[str, ...]]:
        """What its actions hold: the scenario's combinations, or else those of all games of the system.

        In the order of stable-retro's own discrete actions: the first part changes fastest, and each part is sorted by
        the buttons' bits.
        """
        system = _systems()[self.system]
        parts = _read(self.folder / SCENARIO).get("actions") or system["actions"]
        bits = {button: 1 << bit for bit, button in enumerate(system["buttons"])}
        in_order = [sorted(part, key=lambda held: sum(bits[button] for button in held)) for part in parts]
        combinations = itertools.product(*reversed(in_order))
        return [tuple(itertools.chain.from_iterable(reversed(chosen))) for chosen in combinations]


@functools.cache
def integrations() -> dict[str, Integration]:
    """Those whose ROM is there, by name. None where stable-retro is not installed."""
    package = _package()
    if package is None:
        return {}
    found = {}
    with os.scandir(package / "data" / "stable") as folders:  # a thousand: with pathlib it takes ten times as long
        for folder in folders:
            title, _, rest = folder.name.partition("-")
            system = rest.partition("-")[0]
            for ending in _systems().get(system, {}).get("ext", ()):
                rom = f"{folder.path}{os.sep}{ROM_NAME}.{ending}"
                if os.path.exists(rom):  # noqa: PTH110
                    found[folder.name] = Integration(folder.name, title, system, Path(rom))
    return dict(sorted(found.items()))


@functools.cache
def _systems() -> dict[str, Any]:
    """What stable-retro says of each system that it has a core for."""
    package = _package()
    files = sorted((package / "cores").glob("*.json")) if package else []
    return {system: facts for file in files for system, facts in _read(file).items()}


def _package() -> Path | None:
    spec = importlib.util.find_spec("stable_retro")
    return Path(spec.origin).parent if spec and spec.origin else None


def _read(path: Path) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(path.read_text())
    return values
