"""Several writers: streams that advance on their own, from one thread or many, and what an actor says with them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_replay import Step, brute_force_target, check_everything, make_replay, random_streams, row_of

from quarterup.agents.agent import Transitions
from quarterup.agents.replay.replay import PRIORITY_FLOOR, Replay


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    num_envs=st.integers(2, 5),
    n_step=st.integers(1, 5),
    stack=st.integers(1, 4),
    spare_rows=st.integers(0, 12),
    ending=st.sampled_from([0.0, 0.1, 0.4]),
)
def test_streams_that_advance_on_their_own_are_what_the_brute_force_says(
    seed: int, num_envs: int, n_step: int, stack: int, spare_rows: int, ending: float
) -> None:
    rng = np.random.default_rng(seed)
    streams = random_streams(rng, num_envs, 60, ending)
    replay = make_replay(num_envs, n_step + stack + spare_rows, n_step, stack)
    written = np.zeros(num_envs, int)
    for call in range(80):
        chosen = np.flatnonzero((rng.random(num_envs) < rng.random()) & (written < 60))
        rng.shuffle(chosen)
        add_next(replay, streams, written, chosen, stack)
        if call % 7 == 0 or call == 79:
            check_everything(replay, [steps[:row] for steps, row in zip(streams, written, strict=True)], rng)
    assert replay.rows_written.tolist() == written.tolist()


def add_next(replay: Replay, streams: list[list[Step]], written: Any, chosen: Any, stack: int = 1) -> None:
    rows = [row_of([streams[stream]], written[stream], stack) for stream in chosen]
    if rows:
        together = {name: np.concatenate([vars(row)[name] for row in rows]) for name in vars(rows[0])}
        replay.add(Transitions(**together), streams=chosen)
    written[chosen] += 1


def test_an_actor_that_was_replaced_begins_new_episodes_on_its_streams_alone() -> None:
    rng = np.random.default_rng(0)
    streams = random_streams(rng, 3, 20, 0.0)
    replay = make_replay(3, 50, 3, 1)
    written = np.zeros(3, int)
    for _ in range(10):
        add_next(replay, streams, written, np.arange(3))
    replay.begin_new_episodes(streams=[1])
    streams[1][9].valid = False
    for row in range(10, 20):
        streams[1][row].age -= 10
    for _ in range(10):
        add_next(replay, streams, written, np.array([0, 2]))
    for _ in range(10):
        add_next(replay, streams, written, np.array([1]))
        check_everything(replay, [steps[:row] for steps, row in zip(streams, written, strict=True)], rng)


def test_threads_that_write_while_another_samples_lose_and_mix_nothing() -> None:
    """Each observation says which stream and row it is of, so that a torn or mixed sample would show."""
    writers, each, rows, num_rows, n_step = 3, 2, 3000, 40, 4
    replay = Replay(
        observation_shape=(4, 20, 30),
        observation_dtype=np.int32,
        num_envs=writers * each,
        capacity=writers * each * num_rows,
        n_step=n_step,
        gamma=1.0,
        stack=4,
    )

    def write(first: int) -> None:
        numbers = np.arange(first, first + each)
        nothing = np.zeros(each, bool)
        for row in range(rows):
            recent = np.maximum(np.arange(row - 3, row + 1), 0)
            marks = numbers[:, None] * rows + recent
            observations = np.broadcast_to(marks[:, :, None, None], (each, 4, 20, 30)).astype(np.int32)
            rewards = np.full(each, row, np.float32)
            step = Transitions(observations, numbers.copy(), rewards, nothing, nothing, ~nothing, nothing)
            replay.add(step, streams=numbers)

    def read() -> None:
        rng = np.random.default_rng(0)
        while not all(writer.done() for writer in writing):
            if not replay.can_sample:
                continue
            batch = replay.sample(16, 0.5, rng)
            marks = batch.observations.numpy().reshape(16, 4, -1)
            after = batch.next_observations.numpy().reshape(16, 4, -1)
            row = marks[:, -1, 0] % rows
            good = np.array_equal(marks, np.broadcast_to(marks[:, :, :1], marks.shape))
            good &= np.array_equal(marks[:, -1] // rows, np.broadcast_to(batch.actions[:, None], marks[:, -1].shape))
            good &= np.array_equal(after[:, -1] - marks[:, -1], np.full_like(after[:, -1], n_step))
            good &= np.array_equal(batch.returns, n_step * row + n_step * (n_step - 1) / 2)
            assert good
            replay.update_priorities(batch.indices, rng.random(16))

    with ThreadPoolExecutor(writers + 1) as pool:
        writing = [pool.submit(write, first) for first in range(0, writers * each, each)]
        for future in (pool.submit(read), *writing):
            future.result()
    assert replay.rows_written.tolist() == [rows] * writers * each


def test_a_batch_stays_as_it_is_while_the_next_one_is_sampled() -> None:
    streams = random_streams(np.random.default_rng(0), 2, 50, 0.1)
    replay = make_replay(2, 60, 3, 1)
    for row in range(50):
        replay.add(row_of(streams, row, 1))
    rng = np.random.default_rng(0)
    first = replay.sample(8, 1.0, rng)
    before = {name: np.asarray(value).copy() for name, value in vars(first).items()}
    second = replay.sample(8, 1.0, rng)
    assert any(not np.array_equal(before[name], np.asarray(value)) for name, value in vars(second).items())
    for name, value in vars(first).items():
        np.testing.assert_array_equal(before[name], np.asarray(value), err_msg=name)
    assert replay.sample(8, 1.0, rng) is first


@pytest.mark.parametrize("wrong", [[0, 0], [0, 3], [-1, 0]])
def test_streams_that_are_not_there_or_come_twice_are_refused(wrong: list[int]) -> None:
    row = row_of(random_streams(np.random.default_rng(0), 2, 1, 0.0), 0, 1)
    replay = make_replay(3, 10, 1, 1)
    with pytest.raises(ValueError, match="different numbers from 0 to 2"):
        replay.add(row, streams=wrong)
    assert len(replay) == 0


# ------------------------------------------------------------------------------------------------------ priorities


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_step=st.integers(1, 5),
    boosted=st.integers(0, 12),
    ending=st.sampled_from([0.0, 0.1, 0.4]),
    spare_rows=st.integers(0, 30),
)
def test_first_priorities_and_the_boost_before_a_death_are_what_the_brute_force_says(
    seed: int, n_step: int, boosted: int, ending: float, spare_rows: int
) -> None:
    rng = np.random.default_rng(seed)
    streams = random_streams(rng, 2, 60, ending)
    errors = rng.random((2, 60)).astype(np.float32) * 5
    num_rows = n_step + 1 + spare_rows
    replay = make_replay(2, num_rows, n_step, 1, priority_exponent=0.7, death_boost_steps=boosted, death_boost=3.0)
    for row in range(60):
        replay.add(row_of(streams, row, 1), errors=errors[:, row] if row % 3 else None)
        if row % 7:
            continue
        for stream, whole in enumerate(streams):
            steps = whole[: row + 1]
            for back in range(min(num_rows, row + 1)):
                at = row - back
                slot = stream * num_rows + at % num_rows
                found = replay._tree.get(np.array([slot]))[0]
                assert found == pytest.approx(
                    brute_force_priority(steps, at, n_step, boosted, float(errors[stream, at])), rel=1e-5
                )


def brute_force_priority(steps: list[Step], row: int, n_step: int, boosted: int, error: float) -> float:
    if brute_force_target(steps, row, n_step) is None:
        return 0.0
    priority = (error + PRIORITY_FLOOR) ** 0.7 if row % 3 else 1.0
    for distance in range(boosted):
        at = row + distance
        if at + 1 >= len(steps) or not steps[at].valid:
            break
        if steps[at].terminated:
            return priority * 3.0
    return priority


def test_an_update_forgets_the_boost_and_new_transitions_do_not_inherit_it() -> None:
    streams = random_streams(np.random.default_rng(0), 1, 12, 0.0)
    streams[0][5].terminated = True
    streams[0][6].valid = False
    replay = make_replay(1, 20, 1, 1, priority_exponent=1.0, death_boost_steps=2, death_boost=4.0)
    for row in range(12):
        replay.add(row_of(streams, row, 1))
    slots = np.arange(3, 8)
    assert replay._tree.get(slots).tolist() == [1.0, 4.0, 4.0, 0.0, 1.0]
    replay.update_priorities(np.array([4]), np.array([2.0]))
    assert replay._tree.get(slots).tolist() == pytest.approx([1.0, 2.0, 4.0, 0.0, 1.0], rel=1e-5)


def test_a_restart_does_not_boost_the_same_death_twice() -> None:
    streams = random_streams(np.random.default_rng(0), 1, 8, 0.0)
    streams[0][5].terminated = True
    streams[0][6].valid = False
    streams[0][7].age = 0
    replay = make_replay(1, 20, 1, 1, death_boost_steps=2)
    for row in range(7):
        replay.add(row_of(streams, row, 1))
    replay.begin_new_episodes()
    replay.add(row_of(streams, 7, 1))
    assert replay._tree.get(np.arange(4, 7)).tolist() == [2.0, 2.0, 0.0]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_errors_that_are_not_finite_are_refused_and_change_nothing(bad: float) -> None:
    streams = random_streams(np.random.default_rng(0), 2, 10, 0.0)
    replay = make_replay(2, 20, 1, 1)
    for row in range(9):
        replay.add(row_of(streams, row, 1))
    with pytest.raises(ValueError, match="finite"):
        replay.add(row_of(streams, 9, 1), errors=np.array([1.0, bad]))
    before = replay._tree.get(np.arange(40))
    with pytest.raises(ValueError, match="finite"):
        replay.update_priorities(np.array([0, 1]), np.array([5.0, bad]))
    np.testing.assert_array_equal(before, replay._tree.get(np.arange(40)))
    assert replay.rows_written.tolist() == [9, 9]


@pytest.mark.parametrize("boost", [{"death_boost_steps": -1}, {"death_boost": 0.0}, {"death_boost": np.nan}])
def test_a_boost_that_is_none_is_refused(boost: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="death_boost"):
        make_replay(1, 20, 1, 1, **boost)
