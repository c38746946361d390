"""What observations are kept as, and come back as."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch

from quarterup.agents.agent import Transitions
from quarterup.agents.rainbow import Rainbow
from quarterup.agents.rainbow_settings import RainbowSettings
from quarterup.agents.replay.gather import copy_float16_frames
from quarterup.agents.replay.replay import Replay


def make_replay(
    shape: tuple[int, ...] = (5,), given: Any = np.float32, kept: Any = np.float16, stack: int = 1, **others: Any
) -> Replay:
    return Replay(
        observation_shape=shape,
        observation_dtype=given,
        num_envs=1,
        capacity=100,
        n_step=1,
        gamma=0.9,
        stack=stack,
        kept_dtype=kept,
        **others,
    )


def step_of(observations: Any, action: int = 0) -> Transitions:
    nothing = np.zeros(1, bool)
    return Transitions(observations, np.array([action]), np.zeros(1, np.float32), nothing, nothing, ~nothing, nothing)


def test_every_finite_float16_comes_back_as_the_same_number() -> None:
    numbers = np.arange(2**16, dtype=np.uint16).view(np.float16)
    numbers = numbers[np.isfinite(numbers)]
    frames = numbers[None, :]
    found = np.empty(frames.shape, np.float32)
    copy_float16_frames(frames.view(np.uint16), np.zeros(1, np.int64), found, found.view(np.uint32))
    np.testing.assert_array_equal(found, frames.astype(np.float32))
    np.testing.assert_array_equal(np.signbit(found), np.signbit(frames))


@pytest.mark.parametrize("given", [np.float32, np.float64])
@pytest.mark.parametrize("kept", [np.float16, np.float32])
def test_features_come_back_as_float32_rounded_to_what_they_are_kept_as(given: Any, kept: Any) -> None:
    replay = make_replay(given=given, kept=kept)
    seen = np.random.default_rng(0).normal(size=(30, 1, 5)).astype(given)
    for observations in seen:
        replay.add(step_of(observations))
    batch = replay.sample(100, 1.0, np.random.default_rng(0))
    assert batch.observations.dtype == batch.next_observations.dtype == torch.float32
    np.testing.assert_array_equal(batch.observations, seen[batch.indices, 0].astype(kept).astype(np.float32))
    np.testing.assert_array_equal(batch.next_observations, seen[batch.indices + 1, 0].astype(kept).astype(np.float32))


def test_stacks_of_floating_point_frames_are_kept_as_float16_too() -> None:
    replay = make_replay((3, 2, 2), stack=3)
    frames = np.random.default_rng(0).random((20, 2, 2)).astype(np.float32)
    frames[-1] = frames[0]
    for row in range(20):
        replay.add(step_of(frames[np.maximum(np.arange(row - 2, row + 1), 0)][None]))
    batch = replay.sample(100, 1.0, np.random.default_rng(0))
    for observation, row in zip(batch.observations.numpy(), batch.indices, strict=True):
        stack = frames[np.maximum(np.arange(row - 2, row + 1), 0)]
        np.testing.assert_array_equal(observation, stack.astype(np.float16))


def test_pixels_come_back_as_the_bytes_they_are() -> None:
    replay = make_replay((3,), given=np.uint8, kept=None)
    for row in range(10):
        replay.add(step_of(np.array([[row, 200, 255]], np.uint8)))
    batch = replay.sample(50, 1.0, np.random.default_rng(0))
    assert batch.observations.dtype == torch.uint8
    np.testing.assert_array_equal(batch.observations[:, 0], batch.indices)


@pytest.mark.parametrize("number", [65520.0, -1e9, np.inf, np.nan])
def test_a_number_that_float16_cannot_hold_is_refused_and_changes_nothing(number: float) -> None:
    replay = make_replay()
    observations = np.zeros((1, 5), np.float32)
    observations[0, 3] = number
    with pytest.raises(ValueError, match=r"float16 cannot: 65504 is its largest number"):
        replay.add(step_of(observations))
    assert len(replay) == 0


def test_the_largest_float16_is_kept() -> None:
    replay = make_replay()
    for _ in range(3):
        replay.add(step_of(np.full((1, 5), -65504.0, np.float32)))
    assert replay.sample(1, 1.0, np.random.default_rng(0)).observations.tolist() == [[-65504.0] * 5]


@pytest.mark.parametrize(("given", "kept"), [(np.uint8, np.float16), (np.float32, np.float64), (np.float32, np.int8)])
def test_other_types_to_keep_are_refused(given: Any, kept: Any) -> None:
    with pytest.raises(ValueError, match="as_given"):
        make_replay(given=given, kept=kept)


@pytest.mark.parametrize(("num_actions", "size"), [(2, 1), (256, 1), (257, 2), (65536, 2), (65537, 4)])
def test_actions_take_as_few_bytes_as_they_need_and_come_back_as_int64(num_actions: int, size: int) -> None:
    replay = make_replay(num_actions=num_actions)
    assert replay._actions.itemsize == size
    for _ in range(2):
        replay.add(step_of(np.zeros((1, 5), np.float32), num_actions - 1))
    batch = replay.sample(1, 1.0, np.random.default_rng(0))
    assert batch.actions.dtype == torch.int64
    assert batch.actions.item() == num_actions - 1
    for wrong in (-1, num_actions):
        with pytest.raises(ValueError, match=f"lie in 0 to {num_actions - 1}"):
            replay.add(step_of(np.zeros((1, 5), np.float32), wrong))


@pytest.mark.parametrize(("said", "kept"), [("as_given", np.float32), ("float16", np.float16)])
def test_rainbow_learns_from_features_kept_as_its_settings_say(said: Any, kept: Any) -> None:
    settings = RainbowSettings(
        replay_dtype=said, replay_capacity=100, learning_starts=10, batch_size=4, death_boost_steps=3, death_boost=1.5
    )
    agent = Rainbow(gym.spaces.Box(-1, 1, (5,), np.float32), 3, 1, settings, seed=0)
    rng = np.random.default_rng(0)
    while not agent.ready():
        agent.observe(step_of(rng.random((1, 5), np.float32), int(rng.integers(3))))
    agent.learn()
    assert agent.replay.kept_dtype == kept
    assert (agent.replay.num_actions, agent.replay.death_boost_steps, agent.replay.death_boost) == (3, 3, 1.5)
