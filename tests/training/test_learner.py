"""Updates in between env steps: as many as earned, and never more."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pytest

from quarterup.training.learner import LearnerBetween


class CountingAgent:
    """Counts its updates, which take `seconds` each and fail at number `fail_at`."""

    replays = True
    actor: Any = None

    def __init__(self, seconds: float = 0.0, fail_at: int | None = None) -> None:
        self.seconds = seconds
        self.fail_at = fail_at
        self.is_ready = True
        self.updates = 0

    def ready(self) -> bool:
        return self.is_ready

    def learn(self) -> Mapping[str, float]:
        time.sleep(self.seconds)
        if self.updates == self.fail_at:
            raise FloatingPointError("The loss is not finite.")
        self.updates += 1
        return {"loss": float(self.updates)}


def between(agent: Any, ratio: float) -> LearnerBetween:
    return LearnerBetween(agent, ratio)


def test_every_env_step_earns_its_updates() -> None:
    agent = CountingAgent()
    learner = between(agent, 0.25)
    for _ in range(101):
        learner.earn(4)
    learner.finish()
    assert agent.updates == learner.updates == 101
    assert learner.due == 0
    assert learner.take_metrics() == {"loss": 101.0}
    assert learner.take_metrics() == {}


def test_parts_of_an_update_add_up() -> None:
    agent = CountingAgent()
    learner = between(agent, 0.3)
    for _ in range(10):
        learner.earn(1)
        assert 0 <= learner.due < 1
    assert agent.updates + learner.due == pytest.approx(3)


def test_nothing_is_earned_before_the_agent_is_ready() -> None:
    agent = CountingAgent()
    agent.is_ready = False
    learner = between(agent, 1.0)
    learner.earn(10)
    agent.is_ready = True
    learner.earn(3)
    assert agent.updates == 3


def test_updates_hold_the_env_steps_up() -> None:
    learner = between(CountingAgent(seconds=0.01), 1.0)
    learner.earn(5)
    assert learner.held_s == learner.learning_s >= 0.05


def test_what_goes_wrong_is_raised() -> None:
    learner = between(CountingAgent(fail_at=3), 1.0)
    with pytest.raises(FloatingPointError, match="not finite"):
        learner.earn(10)
    assert learner.updates == 3
