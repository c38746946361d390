"""Learning from mirror images: what was seen on one side only is known on the other."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch

from quarterup.agents.agent import Transitions
from quarterup.agents.mirrored import Mirrored
from quarterup.agents.registry import AGENTS
from quarterup.agents.replay.batch import Batch
from quarterup.mirror import Mirror

SPACE = gym.spaces.Box(-1, 1, (3,), np.float32)
MIRROR = Mirror(features=(1, 0, 2), signs=(1.0, 1.0, -1.0), actions=(1, 0, 2))
LEFT_SIDE = np.array([[1.0, 0.0, 0.5]], np.float32)
RIGHT_SIDE = np.array([[0.0, 1.0, -0.5]], np.float32)
SETTINGS: dict[str, dict[str, Any]] = {
    "rainbow": {"replay_capacity": 2_000, "learning_starts": 50, "v_min": -5.0, "v_max": 5.0, "batch_size": 32},
    "pqn": {"rollout_steps": 16, "batch_size": 8, "epochs": 8, "learning_rate": 3e-3},
}


def left_side_only(kind: str, *, mirror: Mirror | None, **changes: Any) -> Any:
    """An agent that has learned a bandit whose action 0 is right where it was: it never saw the right side."""
    settings = AGENTS[kind].settings(**SETTINGS[kind], hidden_sizes=(16,), reward_scale=1.0, **changes)
    agent: Any = AGENTS[kind].make(SPACE, 3, 1, settings, 0, mirror=mirror)
    rng, yes = np.random.default_rng(0), np.ones(1, np.bool_)
    ended = False
    for _ in range(800):
        actions = rng.integers(3, size=1)
        rewards = np.where((actions == 0) & (not ended), 1.0, 0.0).astype(np.float32)
        over = yes & (not ended)
        agent.observe(Transitions(LEFT_SIDE, actions, rewards, over, ~yes, over, ~yes))
        ended = not ended
        while agent.ready():
            agent.learn()
            if agent.replays:
                break
    return agent


@pytest.mark.parametrize("kind", ["rainbow", "pqn"])
def test_what_was_seen_on_the_left_is_known_on_the_right(kind: str) -> None:
    agent = left_side_only(kind, mirror=MIRROR, mirror_images=True)
    assert agent.act(LEFT_SIDE, explore=False) == [0]
    assert agent.act(RIGHT_SIDE, explore=False) == [1]
    values = [agent.actor.beliefs(side[0]).values for side in (LEFT_SIDE, RIGHT_SIDE)]
    assert values[0] == pytest.approx([1, 0, 0], abs=0.25)
    assert values[1] == pytest.approx([0, 1, 0], abs=0.25)


@pytest.mark.parametrize("kind", ["rainbow", "pqn"])
def test_without_mirror_it_is_not(kind: str) -> None:
    switched_off = left_side_only(kind, mirror=MIRROR, mirror_images=False)
    has_none = left_side_only(kind, mirror=None, mirror_images=True)
    for agent in (switched_off, has_none):
        assert agent.act(LEFT_SIDE, explore=False) == [0]
        assert agent.actor.beliefs(RIGHT_SIDE[0]).values[1] < 0.5


def test_only_the_chosen_transitions_are_turned_and_values_stay() -> None:
    numbers = torch.arange(12, dtype=torch.float32).reshape(4, 3)
    batch = Batch(
        observations=numbers,
        actions=torch.tensor([0, 1, 2, 0]),
        returns=torch.arange(4.0),
        next_observations=numbers + 100,
        discounts=torch.ones(4),
        weights=torch.ones(4),
        expert=torch.zeros(4, dtype=torch.bool),
        indices=np.arange(4),
    )
    turned = Mirrored(MIRROR, torch.device("cpu")).some(batch, torch.tensor([True, False, True, False]))
    assert turned.observations.tolist() == [[1, 0, -2], [3, 4, 5], [7, 6, -8], [9, 10, 11]]
    assert turned.next_observations[0].tolist() == [101, 100, -102]
    assert turned.actions.tolist() == [1, 1, 2, 0]
    assert turned.returns is batch.returns
    assert batch.observations[0].tolist() == [0, 1, 2], "the replay's own memory stays as it was"
