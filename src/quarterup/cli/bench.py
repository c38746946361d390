"""`quarterup bench`: how fast the emulator and the environment are, beside MAME's own benchmark."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import tyro

from quarterup.cli.console import make_console, make_table
from quarterup.cli.measure import measure_emulator, measure_env


@dataclass(frozen=True)
class Settings:
    """Measure emulated frames per second as ratios to MAME's own benchmark, all in turns in one run.

    Leave the machine alone meanwhile. Speeds differ by machine, ratios hardly do. The result is one JSON object on
    the last line.
    """

    what: tyro.conf.Positional[Literal["emulator", "env"]]
    """The bridge to the emulator alone, or whole environments."""
    game: str = "space_invaders"
    """Which game."""
    repetitions: int = 5
    """Rounds. The figures are medians over them."""
    roms: tuple[Path, ...] = ()
    """Folders to look for ROM sets in, before all others."""


def run(settings: Settings) -> int:
    measure = measure_emulator if settings.what == "emulator" else measure_env
    result = measure(settings.game, settings.repetitions, settings.roms)
    show(result)
    print(json.dumps(result))
    return 0


def show(result: dict[str, Any]) -> None:
    console = make_console(json=True)
    speeds = make_table(f"{result['machine']} ({result['rom_status']}), {result['emulator']}", "what", "frames/s>")
    for name, value in result["frames_per_second"].items():
        speeds.add_row(name, f"{value:,}")
    ratios = make_table(None, "figure", "measured>", "wanted>")
    for name, ratio in result["ratios"].items():
        wanted = ratio.get("wanted_at_least")
        ratios.add_row(name, f"{ratio['median']:.2f}", f"≥ {wanted}" if wanted else "")
    for name in ("reset_ms", "start_s"):
        if name in result:
            ratios.add_row(name, f"{result[name]['median']:.2f}", f"≤ {result[name]['wanted_at_most']:g}")
    console.print(speeds, ratios)
