"""`quarterup bench`: how fast emulator, environment, replay, learner and whole trainings are."""

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
    """Measure emulated frames per second as ratios to MAME's own benchmark, the replay's microseconds a call, the
    learner's updates per second, or how busy emulators and learner keep each other.

    All is measured in turns in one run. Leave the machine alone meanwhile. Speeds differ by machine, ratios hardly
    do. The result is one JSON object on the last line.
    """

    what: tyro.conf.Positional[Literal["emulator", "env", "replay", "learner", "train"]]
    """The bridge to the emulator alone, whole environments, replay or learner, which need neither, or trainings with
    all."""
    game: str = "space_invaders"
    """Which game. Not for replay and learner."""
    repetitions: int = 5
    """Rounds. The figures are medians over them."""
    roms: tuple[Path, ...] = ()
    """Folders to look for ROM sets in, before all others. Not for replay and learner."""


def run(settings: Settings) -> int:
    if settings.what == "replay":
        from quarterup.cli.measure_replay import measure_replay  # Loads torch, which the others don't need.

        result = measure_replay(settings.repetitions)
        show_replay(result)
    elif settings.what == "train":
        from quarterup.cli.measure_train import measure_train

        result = measure_train(settings.game, settings.repetitions, settings.roms)
        show_train(result)
    elif settings.what == "learner":
        from quarterup.cli.measure_learner import measure_learner

        result = measure_learner(settings.repetitions)
        show_learner(result)
    else:
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


def show_replay(result: dict[str, Any]) -> None:
    times = make_table(f"replay, load {result['load_1min']}", "what", "µs>", "wanted>")
    for name, value in result["microseconds"].items():
        wanted = value["wanted_at_most"]
        times.add_row(name, f"{value['median']:,.1f}", f"≤ {wanted:g}" if wanted else "")
    sizes = make_table(None, "size", "GiB>", "wanted>")
    for name, value in result["gib"].items():
        sizes.add_row(name, f"{value['size']:.2f}", f"≤ {value['wanted_at_most']:g}")
    make_console(json=True).print(times, sizes)


def show_train(result: dict[str, Any]) -> None:
    title = f"{result['game']}, {result['agent']}, {result['envs']} emulators on {result['cores']} processors"
    speeds = make_table(title, "what", "env steps/s>", "updates/s>")
    for name, value in result["speeds"].items():
        speeds.add_row(name, f"{value['env_steps_per_second']:,.0f}", f"{value['updates_per_second']:,.1f}")
    figures = make_table(None, "figure", "measured>", "wanted>")
    for name, value in result["figures"].items():
        if value is not None:
            wanted = value["wanted_at_least"]
            figures.add_row(name, f"{value['median']:.2f}", f"≥ {wanted:g}" if wanted else "")
    make_console(json=True).print(speeds, figures)


def show_learner(result: dict[str, Any]) -> None:
    """One row for each size; the bare loop is an update without replay, priorities and metrics."""
    wanted = f"of bare loop, ≥ {result['share_wanted_at_least']:g}>"
    speeds = make_table(
        f"learner, one thread, load {result['load_1min']}", "what", "updates/s>", wanted, "act 1 µs>", "act 8 µs>"
    )
    for name, size in result["sizes"].items():
        share = f"{size['share_of_bare_loop']:.2f}"
        speeds.add_row(name, f"{size['updates_per_s']:,}", share, f"{size['act_1_us']:,}", f"{size['act_8_us']:,}")
    make_console(json=True).print(speeds)
