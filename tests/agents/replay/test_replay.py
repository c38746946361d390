"""The replay against a brute-force version that keeps every step of every stream in a list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode
from gymnasium.wrappers import FrameStackObservation
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from quarterup.agents.agent import Transitions
from quarterup.agents.replay.gather import importance_weights
from quarterup.agents.replay.layout import replay_bytes
from quarterup.agents.replay.replay import Replay

GAMMA = 0.9


@dataclass
class Step:
    """One row of one stream. `frame` is a number that occurs once."""

    frame: int
    action: int
    reward: float
    terminated: bool
    truncated: bool
    valid: bool
    expert: bool
    age: int
    """Steps since the episode's start."""


def random_streams(rng: np.random.Generator, num_envs: int, rows: int, ending: float) -> list[list[Step]]:
    streams: list[list[Step]] = []
    for stream in range(num_envs):
        steps: list[Step] = []
        for row in range(rows):
            follows_end = bool(steps) and steps[-1].valid and (steps[-1].terminated or steps[-1].truncated)
            is_break = rng.random() < ending / 4  # An emulator was replaced within an episode.
            starts = not steps or not steps[-1].valid
            end = not (follows_end or is_break) and rng.random() < ending
            terminated = bool(end and rng.random() < 0.5)
            steps.append(
                Step(
                    frame=1 + stream * rows + row,
                    action=int(rng.integers(9)),
                    reward=float(rng.integers(-5, 6)),
                    terminated=terminated,
                    truncated=bool(end and (not terminated or rng.random() < 0.3)),
                    valid=not (follows_end or is_break),
                    expert=bool(rng.random() < 0.5),
                    age=0 if starts else steps[-1].age + 1,
                )
            )
        streams.append(steps)
    return streams


def stack_at(steps: list[Step], row: int, stack: int) -> list[int]:
    start = row - steps[row].age
    return [steps[max(row - back, start)].frame for back in reversed(range(stack))]


def row_of(streams: list[list[Step]], row: int, stack: int) -> Transitions:
    now = [steps[row] for steps in streams]
    frames = np.array([stack_at(steps, row, stack) for steps in streams], dtype=np.int32)
    return Transitions(
        observations=frames.reshape(len(streams), stack, 1) if stack > 1 else frames,
        actions=np.array([step.action for step in now], dtype=np.int64),
        rewards=np.array([step.reward for step in now], dtype=np.float32),
        terminated=np.array([step.terminated for step in now]),
        truncated=np.array([step.truncated for step in now]),
        valid=np.array([step.valid for step in now]),
        expert=np.array([step.expert for step in now]),
    )


def brute_force_target(steps: list[Step], row: int, n_step: int) -> tuple[float, float, int] | None:
    """(return, discount, bootstrap row) of the transition at `row`; None while it is not known."""
    if not steps[row].valid:
        return None
    total = 0.0
    for k in range(1, n_step + 1):
        step = steps[row + k - 1]
        total += GAMMA ** (k - 1) * step.reward
        if row + k >= len(steps):
            return None
        if step.terminated:
            return total, 0.0, row + k
        if step.truncated or not steps[row + k].valid or k == n_step:
            return total, GAMMA**k, row + k
    raise AssertionError("not reached")


def check_everything(replay: Replay, streams: list[list[Step]], rng: np.random.Generator) -> None:
    """All slots that may be sampled are, no other is, and each comes back as the brute force has it."""
    expected = {}
    for stream, steps in enumerate(streams):
        rows = len(steps)
        oldest = max(0, rows - replay.num_rows)
        for row in range(oldest, rows):
            target = brute_force_target(steps, row, replay.n_step)
            if target is not None and row - min(steps[row].age, replay.stack - 1) >= oldest:
                expected[stream * replay.num_rows + row % replay.num_rows] = (steps, row, target)
    assert replay.can_sample == bool(expected)
    if not expected:
        return
    # All priorities are alike, so strata of half a slot's width meet every slot.
    batch = replay.sample(2 * len(expected), 1.0, rng)
    assert set(batch.indices.tolist()) == set(expected)
    for i, slot in enumerate(batch.indices.tolist()):
        steps, row, (total, discount, bootstrap) = expected[slot]
        assert batch.observations[i].flatten().tolist() == stack_at(steps, row, replay.stack)
        assert batch.actions[i] == steps[row].action
        assert batch.expert[i] == steps[row].expert
        assert batch.returns[i].item() == pytest.approx(total, abs=1e-5)
        assert batch.discounts[i].item() == pytest.approx(discount, abs=1e-7)
        if discount:
            assert batch.next_observations[i].flatten().tolist() == stack_at(steps, bootstrap, replay.stack)
    assert batch.weights.tolist() == [1.0] * len(batch.indices)


