"""ArcadeVectorEnv: N emulators in step, none of them able to spoil the others' game."""

import os
import signal

import gymnasium as gym
import numpy as np
import psutil
import pytest
from gymnasium.vector import AutoresetMode

import quarterup  # noqa: F401  (registers the games)
from quarterup.envs import ArcadeVectorEnv


def test_make_vec_gives_it():
    env = gym.make_vec("quarterup/SpaceInvaders-v0", num_envs=2, obs="features")
    assert isinstance(env.unwrapped, ArcadeVectorEnv)
    observations, _ = env.reset(seed=0)
    assert env.observation_space.contains(observations)
    assert env.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP
    env.close()


def test_each_row_is_what_a_single_environment_gives(make_env, make_vector_env):
    vector = make_vector_env(3)
    rng = np.random.default_rng(0)
    actions = rng.integers(6, size=(250, 3))
    rows = [vector.reset(seed=10)[0]]
    rewards = []
    for step in actions:
        observations, reward, *_ = vector.step(step)
        rows.append(observations)
        rewards.append(reward)
    for index in range(3):
        single = make_env()
        assert np.array_equal(single.reset(seed=10 + index)[0], rows[0][index])
        for step, row, reward in zip(actions, rows[1:], rewards, strict=True):
            observation, single_reward, terminated, truncated, _ = single.step(step[index])
            assert not terminated
            assert not truncated
            assert np.array_equal(observation, row[index])
            assert single_reward == reward[index]


def test_next_step_autoreset_ignores_the_action_after_an_end(make_vector_env):
    env = make_vector_env(2, max_episode_frames=20)
    env.reset(seed=0)
    for _ in range(4):
        env.step(np.array([2, 2]))
    *_, truncated, info = env.step(np.array([2, 2]))
    assert truncated.all()
    assert (info["episode_frames"] == 20).all()
    _, rewards, terminated, truncated, info = env.step(np.array([2, 2]))
    assert not truncated.any()
    assert not terminated.any()
    assert (rewards == 0).all()
    assert (info["episode_frames"] == 0).all()


def test_same_step_autoreset_hands_out_the_last_observation(make_vector_env):
    env = make_vector_env(2, max_episode_frames=20, autoreset_mode=AutoresetMode.SAME_STEP)
    env.reset(seed=0)
    for _ in range(5):
        observations, _, _, truncated, info = env.step(np.array([2, 0]))
    assert truncated.all()
    assert info["_final_obs"].all()
    assert info["final_obs"][0][0] > observations[0][0], "the gun had walked right"
    assert (info["final_info"]["episode_frames"] == 20).all()
    assert (info["episode_frames"] == 0).all()


def test_without_autoreset_only_the_masked_ones_begin_anew(make_vector_env):
    env = make_vector_env(2, autoreset_mode=AutoresetMode.DISABLED)
    env.reset(seed=0)
    for _ in range(5):
        env.step(np.array([2, 2]))
    _, info = env.reset(options={"reset_mask": np.array([True, False])})
    assert info["episode_frames"].tolist() == [0, 20]


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGSTOP])
def test_a_dead_or_frozen_emulator_is_replaced_and_the_others_go_on(make_vector_env, mame_of, blow):
    env = make_vector_env(3)
    env.reset(seed=0)
    env.step(np.zeros(3, np.int64))
    for cabinet in env.cabinets:
        cabinet.emulator._child.timeout_s = 1.0
    victim = mame_of(env.cabinets[1])
    os.kill(victim.pid, blow)
    _, rewards, terminated, truncated, info = env.step(np.full(3, 2))
    assert truncated.tolist() == [False, True, False]
    assert not terminated.any()
    assert rewards[1] == 0
    assert [bool(reason) for reason in info["emulator_died"]] == [False, True, False]
    assert info["episode_steps"].tolist()[::2] == [2, 2]
    assert not victim.is_running() or victim.status() == psutil.STATUS_ZOMBIE
    for _ in range(5):
        _, _, terminated, truncated, info = env.step(np.full(3, 2))
        assert not terminated.any()
        assert not truncated.any()
    assert info["episode_steps"].tolist() == [7, 4, 7]


def test_the_halves_of_a_step_leave_time_for_something_else(make_vector_env):
    whole, halves = make_vector_env(2), make_vector_env(2)
    whole.reset(seed=4)
    halves.reset(seed=4)
    for action in range(6):
        expected = whole.step(np.full(2, action))
        halves.send(np.full(2, action))
        got = halves.receive()
        assert np.array_equal(expected[0], got[0])
        assert np.array_equal(expected[1], got[1])


def test_what_is_handed_out_does_not_change_afterwards(make_vector_env):
    env = make_vector_env(1, obs="ram")
    env.reset(seed=0)
    kept, *_ = env.step(np.array([2]))
    copy = kept.copy()
    env.step(np.array([2]))
    assert np.array_equal(kept, copy)


def test_the_expert_plays_far_better_than_chance(make_vector_env):
    env = make_vector_env(2, sticky=0.25)

    def scores(choose, episodes=4):
        env.reset(seed=1)
        won = []
        while len(won) < episodes:
            _, _, terminated, truncated, info = env.step(choose())
            won += info["score"][terminated | truncated].tolist()
        return won

    rng = np.random.default_rng(0)
    assert np.mean(scores(env.expert_actions)) > 2 * np.mean(scores(lambda: rng.integers(6, size=2)))
