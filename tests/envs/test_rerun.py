"""Games that are played again under other rules, on the real machine."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from quarterup.envs import ArcadeEnv
from quarterup.envs.rerun import RerunError, Row, label, rerun, steps_of
from quarterup.envs.trace import IDLE, Trace, hold
from quarterup.games.space_invaders import SpaceInvaders

MakeEnv = Callable[..., ArcadeEnv]
Played = tuple[list[np.ndarray], list[int], list[float], Trace]  # type: ignore[type-arg]


def played(env: ArcadeEnv, seed: int = 3) -> Played:
    """A game at random: what was seen before each step, and done, and won; with a last observation."""
    rng = np.random.default_rng(seed)
    observation, _ = env.reset(seed=seed)
    observations, actions, rewards, over = [observation], [], [], False
    while not over:
        action = int(rng.integers(6))
        observation, reward, terminated, truncated, _ = env.step(np.int64(action))
        over = terminated or truncated
        observations.append(observation)
        actions.append(action)
        rewards.append(reward)
    return observations, actions, rewards, env.cabinet.trace()


def again(env: ArcadeEnv, trace: Trace) -> list[Row]:
    return list(rerun(env.cabinet, trace))


@pytest.mark.parametrize("obs", ["features", "pixels"])
def test_under_the_same_rules_all_is_seen_and_done_and_won_as_it_was(make_env: MakeEnv, obs: str) -> None:
    env = make_env(obs=obs, max_episode_frames=1200)
    observations, actions, rewards, trace = played(env)
    rows = again(env, trace)
    assert [row.action for row in rows[:-1]] == actions
    assert [row.reward for row in rows[:-1]] == rewards
    assert all(map(np.array_equal, (row.observation for row in rows), observations))
    assert [row.valid for row in rows] == [True] * len(actions) + [False]
    assert [row.truncated for row in rows[-2:]] == [True, False]
    assert not any(row.terminated for row in rows)


def test_a_game_of_single_frames_becomes_one_of_whole_steps(make_env: MakeEnv) -> None:
    """As people play. Each step counts as what was held longest in it, and nothing that was won is lost."""
    env = make_env(frame_skip=1, obs="ram")
    _, actions, rewards, trace = played(env)
    rows = again(make_env(frame_skip=4), trace)
    steps = [actions[start : start + 4] for start in range(0, len(actions), 4)]
    assert len(rows) == len(steps) + 1
    assert [row.action for row in rows[:-1]] == [
        label([(action, 1) for action in step], SpaceInvaders.actions) for step in steps
    ]
    assert sum(row.reward for row in rows) == sum(rewards) == trace.score > 0
    assert rows[-2].terminated


def test_lost_lives_end_episodes_where_the_rules_say_so_whoever_played(make_env: MakeEnv) -> None:
    strict = make_env(life_loss_ends_episode=True, sticky=0.25)
    _, _, _, trace = played(make_env())
    rows = again(strict, trace)
    ends = [number for number, row in enumerate(rows) if row.terminated]
    assert len(ends) == 3
    for end in ends:
        assert not rows[end + 1].valid
        if end != ends[-1]:
            assert np.array_equal(rows[end + 1].observation, rows[end + 2].observation)
    lives = 0
    rng = np.random.default_rng(5)
    strict.reset(seed=5)
    while lives < 3:
        _, _, over, _, info = strict.step(np.int64(rng.integers(6)))
        if over:
            lives += 1
            trace = strict.cabinet.trace()
            if info["lives"]:
                strict.reset()
    assert (trace.holds == hold(IDLE, 1)).sum() == 3
    assert len([row for row in again(strict, trace) if row.terminated]) == 3
    whole = again(make_env(), trace)
    assert [number for number, row in enumerate(whole) if row.terminated] == [len(whole) - 2]


def test_what_is_not_of_this_game_or_comes_out_otherwise_is_refused(make_env: MakeEnv) -> None:
    env = make_env(max_episode_frames=400)
    trace = played(env)[-1]
    cases = {
        "a game of pong, not of space_invaders": {"game": "pong"},
        "every 3 frames, which cannot become steps of 4": {"frame_skip": 3},
        "every 8 frames": {"frame_skip": 8},
        "every 0 frames": {"frame_skip": 0},
        "what this game does not have": {"holds": trace.holds + np.uint32(100)},
        "begins with -1 idle frames": {"noops": -1},
        "did not come out as it was": {"noops": trace.noops + 40},
    }
    for message, changes in cases.items():
        with pytest.raises(RerunError, match=message):
            again(env, dataclasses.replace(trace, **changes))  # type: ignore[arg-type]
    assert again(env, trace)


def test_steps_are_cut_at_idle_frames_and_labels_are_what_was_held_longest() -> None:
    holds = np.array([hold(IDLE, 1), hold(1, 3), hold(2, 3), hold(IDLE, 1), hold(3, 4), hold(4, 5)], np.uint32)
    trace = dataclasses.replace(EMPTY, holds=holds)
    assert steps_of(trace, 4) == [
        [(IDLE, 1)], [(1, 3), (2, 1)], [(2, 2)], [(IDLE, 1)], [(3, 4)], [(4, 4)], [(4, 1)],
    ]  # fmt: skip
    actions = SpaceInvaders.actions
    assert label([(1, 3), (2, 1)], actions) == 1
    assert label([(0, 2), (3, 2)], actions) == 3
    assert label([(3, 2), (0, 2)], actions) == 3
    assert label([(1, 2), (2, 2)], actions) == 2
    assert label([(1, 1), (2, 1), (1, 1), (2, 1)], actions) == 2
    assert label([(1, 1), (4, 2), (1, 1)], actions) == 4


EMPTY = Trace("space_invaders", "invaders", "MAME 0.251", "stand-in", {}, 1, 0, 0.0, 0, 0, "", np.zeros(0, np.uint32))
