"""Emulators give way to who steers them, and keep to a processor where there are as many as processors."""

from __future__ import annotations

import os
import sys

import psutil
import pytest
from real_mame import Make, mame_of

from quarterup.emulators import processors
from quarterup.emulators.guard import NICENESS


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system places processes as it likes")
@pytest.mark.parametrize(
    ("usable", "emulators", "expected"),
    [
        ([0, 1], 1, [None]),
        ([0, 1], 2, [0, 1]),
        ([3, 5], 5, [3, 5, 3, 5, 3]),
        ([0, 1, 2, 3], 3, [None, None, None]),
        ([7], 1, [None]),
        ([7], 2, [7, 7]),
    ],
)
def test_as_many_emulators_as_processors_are_spread_over_them(
    monkeypatch: pytest.MonkeyPatch, usable: list[int], emulators: int, expected: list[int | None]
) -> None:
    monkeypatch.setattr(processors, "usable_processors", lambda: usable)
    assert processors.spread(emulators) == expected


@pytest.mark.skipif(sys.platform != "linux", reason="other systems place processes as they like")
def test_a_thread_is_confined_and_free_again() -> None:
    before = processors.usable_processors()
    with processors.confined_to(before[-1:]):
        assert processors.usable_processors() == before[-1:]
    assert processors.usable_processors() == before


@pytest.mark.parametrize("system", ["forbids it", "has no such thing"])
def test_where_processors_cannot_be_chosen_all_goes_on(monkeypatch: pytest.MonkeyPatch, system: str) -> None:
    def forbid(pid: int, wanted: object) -> None:
        raise PermissionError("Operation not permitted")

    if system == "forbids it":
        monkeypatch.setattr(os, "sched_setaffinity", forbid, raising=False)
    else:
        monkeypatch.delattr(os, "sched_setaffinity", raising=False)
    before = processors.usable_processors()
    with processors.confined_to([0]):
        assert processors.usable_processors() == before


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such scheduling")
def test_mame_gives_way_and_keeps_to_its_processor(make: Make) -> None:
    last = processors.usable_processors()[-1]
    free, bound = mame_of(make()), mame_of(make(processor=last))
    assert free.cpu_affinity() == processors.usable_processors()
    assert bound.cpu_affinity() == [last]
    for mame in (free, bound):
        assert mame.nice() == min(psutil.Process().nice() + NICENESS, 19)
        assert os.sched_getscheduler(mame.pid) == os.SCHED_BATCH