def make_replay(num_envs: int, num_rows: int, n_step: int, stack: int, **others: Any) -> Replay:
    return Replay(
        observation_shape=(stack, 1) if stack > 1 else (1,),
        observation_dtype=np.int32,
        num_envs=num_envs,
        capacity=num_envs * num_rows,
        n_step=n_step,
        gamma=GAMMA,
        stack=stack,
        **others,
    )


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    num_envs=st.integers(1, 3),
    n_step=st.integers(1, 5),
    stack=st.integers(1, 4),
    spare_rows=st.integers(0, 12),
    rows=st.integers(1, 60),
    ending=st.sampled_from([0.0, 0.1, 0.3, 0.7]),
)
def test_every_sample_is_what_the_brute_force_says_at_every_step(
    seed: int, num_envs: int, n_step: int, stack: int, spare_rows: int, rows: int, ending: float
) -> None:
    rng = np.random.default_rng(seed)
    streams = random_streams(rng, num_envs, rows, ending)
    replay = make_replay(num_envs, n_step + stack + spare_rows, n_step, stack)
    for row in range(rows):
        replay.add(row_of(streams, row, stack))
        if row % 7 == 0 or row == rows - 1:
            check_everything(replay, [steps[: row + 1] for steps in streams], rng)


def test_long_streams_round_the_ring_many_times() -> None:
    rng = np.random.default_rng(1)
    streams = random_streams(rng, 4, 1000, 0.05)
    replay = make_replay(4, 101, 3, 4)
    for row in range(1000):
        replay.add(row_of(streams, row, 4))
        if row > 900:
            check_everything(replay, [steps[: row + 1] for steps in streams], rng)


def test_after_a_restart_the_open_episodes_are_truncated_at_their_newest_observation() -> None:
    rng = np.random.default_rng(2)
    streams = random_streams(rng, 3, 40, 0.1)
    replay = make_replay(3, 100, 5, 2)
    for row in range(20):
        replay.add(row_of(streams, row, 2))
    before = replay.sample(8, 1.0, np.random.default_rng(0)).indices.copy()
    replay.begin_new_episodes()
    after = replay.sample(8, 1.0, np.random.default_rng(0)).indices
    np.testing.assert_array_equal(before, after)
    for steps in streams:
        steps[19].valid = False
        for row in range(20, 40):
            steps[row].age = 0 if not steps[row - 1].valid else steps[row - 1].age + 1
            if row == 20:
                steps[row].valid = True  # What followed an end before the restart now starts an episode.
    for row in range(20, 40):
        replay.add(row_of(streams, row, 2))
        check_everything(replay, [steps[: row + 1] for steps in streams], rng)


def test_an_episode_that_ended_with_the_newest_row_does_not_hinder_a_restart() -> None:
    streams = random_streams(np.random.default_rng(0), 1, 4, 0.0)
    streams[0][1].terminated = True
    replay = make_replay(1, 10, 1, 1)
    replay.add(row_of(streams, 0, 1))
    replay.add(row_of(streams, 1, 1))
    replay.begin_new_episodes()
    replay.add(row_of(streams, 2, 1))
    replay.add(row_of(streams, 3, 1))
    # Row 1 ended without its final observation, and of row 3 the outcome is still open.
    assert set(replay.sample(20, 1.0, np.random.default_rng(0)).indices.tolist()) == {0, 2}


def test_a_restart_keeps_the_priorities_of_what_was_known() -> None:
    replay = filled_replay(rows=30, priority_exponent=1.0)
    rng = np.random.default_rng(0)
    known = np.unique(replay.sample(200, 1.0, rng).indices)
    for error in (3.0, 1.0):
        replay.update_priorities(known, np.full(known.size, error))
    replay.begin_new_episodes()
    replay.add(row_of(random_streams(rng, 2, 1, 0.0), 0, 1))
    batch = replay.sample(200, 1.0, rng)
    assert np.isin(batch.indices, known).all()
    assert batch.weights.min() == 1.0


