"""A learner in a process of its own: real processes, a real agent, and what happens when one of them dies."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from cartpole_run import SMALL, scalars_and_weights, settings, train_cartpole

from quarterup.agents.agent import Transitions
from quarterup.agents.pqn import PQNSettings
from quarterup.agents.rainbow import RainbowActor
from quarterup.agents.replay.storage import ReplayTooLargeError
from quarterup.mirror import Mirror
from quarterup.training import learner_process
from quarterup.training.errors import RunFolderError, TrainingError
from quarterup.training.learner_process import QUEUE_STEPS, LearnerBeside, LearnerDied, LearnerFacts
from quarterup.training.learner_worker import MAX_UPDATES_BEHIND
from quarterup.training.locks import LEARNER_LOCK, open_and_lock

SPACE = gym.spaces.Box(-1, 1, (6,), np.float32)
NUM_ENVS = 2
SMALL_PQN = PQNSettings(rollout_steps=8, batch_size=8, hidden_sizes=(16,), metrics_every=5)
PATIENCE_S = 20.0
begin_values = learner_process._begin_values


class Feeder:
    """Gives a learner random steps, as a trainer would."""

    def __init__(self, learner: LearnerBeside) -> None:
        self.learner = learner
        self.rng = np.random.default_rng(1)

    def step(self, reward: float = 1.0) -> None:
        observations = self.rng.uniform(-1, 1, (NUM_ENVS, *SPACE.shape)).astype(np.float32)
        actions = self.learner.act(observations, explore=True)
        self.learner.earn(NUM_ENVS)
        nothing = np.zeros(NUM_ENVS, np.bool_)
        rewards = np.full(NUM_ENVS, reward, np.float32)
        self.learner.observe(Transitions(observations, actions, rewards, nothing, nothing, ~nothing, nothing))

    def steps(self, count: int) -> None:
        for _ in range(count):
            self.step()


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Any]:
    """Makes learners of a small Rainbow with these changes to the settings, and stops them all."""
    made: list[LearnerBeside] = []

    def make_one(mirror: Mirror | None = None, **changes: Any) -> LearnerBeside:
        wanted = settings(tmp_path / "run", 1000, mode="async", **{"replay_ratio": 0.5, **changes})
        actor = RainbowActor(SPACE, 3, wanted.agent_settings, wanted.seed)
        replay = tmp_path / str(len(made)) / "replay"
        replay.mkdir(parents=True, exist_ok=True)
        facts = LearnerFacts(wanted, SPACE, 3, NUM_ENVS, replay, "cpu", 1, None, mirror)
        made.append(LearnerBeside(facts, actor))
        return made[-1]

    yield make_one
    for learner in made:
        learner.stop()


def small(**changes: Any) -> Any:
    return dataclasses.replace(SMALL, **changes)


def wait_until(condition: Any) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_every_env_step_earns_its_updates_and_they_are_done_elsewhere(make: Any) -> None:
    learner = make()
    Feeder(learner).steps(200)
    learner.finish()
    assert learner.updates + learner.due == pytest.approx((200 * NUM_ENVS - SMALL.learning_starts) / 2, abs=1)
    assert 0 <= learner.due < 1
    assert learner.learning_s > 0
    assert learner.take_metrics()["loss"] > 0
    assert learner.fill() == 200 * NUM_ENVS / SMALL.replay_capacity


def test_the_actor_plays_by_the_weights_of_the_learner(make: Any) -> None:
    learner = make()
    before = [tensor.clone() for tensor in learner.actor.weights()]
    feeder = Feeder(learner)
    feeder.steps(200)
    learner.finish()
    learned = learner.snapshot().agent.tensors
    for name, tensor in learner.actor.network.state_dict().items():
        assert torch.equal(tensor, learned[f"online.{name}"]), name
    assert not all(torch.equal(one, other) for one, other in zip(before, learner.actor.weights(), strict=True))


def test_env_steps_wait_when_the_queue_is_full_and_the_wait_is_counted(make: Any) -> None:
    learner = make(replay_ratio=8.0)
    feeder = Feeder(learner)
    feeder.steps(SMALL.learning_starts // NUM_ENVS)
    began = time.perf_counter()
    feeder.steps(3 * QUEUE_STEPS)
    took = time.perf_counter() - began
    assert 0 < learner.held_s < took
    earned = 3 * QUEUE_STEPS * NUM_ENVS * 8.0
    behind = earned - learner.updates
    assert behind <= MAX_UPDATES_BEHIND + (QUEUE_STEPS + 2) * NUM_ENVS * 8.0


def test_a_snapshot_holds_all_that_was_observed_and_another_learner_goes_on_from_it(make: Any) -> None:
    first = make()
    Feeder(first).steps(150)
    snapshot = first.snapshot()
    assert snapshot.agent.values["env_steps"] == 300
    assert snapshot.updates + snapshot.due == pytest.approx(100, abs=1)
    second = make()
    second.load(snapshot)
    assert (second.updates, second.due) == (snapshot.updates, snapshot.due)
    assert second.actor.env_steps == 300
    again = second.snapshot()
    assert all(torch.equal(tensor, again.agent.tensors[name]) for name, tensor in snapshot.agent.tensors.items())


def test_a_snapshot_of_another_network_is_refused_and_nothing_is_lost(make: Any) -> None:
    other = make(agent_settings=small(hidden_sizes=(24,)))
    learner = make()
    with pytest.raises(ValueError, match="another network"):
        learner.load(other.snapshot())
    Feeder(learner).steps(100)
    learner.finish()
    assert learner.updates > 0


def test_bad_numbers_are_raised_here_and_the_last_good_state_can_still_be_had(make: Any) -> None:
    learner = make(agent_settings=small(learning_rate=1e30, max_gradient_norm=1e30))
    feeder = Feeder(learner)
    with pytest.raises(FloatingPointError, match="not finite"):
        feeder.steps(5000)
    snapshot = learner.snapshot()
    assert snapshot.updates == snapshot.agent.values["updates"]


def test_a_replay_larger_than_the_memory_is_refused_as_it_would_be_here(make: Any) -> None:
    with pytest.raises(ReplayTooLargeError, match="transitions fit"):
        make(agent_settings=small(replay_capacity=10**12))


def test_a_learner_that_is_killed_is_an_error_that_says_how(make: Any) -> None:
    learner = make()
    feeder = Feeder(learner)
    feeder.steps(60)
    os.kill(learner._process.pid, signal.SIGKILL)
    with pytest.raises(LearnerDied, match=r"ended by signal 9.*--resume"):
        feeder.steps(2 * QUEUE_STEPS)
    with pytest.raises(LearnerDied):
        learner.snapshot()
    learner.stop()
    learner.stop()


def test_nothing_is_left_in_the_system_when_it_is_stopped(make: Any) -> None:
    learner = make()
    assert not learner._shared.path.exists()
    learner.stop()
    assert learner._process.poll() is not None


SLEEPER = """
import sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from cartpole_run import SMALL, settings
from test_learner_process import SPACE
from quarterup.agents.rainbow import RainbowActor
from quarterup.training.learner_process import LearnerBeside, LearnerFacts
wanted = settings(Path({folder!r}), 1000, mode="async")
learner = LearnerBeside(
    LearnerFacts(wanted, SPACE, 3, 2, Path({folder!r}), "cpu", 1, None), RainbowActor(SPACE, 3, SMALL, 1)
)
print(learner._process.pid, flush=True)
sys.stdin.read()
"""


def test_it_ends_when_its_trainer_is_killed(tmp_path: Path) -> None:
    script = SLEEPER.format(tests=str(Path(__file__).parent), folder=str(tmp_path / "replay"))
    trainer = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert trainer.stdout is not None
    learner = int(trainer.stdout.readline())
    trainer.kill()
    trainer.communicate()

    def is_gone() -> bool:
        try:
            os.kill(learner, 0)
        except ProcessLookupError:
            return True
        return Path(f"/proc/{learner}/stat").read_text().split()[2] == "Z"  # Nobody has asked for its status yet.

    wait_until(is_gone)


def test_an_asynchronous_run_keeps_the_ratio_is_saved_and_goes_on(tmp_path: Path) -> None:
    run = tmp_path / "run"
    first, _ = train_cartpole(run, 600, mode="async", replay_ratio=0.5)
    assert first.env_steps >= 600
    assert first.updates == pytest.approx((first.env_steps - SMALL.learning_starts) * 0.5, abs=2)
    second, _ = train_cartpole(run, 900, mode="async", replay_ratio=0.5, resume=True)
    assert second.env_steps >= 900
    assert second.updates == pytest.approx((second.env_steps - SMALL.learning_starts) * 0.5, abs=3)
    assert second.progress.learns_beside


def test_an_agent_without_a_replay_learns_beside_too(tmp_path: Path) -> None:
    changes = {"agent": "pqn", "agent_settings": SMALL_PQN, "mode": "async"}
    first, _ = train_cartpole(tmp_path / "run", 600, **changes)
    again, _ = train_cartpole(tmp_path / "run", 1200, resume=True, **changes)
    assert again.env_steps >= 1200
    assert again.updates > 1.5 * first.updates
    assert again.actor.env_steps == again.env_steps


def test_bad_numbers_end_the_run_and_it_is_saved(tmp_path: Path) -> None:
    wild = small(learning_rate=1e30, max_gradient_norm=1e30)
    with pytest.raises(TrainingError, match="not finite"):
        train_cartpole(tmp_path / "run", 5000, mode="async", agent_settings=wild)
    *_, weights = scalars_and_weights(tmp_path / "run")
    assert all(bool(tensor.isfinite().all()) for name, tensor in weights.items() if name.startswith("target"))


def test_a_process_whose_training_was_killed_while_it_started_leaves_the_replay_to_the_next(
    make: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It is as if its parent were another process than the one that asked for it."""
    monkeypatch.setattr(learner_process, "_begin_values", begun_by_another)
    with pytest.raises(RunFolderError, match="is gone"):
        make()
    assert list((tmp_path / "0" / "replay").iterdir()) == []


