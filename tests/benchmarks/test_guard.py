"""The guard against slower code: when a ratio counts as fallen, what a second measurement changes, what is recorded."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from quarterup.cli.measure import ENV_RATIOS


@pytest.fixture
def guard(script: Callable[[str], ModuleType]) -> ModuleType:
    """Of its own for each test, so that its benchmarks can be changed."""
    return script("guard")


def measurements(guard: ModuleType, monkeypatch: pytest.MonkeyPatch, *rounds: dict[str, float]) -> Iterator[Any]:
    """Let the one benchmark there is, `fake`, give these ratios, one after the other."""
    waiting = iter(rounds)
    monkeypatch.setattr(guard, "SOURCES", {"fake": guard.Source(("fake.py",), lambda report: report)})
    monkeypatch.setattr(guard, "run", lambda command: next(waiting))
    return waiting


def run_guard(guard: ModuleType, monkeypatch: pytest.MonkeyPatch, record: Path, *flags: str) -> int:
    monkeypatch.setattr(sys, "argv", ["guard.py", "--record", str(record), *flags])
    return int(guard.main())


@pytest.fixture
def record(guard: ModuleType, tmp_path: Path) -> Path:
    path = tmp_path / "record.json"
    guard.write(path, {"fast": guard.Guarded(2.0, "higher"), "cost": guard.Guarded(3.0, "lower")})
    return path


@pytest.mark.parametrize(
    ("better", "measured", "fell"),
    [("higher", 1.61, False), ("higher", 1.59, True), ("lower", 2.49, False), ("lower", 2.51, True)],
)
def test_a_ratio_falls_when_it_loses_more_than_a_fifth(
    guard: ModuleType, better: str, measured: float, fell: bool
) -> None:
    assert guard.Row("name", guard.Guarded(2.0, better), measured).fell is fell


def test_what_is_missing_on_either_side_has_not_fallen(guard: ModuleType) -> None:
    assert guard.Row("new", None, 1.0).verdict == "not on record: --update writes it"
    assert guard.Row("peer left out", guard.Guarded(2.0, "higher"), None).verdict == "not measured"
    assert not guard.Row("new", None, 1.0).fell
    assert not guard.Row("peer left out", guard.Guarded(2.0, "higher"), None).fell


def test_a_fall_that_a_second_measurement_does_not_show_is_none(
    guard: ModuleType, record: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = measurements(guard, monkeypatch, {"fast": 1.0, "cost": 3.0}, {"fast": 1.9, "cost": 30.0})
    assert run_guard(guard, monkeypatch, record) == 0
    assert next(waiting, None) is None


def test_a_fall_that_shows_twice_fails_and_is_named(
    guard: ModuleType, record: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    measurements(guard, monkeypatch, {"fast": 1.0, "cost": 3.0}, {"fast": 1.1, "cost": 3.0})
    assert run_guard(guard, monkeypatch, record) == 1
    printed = capsys.readouterr()
    assert "two measurements: fast\n" in printed.err
    assert "-45%" in printed.out


def test_without_a_fall_nothing_is_measured_twice(
    guard: ModuleType, record: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    measurements(guard, monkeypatch, {"fast": 2.5})
    assert run_guard(guard, monkeypatch, record) == 0
    assert "not measured" in capsys.readouterr().out, "the ratio that only the record has is shown"


def test_update_writes_what_was_measured_and_keeps_the_rest(
    guard: ModuleType, record: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measurements(guard, monkeypatch, {"fast": 0.504, "new": 7.0})
    assert run_guard(guard, monkeypatch, record, "--update") == 0
    kept = guard.read(record)
    assert kept == {
        "fast": guard.Guarded(0.5, "higher"),
        "cost": guard.Guarded(3.0, "lower"),
        "new": guard.Guarded(7.0, "higher"),
    }


def test_what_benchmarks_print_is_read_by_the_names_on_record(guard: ModuleType) -> None:
    names = set(guard.read(guard.RECORD))
    speed = guard.of_speed({"ratios": {ratio.name: {"median": 1.0} for ratio in ENV_RATIOS}})
    assert set(speed) <= names
    tree = "draw and update 32 of 1,000,000: NumPy tree, level by level"
    replay = guard.of_replay({"comparisons": {tree: {"ratio": 2.0}, "cpprb": "left out: not installed"}})
    assert replay == {f"replay: {tree}": 2.0}
    assert set(replay) <= names