@pytest.mark.parametrize("stack", [1, 3])
def test_a_cleared_replay_is_as_good_as_new(stack: int) -> None:
    rng = np.random.default_rng(5)
    replay = make_replay(num_envs=2, num_rows=16, n_step=3, stack=stack)
    for streams in (random_streams(rng, 2, 40, ending=0.1), random_streams(rng, 2, 12, ending=0.1)):
        replay.clear()
        assert len(replay) == 0
        assert not replay.can_sample
        for row in range(len(streams[0])):
            replay.add(row_of(streams, row, stack))
            check_everything(replay, [steps[: row + 1] for steps in streams], rng)


def test_stacks_are_those_of_gymnasiums_frame_stack_wrapper() -> None:
    num_envs, stack = 2, 4
    envs = gym.vector.SyncVectorEnv(
        [lambda: FrameStackObservation(gym.make("CartPole-v1"), stack) for _ in range(num_envs)],
        autoreset_mode=AutoresetMode.NEXT_STEP,
    )
    replay = Replay(
        observation_shape=(stack, 4),
        observation_dtype=np.float32,
        num_envs=num_envs,
        capacity=num_envs * 150,
        n_step=1,
        gamma=GAMMA,
        stack=stack,
    )
    seen: list[NDArray[np.float32]] = []
    observations, _ = envs.reset(seed=0)
    envs.action_space.seed(0)
    ended = np.zeros(num_envs, dtype=bool)
    for _ in range(400):
        actions = envs.action_space.sample()
        following, rewards, terminated, truncated, _ = envs.step(actions)
        seen.append(observations.copy())
        replay.add(
            Transitions(
                observations,
                actions,
                rewards.astype(np.float32),
                terminated,
                truncated,
                ~ended,
                np.zeros(num_envs, dtype=bool),
            )
        )
        observations, ended = following, terminated | truncated
    batch = replay.sample(500, 1.0, np.random.default_rng(0))
    newest = {row % 150: row for row in range(400)}
    for i, slot in enumerate(batch.indices):
        row, stream = newest[int(slot) % 150], int(slot) // 150
        np.testing.assert_array_equal(batch.observations[i].numpy(), seen[row][stream])
        if batch.discounts[i]:
            np.testing.assert_array_equal(batch.next_observations[i].numpy(), seen[row + 1][stream])
    assert len(set(batch.indices.tolist())) > 200


def filled_replay(rows: int = 50, **others: Any) -> Replay:
    replay = make_replay(2, 60, 1, 1, **others)
    streams = random_streams(np.random.default_rng(0), 2, rows, 0.0)
    for row in range(rows):
        replay.add(row_of(streams, row, 1))
    return replay


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0])
def test_samples_are_as_frequent_as_their_errors_to_the_exponent(exponent: float) -> None:
    replay = filled_replay(priority_exponent=exponent)
    rng = np.random.default_rng(0)
    slots = np.unique(replay.sample(400, 1.0, rng).indices)
    errors = rng.random(slots.size) + 0.01
    replay.update_priorities(slots, errors)
    counts = np.zeros(120)
    for _ in range(10_000):
        counts[replay.sample(1, 1.0, rng).indices] += 1
    expected = errors**exponent / (errors**exponent).sum() * 10_000
    assert counts.sum() == counts[slots].sum()
    assert stats.chisquare(counts[slots], expected).pvalue > 1e-3


def test_weights_undo_the_uneven_sampling_with_beta_1() -> None:
    replay = filled_replay(priority_exponent=1.0)
    rng = np.random.default_rng(0)
    slots = np.unique(replay.sample(400, 1.0, rng).indices)
    replay.update_priorities(slots, rng.random(slots.size) + 0.1)
    # The weighted counts of all slots are alike up to the batch's largest weight, so batches are large.
    weighted, batches = np.zeros(120), 200
    for _ in range(batches):
        batch = replay.sample(1000, 1.0, rng)
        np.add.at(weighted, batch.indices, batch.weights.numpy())
    share = weighted[slots] / weighted.sum()
    np.testing.assert_allclose(share, 1 / slots.size, rtol=0.05)


def test_weights_are_those_of_the_paper() -> None:
    priorities = np.array([0.5, 2.0, 1.0, 0.25])
    probabilities = priorities / 10.0
    expected = (1000 * probabilities) ** -0.6
    weights = np.empty(4, np.float32)
    importance_weights(priorities.astype(np.float32), np.arange(4), 0.6, weights)
    np.testing.assert_allclose(weights, expected / expected.max(), rtol=1e-6)
    importance_weights(priorities.astype(np.float32), np.arange(4), 0.0, weights)
    np.testing.assert_array_equal(weights, 1.0)