def begun_by_another(*arguments: Any) -> dict[str, Any]:
    return {**begin_values(*arguments), "trainer": 1}


def test_a_process_waits_for_the_one_before_it_to_let_go_of_the_replay(make: Any, tmp_path: Path) -> None:
    lock = tmp_path / "0" / LEARNER_LOCK
    lock.parent.mkdir()
    still_writing, locked = open_and_lock(lock)
    assert locked
    (tmp_path / "0" / "replay").mkdir()
    threading.Timer(0.5, still_writing.close).start()
    Feeder(make()).step()


def test_the_process_learns_from_mirror_images(make: Any) -> None:
    mirror = Mirror((1, 0, 2, 3, 4, 5), (1.0,) * 6, (1, 0, 2))
    quick = small(gamma=0.0, values="mean", reward_scale=1.0, learning_rate=1e-2, adam_epsilon=1e-8, mirror_images=True)
    learner = make(mirror, agent_settings=quick)
    left, right = np.eye(6, dtype=np.float32)[:2]
    rng, nothing = np.random.default_rng(0), np.zeros(NUM_ENVS, np.bool_)
    for _ in range(500):
        actions = rng.integers(3, size=NUM_ENVS)
        rewards = (actions == 0).astype(np.float32)
        learner.earn(NUM_ENVS)
        learner.observe(Transitions(np.stack([left, left]), actions, rewards, nothing, nothing, ~nothing, nothing))
    learner.finish()
    assert learner.act(np.stack([left, right]), explore=False).tolist() == [0, 1]
