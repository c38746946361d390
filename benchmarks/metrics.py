"""What writing metrics costs: seconds in the writer for each second of training.

    python benchmarks/metrics.py [--game space_invaders] [--steps 30000] [--agent pqn] [--rounds 3]

Trains for real, with real emulators, and measures the time that the training's own thread spends in each call of its
metrics writer: taking rows in, and writing them to the disk. Starting and the evaluation at the end are left out.
Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from quarterup.training.metrics import COLUMNS, MetricsReader, MetricsWriter
from quarterup.training.presets import settings_for
from quarterup.training.progress import Silence
from quarterup.training.session import train

CALLS = ("scalars", "episode", "event", "write_if_due", "write")
WANTED_AT_MOST = 0.01


class Stopwatch:
    """Seconds spent in the outermost of the watched calls."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._inside = False

    def watch(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*arguments: Any) -> Any:
            if self._inside:
                return call(*arguments)
            self._inside = True
            began = time.perf_counter()
            try:
                return call(*arguments)
            finally:
                self.seconds += time.perf_counter() - began
                self._inside = False

        return watched


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--game", default="space_invaders")
    parser.add_argument("--agent", default="rainbow")
    parser.add_argument("--steps", type=int, default=30_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    watch = Stopwatch()
    for name in CALLS:
        setattr(MetricsWriter, name, watch.watch(getattr(MetricsWriter, name)))
    rounds = [measure(options, watch) for _ in range(options.rounds)]
    share = statistics.median(one["share"] for one in rounds)
    report = {
        "game": options.game,
        "agent": options.agent,
        "share_of_training_time": {"median": share, "wanted_at_most": WANTED_AT_MOST},
        "rounds": rounds,
    }
    print(json.dumps(report, indent=1))


def measure(options: argparse.Namespace, watch: Stopwatch) -> dict[str, Any]:
    """One training."""
    before = watch.seconds
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        settings = replace(settings_for(options.game, options.agent), run=run, steps=options.steps)
        result = train(settings, Silence())
        with MetricsReader(run / "metrics.db") as metrics:
            rows = sum(1 for table in COLUMNS for _ in metrics.rows(table))
    seconds = watch.seconds - before
    return {
        "share": round(seconds / result.wall_s, 5),
        "seconds_in_writer": round(seconds, 4),
        "training_seconds": round(result.wall_s, 1),
        "rows": rows,
        "env_steps": result.env_steps,
    }


if __name__ == "__main__":
    main()
