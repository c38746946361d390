"""Updates in between env steps and beside them: as many as earned, in time, and never two things at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from cartpole_run import SMALL, scalars_and_weights, train_cartpole

from quarterup.agents.agent import Transitions
from quarterup.agents.rainbow import Rainbow
from quarterup.training.errors import TrainingError
from quarterup.training.learner import MAX_UPDATES_BEHIND, LearnerBeside, LearnerBetween


class SlowAgent:
    """Counts its updates, which take `seconds` each and fail at number `fail_at`."""

    replays = True

    def __init__(self, seconds: float = 0.0, fail_at: int | None = None) -> None:
        self.seconds = seconds
        self.fail_at = fail_at
        self.is_ready = True
        self.apart = False
        self.updates = 0
        self.threads: set[str] = set()
        self.learning = False

    def act_apart(self) -> None:
        self.apart = True

    def ready(self) -> bool:
        return self.is_ready

    def learn(self) -> Mapping[str, float]:
        assert not self.learning
        self.learning = True
        self.threads.add(threading.current_thread().name)
        time.sleep(self.seconds)
        if self.updates == self.fail_at:
            raise FloatingPointError("The loss is not finite.")
        self.updates += 1
        self.learning = False
        return {"loss": float(self.updates)}


def between(agent: Any, ratio: float) -> LearnerBetween:
    return LearnerBetween(agent, ratio, 0, 0.0)


def beside(agent: Any, ratio: float, due: float = 0.0) -> LearnerBeside:
    return LearnerBeside(agent, ratio, 0, due)


@pytest.mark.parametrize("make", [between, beside])
def test_every_env_step_earns_its_updates(make: Any) -> None:
    agent = SlowAgent()
    learner = make(agent, 0.25)
    for _ in range(101):
        learner.earn(4)
    learner.finish()
    assert agent.updates == learner.updates == 101
    assert learner.due == 0
    assert learner.take_metrics() == {"loss": 101.0}
    assert learner.take_metrics() == {}


@pytest.mark.parametrize("make", [between, beside])
def test_nothing_is_earned_before_the_agent_is_ready(make: Any) -> None:
    agent = SlowAgent()
    agent.is_ready = False
    learner = make(agent, 1.0)
    learner.earn(10)
    agent.is_ready = True
    learner.earn(3)
    learner.finish()
    assert agent.updates == 3


def test_between_learns_in_the_callers_thread_and_beside_in_its_own() -> None:
    one, other = SlowAgent(), SlowAgent()
    between(one, 1.0).earn(1)
    learner = beside(other, 1.0)
    learner.earn(1)
    learner.finish()
    assert (one.threads, one.apart) == ({"MainThread"}, False)
    assert (other.threads, other.apart) == ({"learner"}, True)


def test_env_steps_go_on_while_the_learner_works_and_wait_when_it_is_far_behind() -> None:
    agent = SlowAgent(seconds=0.01)
    learner = beside(agent, 1.0)
    began = time.perf_counter()
    learner.earn(MAX_UPDATES_BEHIND)
    assert time.perf_counter() - began < 0.1
    assert learner.held_s == 0
    learner.earn(20)
    assert learner.due <= MAX_UPDATES_BEHIND
    assert agent.updates >= 20
    assert learner.held_s > 0.1
    learner.stop()


def test_stopping_leaves_due_what_was_not_done() -> None:
    agent = SlowAgent(seconds=0.02)
    learner = beside(agent, 1.0, due=0.5)
    learner.earn(20)
    learner.stop()
    learner.stop()
    assert agent.updates < 20
    assert learner.updates + learner.due == 20.5


def test_while_it_is_paused_nothing_is_learned() -> None:
    agent = SlowAgent(seconds=0.002)
    learner = beside(agent, 1.0)
    learner.earn(20)
    with learner.paused():
        before = agent.updates
        assert not agent.learning
        time.sleep(0.05)
        assert agent.updates == before == learner.updates
    learner.finish()
    assert agent.updates == 20


@pytest.mark.parametrize("when", ["earn", "finish"])
def test_what_goes_wrong_in_the_thread_is_raised_where_the_run_is(when: str) -> None:
    learner = beside(SlowAgent(fail_at=3), 1.0)
    with pytest.raises(FloatingPointError, match="not finite"):  # noqa: PT012
        learner.earn(10)
        if when == "finish":
            learner.finish()
        while True:
            learner.earn(0)
    learner.stop()
    assert learner.updates == 3


def test_a_rainbow_that_acts_apart_acts_by_the_newest_weights_and_never_by_half_of_them() -> None:
    from gymnasium.spaces import Box

    agent = Rainbow(Box(-1, 1, (6,), np.float32), 3, 2, SMALL, 1)
    rng = np.random.default_rng(1)
    nothing = np.zeros(2, np.bool_)

    def observe() -> None:
        observations = rng.uniform(-1, 1, (2, 6)).astype(np.float32)
        rewards = rng.uniform(0, 1, 2).astype(np.float32)
        agent.observe(Transitions(observations, np.zeros(2, np.int64), rewards, nothing, nothing, ~nothing, nothing))

    while not agent.ready():
        observe()
    learner = beside(agent, 1.0)
    for _ in range(200):
        agent.act(rng.uniform(-1, 1, (2, 6)).astype(np.float32), explore=True)
        observe()
        learner.earn(1)
    learner.finish()
    assert agent.updates == 200
    online = {name: weights for name, weights in agent.state().tensors.items() if name.startswith("online")}
    acting = dict(agent._acting.state_dict())
    for name, weights in online.items():
        assert torch.equal(weights, acting[name.split(".", 1)[1]]), name


def test_an_asynchronous_run_keeps_the_ratio_is_saved_and_goes_on(tmp_path: Path) -> None:
    run = tmp_path / "run"
    first, _ = train_cartpole(run, 600, mode="async", replay_ratio=0.5)
    assert first.env_steps == 600
    assert first.updates == pytest.approx((600 - SMALL.learning_starts) * 0.5, abs=2)
    second, _ = train_cartpole(run, 900, mode="async", replay_ratio=0.5, resume=True)
    assert second.env_steps == 900
    assert second.updates == pytest.approx((900 - SMALL.learning_starts) * 0.5, abs=3)


def test_bad_numbers_in_the_thread_end_the_run_and_it_is_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Rainbow.learn

    def learn(agent: Rainbow) -> Mapping[str, float]:
        if agent.updates == 20:
            raise FloatingPointError("Update 20 has a loss of nan.")
        return whole(agent)

    monkeypatch.setattr(Rainbow, "learn", learn)
    with pytest.raises(TrainingError, match="Update 20"):
        train_cartpole(tmp_path / "run", 2000, mode="async")
    *_, weights = scalars_and_weights(tmp_path / "run")
    assert weights
    assert not [thread for thread in threading.enumerate() if thread.name == "learner"]
