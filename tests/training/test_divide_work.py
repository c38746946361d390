"""Which processors the emulators and a learner beside them keep to."""

from __future__ import annotations

from typing import Any

import pytest

from quarterup.training import settings
from quarterup.training.settings import Division, TrainSettings, divide_work

ANY = None


@pytest.mark.parametrize(
    ("processors", "chosen", "expected"),
    [
        (1, {"envs": 4}, Division(False, 1, ANY, ANY)),
        (2, {"envs": 4}, Division(True, 1, [0], [1])),
        (8, {"envs": 4}, Division(True, 4, [0, 1, 2, 3], [4, 5, 6, 7])),
        (8, {"envs": 6}, Division(True, 2, [0, 1, 2, 3, 4, 5], [6, 7])),
        (16, {"envs": 8}, Division(True, 4, [*range(12)], [12, 13, 14, 15])),
        (4, {"envs": 1, "threads": 4}, Division(True, 4, ANY, ANY)),
        (1, {"envs": 4, "mode": "async"}, Division(True, 1, ANY, ANY)),
        (8, {"envs": 4, "mode": "sync"}, Division(False, 4, ANY, ANY)),
    ],
)
def test_each_thread_of_a_learner_beside_has_a_processor(
    monkeypatch: pytest.MonkeyPatch, processors: int, chosen: dict[str, Any], expected: Division
) -> None:
    monkeypatch.setattr(settings, "usable_processors", lambda: [*range(processors)])
    assert divide_work(TrainSettings("any", **chosen), replays=True) == expected


def test_without_a_replay_it_learns_in_between_unless_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "usable_processors", lambda: [0, 1])
    assert not divide_work(TrainSettings("any"), replays=False).beside
    assert divide_work(TrainSettings("any", mode="async"), replays=False).beside
