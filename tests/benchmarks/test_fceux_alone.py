"""What the benchmark of FCEUX makes of its turns, and that FCEUX alone can be measured."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType

import pytest

from quarterup.emulators.emulator import EmulatorNotFound
from quarterup.emulators.fceux_program import find_fceux


@pytest.fixture
def fceux(script: Callable[[str], ModuleType]) -> ModuleType:
    return script("fceux")


def test_ratios_are_taken_within_a_round(fceux: ModuleType) -> None:
    rounds = [{"ours": fceux.Turn(3.0 * busy, 20.0), "alone": fceux.Turn(2.0 * busy, 10.0)} for busy in (1, 5, 9)]
    ratios = fceux.ratios(rounds, "ours", "alone")
    assert ratios["frames_per_s"] == {"median": 1.5, "interval": [1.5, 1.5]}
    assert ratios["frames_per_busy_s"] == {"median": 2.0, "interval": [2.0, 2.0]}


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("ours", [False, True])
def test_fceux_alone_is_measured(fceux: ModuleType, monkeypatch: pytest.MonkeyPatch, ours: bool) -> None:
    try:
        find_fceux()
    except EmulatorNotFound as missing:
        pytest.skip(str(missing))
    monkeypatch.setattr(fceux, "FRAMES", 40)
    with fceux.alone(fceux.ROM, ours=ours) as measure:
        for _ in range(2):
            turn = measure()
            assert 1 < turn.frames_per_s < 1e5
            assert 1 < turn.frames_per_busy_s < 1e5
