"""Has anything become slower? Measures the ratios of `record.json` again and fails where one fell by a fifth.

    .venv/bin/python benchmarks/guard.py              all of them: ten minutes, twenty if everything fell
    .venv/bin/python benchmarks/guard.py --only replay
    .venv/bin/python benchmarks/guard.py --update     and write down what was measured

Only ratios between things that are measured in turns in one run are kept: they differ little between machines, and a
busy machine slows both sides. Each is a median over rounds. It is noisy all the same when others take a core for a
while, so a benchmark in which a ratio fell is run once more, and what counts is the better of the two: a fall that is
real shows in both. A ratio whose other side is not installed is not measured, and that is no failure.

To guard another benchmark, let it print one JSON object, and add it to `SOURCES`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rich.text import Text

from quarterup.cli.console import make_console, make_table
from quarterup.cli.measure_learner import SIZES
from quarterup.emulators.processors import usable_processors
from quarterup.training.files import replace_file
from report import say

FOLDER = Path(__file__).parent
RECORD = FOLDER / "record.json"
ALLOWED_FALL = 0.2
"""Share of a ratio that may be lost before it counts."""

Better = Literal["higher", "lower"]


@dataclass(frozen=True)
class Guarded:
    """A ratio on record."""

    ratio: float
    better: Better


@dataclass(frozen=True)
class Source:
    """A benchmark: a script beside this file, or a module, that prints one JSON object."""

    command: tuple[str, ...]
    ratios: Callable[[dict[str, Any]], dict[str, float]]
    """The ratios in that object, by the names they have on record."""
    better: Better = "higher"


@dataclass(frozen=True)
class Row:
    """What became of one ratio."""

    name: str
    recorded: Guarded | None
    measured: float | None

    @property
    def change(self) -> float | None:
        """Share by which it is better (above 0) or worse than on record."""
        if self.recorded is None or self.measured is None:
            return None
        quotient = self.measured / self.recorded.ratio
        return (quotient if self.recorded.better == "higher" else 1 / quotient) - 1

    @property
    def fell(self) -> bool:
        return self.change is not None and self.change < -ALLOWED_FALL

    @property
    def verdict(self) -> str:
        if self.recorded is None:
            return "not on record: --update writes it"
        if self.measured is None:
            return "not measured"
        return "fell" if self.fell else "ok"


def of_speed(report: dict[str, Any]) -> dict[str, float]:
    return {name: float(values["median"]) for name, values in report["ratios"].items()}


def of_replay(report: dict[str, Any]) -> dict[str, float]:
    """Those whose other side is installed; of the others there is a text in place of figures."""
    found = report["comparisons"].items()
    return {f"replay: {name}": float(values["ratio"]) for name, values in found if isinstance(values, dict)}


def of_learner(report: dict[str, Any]) -> dict[str, float]:
    """Those at each size whose other side is installed."""
    return {
        f"learner, {size}: {name}": float(values["ratio"])
        for size, comparisons in report["comparisons"].items()
        if size in SIZES
        for name, values in comparisons.items()
        if isinstance(values, dict)
    }


def of_train(report: dict[str, Any]) -> dict[str, float]:
    """Those between speeds: the processors in use are no ratio."""
    named = {"emulators' speed beside the learner / alone", "env steps a second, async / sync"}
    return {f"train: {name}": float(values["median"]) for name, values in report["figures"].items() if name in named}


SOURCES = {
    "env": Source(("speed.py", "--repetitions", "5"), of_speed),
    "replay": Source(("replay.py",), of_replay),
    "learner": Source(("learner.py", "--rounds", "9"), of_learner),
    "train": Source(("-m", "quarterup.cli.main", "bench", "train", "--repetitions", "3"), of_train),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=SOURCES, help="which benchmark, may be repeated")
    parser.add_argument("--record", type=Path, default=RECORD, help="the ratios to compare with")
    parser.add_argument("--update", action="store_true", help="put what is measured on record, whatever it is")
    arguments = parser.parse_args()
    record = read(arguments.record)
    if is_busy():
        say(f"This machine is busy (load {load()}): what needs its second core will look slower than it is.")
    rows: list[Row] = []
    updated = dict(record)
    for name in arguments.only or SOURCES:
        source = SOURCES[name]
        measured = source.ratios(run(source.command))
        if not arguments.update and (fallen := [row.name for row in compare(record, measured) if row.fell]):
            say(f"{name}: fell in the first measurement, so once more: {', '.join(fallen)}")
            measured = better_of_two(record, measured, source.ratios(run(source.command)))
        rows += compare(record, measured)
        updated |= {ratio: Guarded(round(value, 2), source.better) for ratio, value in measured.items()}
        if arguments.update:
            write(arguments.record, updated)
    if arguments.only is None:
        names = {row.name for row in rows}
        rows += [Row(name, recorded, None) for name, recorded in record.items() if name not in names]
    show(rows)
    if arguments.update:
        return 0
    fallen = [row.name for row in rows if row.fell]
    if fallen:
        say(
            f"Fell by more than {ALLOWED_FALL:.0%} in two measurements: {'; '.join(fallen)}\n"
            f"Load {load()} on {len(usable_processors())} processors: on a busy machine measure again when it is idle."
            " On a machine of another kind compare two commits, with --update --record FILE at the older one."
        )
    return 1 if fallen else 0


def compare(record: Mapping[str, Guarded], measured: Mapping[str, float]) -> list[Row]:
    """One row for each ratio that was measured."""
    return [Row(name, record.get(name), value) for name, value in measured.items()]


def better_of_two(
    record: Mapping[str, Guarded], first: Mapping[str, float], second: Mapping[str, float]
) -> dict[str, float]:
    """The first measurement, with the second in place of what fell in it and was better then."""
    values = dict(first)
    for name, value in second.items():
        again = Row(name, record.get(name), value)
        before = Row(name, record.get(name), first.get(name))
        if before.fell and again.change is not None and before.change is not None and again.change > before.change:
            values[name] = value
    return values


def run(command: tuple[str, ...]) -> dict[str, Any]:
    """What the benchmark printed. Raises CalledProcessError if it failed; its own words are on stderr."""
    say(f"running {' '.join(command)}")
    done = subprocess.run([sys.executable, *command], stdout=subprocess.PIPE, text=True, check=True, cwd=FOLDER)
    report: dict[str, Any] = json.loads(done.stdout[done.stdout.index("{") :])
    return report


def read(path: Path) -> dict[str, Guarded]:
    """The ratios on record by name; none if there is no such file yet."""
    if not path.exists():
        return {}
    return {name: Guarded(**values) for name, values in json.loads(path.read_text()).items()}


def write(path: Path, record: Mapping[str, Guarded]) -> None:
    lines = {name: vars(guarded) for name, guarded in record.items()}
    replace_file(path, (json.dumps(lines, indent=1) + "\n").encode())


def show(rows: list[Row]) -> None:
    table = make_table(f"ratios, load {load()}", "ratio", "on record>", "measured>", "change>", "better", "verdict")
    for row in rows:
        table.add_row(
            row.name,
            f"{row.recorded.ratio:.2f}" if row.recorded else "",
            f"{row.measured:.2f}" if row.measured is not None else "",
            f"{row.change:+.0%}" if row.change is not None else "",
            row.recorded.better if row.recorded else "",
            Text(row.verdict, style="bold red" if row.fell else ""),
        )
    make_console(json=False).print(table)


def is_busy() -> bool:
    return hasattr(os, "getloadavg") and os.getloadavg()[0] > len(usable_processors()) / 2


def load() -> str:
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"


if __name__ == "__main__":
    sys.exit(main())