def test_new_transitions_get_the_largest_priority_so_far() -> None:
    replay = filled_replay(rows=30, priority_exponent=1.0)
    rng = np.random.default_rng(0)
    slots = np.unique(replay.sample(200, 1.0, rng).indices)
    replay.update_priorities(slots, np.full(slots.size, 3.0))
    streams = random_streams(np.random.default_rng(0), 2, 31, 0.0)
    replay.add(row_of(streams, 30, 1))
    replay.update_priorities(slots, np.full(slots.size, 1.0))
    new = np.array([29, 89])  # Row 29 of each stream; the slot's rows are known up to 28.
    counts = np.zeros(120)
    for _ in range(3000):
        counts[replay.sample(1, 1.0, rng).indices] += 1
    share = counts[new].sum() / counts.sum()
    assert share == pytest.approx(2 * 3 / (2 * 3 + slots.size), rel=0.2)


def test_a_priority_for_a_slot_that_was_closed_does_not_open_it() -> None:
    replay = filled_replay(rows=50)
    newest = np.array([49, 109])  # Row 49 of each stream: its next observation has not come.
    replay.update_priorities(newest, np.array([100.0, 100.0]))
    assert not np.isin(replay.sample(400, 1.0, np.random.default_rng(0)).indices, newest).any()


def test_a_valid_row_after_an_end_is_refused() -> None:
    streams = random_streams(np.random.default_rng(0), 1, 2, 0.0)
    streams[0][0].terminated = True
    replay = make_replay(1, 10, 1, 1)
    replay.add(row_of(streams, 0, 1))
    with pytest.raises(ValueError, match="NEXT_STEP"):
        replay.add(row_of(streams, 1, 1))


def test_stacks_that_do_not_begin_with_copies_of_the_first_frame_are_refused() -> None:
    streams = random_streams(np.random.default_rng(0), 1, 5, 0.0)
    row = row_of(streams, 0, 3)
    row.observations[0, 0] = 0
    with pytest.raises(ValueError, match="FrameStackObservation"):
        make_replay(1, 10, 1, 3).add(row)


def test_observations_of_another_shape_or_type_are_refused() -> None:
    row = row_of(random_streams(np.random.default_rng(0), 2, 1, 0.0), 0, 1)
    with pytest.raises(ValueError, match="int32 observations of shape"):
        make_replay(3, 10, 1, 1).add(row)
    with pytest.raises(ValueError, match="got int64"):
        make_replay(2, 10, 1, 1).add(Transitions(**{**vars(row), "observations": row.observations.astype(np.int64)}))


@pytest.mark.parametrize("name", ["actions", "rewards", "terminated", "truncated", "valid", "expert"])
def test_fields_of_another_length_are_refused(name: str) -> None:
    row = row_of(random_streams(np.random.default_rng(0), 2, 1, 0.0), 0, 1)
    replay = make_replay(2, 10, 1, 1)
    with pytest.raises(ValueError, match=f"`{name}` must have 2 numbers"):
        replay.add(Transitions(**{**vars(row), name: vars(row)[name][:1]}))
    assert len(replay) == 0


def test_rewards_that_are_not_finite_are_refused() -> None:
    row = row_of(random_streams(np.random.default_rng(0), 2, 1, 0.0), 0, 1)
    row.rewards[1] = np.nan
    with pytest.raises(ValueError, match="finite"):
        make_replay(2, 10, 1, 1).add(row)


def test_a_capacity_too_small_for_the_steps_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 9 slots"):
        make_replay(2, 8, 5, 4)


def test_fifteen_million_transitions_of_195_features_fit_seven_gib() -> None:
    features = {"observation_shape": (195,), "observation_dtype": np.float32, "num_envs": 16, "num_actions": 44}
    size = replay_bytes(**features, capacity=15_000_000, kept_dtype=np.float16)
    assert 15_000_000 * 195 * 2 < size < 15_000_000 * (195 * 2 + 13) < 7 * 2**30
    assert replay_bytes(**features, capacity=15_000_000) > 1.9 * size


def test_a_million_stacked_frames_fit_seven_and_a_half_gib() -> None:
    size = replay_bytes(
        observation_shape=(4, 84, 84), observation_dtype=np.uint8, num_envs=8, capacity=1_000_000, stack=4
    )
    assert 1_000_000 * 84 * 84 < size < 1_000_000 * (84 * 84 + 13) < 7.5 * 2**30
