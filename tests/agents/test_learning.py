"""Agents that really learn: CartPole, from nothing and with an expert."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, VectorEnv

from quarterup.agents.agent import Transitions
from quarterup.agents.pqn import PQN, PQNSettings
from quarterup.agents.rainbow import Rainbow
from quarterup.agents.rainbow_settings import RainbowSettings
from quarterup.agents.schedules import Linear

NUM_ENVS = 4

RANDOM_RETURN = 22.0
"""Mean return of random actions in CartPole."""

EVERYTHING_OFF: dict[str, Any] = {
    "double": False,
    "dueling": False,
    "noisy": False,
    "prioritized": False,
    "values": "mean",
    "value_rescaling": False,
    "epsilon": Linear(1.0, 0.05, 4_000),
}


def cartpole(num_envs: int) -> VectorEnv[Any, Any, Any]:
    return gym.make_vec(
        "CartPole-v1",
        num_envs=num_envs,
        vectorization_mode="sync",
        vector_kwargs={"autoreset_mode": AutoresetMode.NEXT_STEP},
    )


def make_agent(**others: Any) -> Rainbow:
    settings = {
        "hidden_sizes": (64, 64),
        "head_size": 64,
        "reward_scale": 1.0,
        "v_min": 0.0,
        "v_max": 100.0,
        "learning_rate": 1e-3,
        "learning_starts": 500,
        "target_every": 100,
        "replay_capacity": 20_000,
    }
    space = cartpole(1).single_observation_space
    return Rainbow(space, 2, NUM_ENVS, RainbowSettings(**{**settings, **others}), seed=0)


def train(agent: Rainbow | PQN, env_steps: int) -> None:
    """Play, and make one update each vector step, or all that are due to an agent without a replay."""
    envs = cartpole(NUM_ENVS)
    observations, _ = envs.reset(seed=0)
    ended = np.zeros(NUM_ENVS, dtype=bool)
    nothing = np.zeros(NUM_ENVS, dtype=bool)
    while agent.env_steps < env_steps:
        actions = agent.act(observations, explore=True)
        following, rewards, terminated, truncated, _ = envs.step(actions)
        rewards = rewards.astype(np.float32)
        agent.observe(Transitions(observations, actions, rewards, terminated, truncated, ~ended, nothing))
        observations, ended = following, terminated | truncated
        while agent.ready():
            agent.learn()
            if agent.replays:
                break


def greedy_return(agent: Rainbow | PQN, episodes: int = 16) -> float:
    """Mean return of greedy play."""
    envs = cartpole(episodes)
    observations, _ = envs.reset(seed=1000)
    returns, playing = np.zeros(episodes), np.ones(episodes, dtype=bool)
    while playing.any():
        actions = agent.act(observations, explore=False)
        observations, rewards, terminated, truncated, _ = envs.step(actions)
        returns += rewards * playing
        playing &= ~(terminated | truncated)
    return float(returns.mean())


MUNCHAUSEN_QUANTILES: dict[str, Any] = {"values": "iqn", "munchausen": True, "value_rescaling": False}


@pytest.mark.parametrize(
    "switches",
    [{}, EVERYTHING_OFF, MUNCHAUSEN_QUANTILES],
    ids=["rainbow", "plain Q-learning", "quantiles and Munchausen"],
)
def test_cartpole_is_learned_from_nothing(switches: dict[str, Any]) -> None:
    agent = make_agent(**switches)
    assert greedy_return(agent) < 2 * RANDOM_RETURN
    train(agent, env_steps=16_000)
    assert greedy_return(agent) > 4 * RANDOM_RETURN


def test_cartpole_is_learned_without_a_replay() -> None:
    settings = PQNSettings(
        rollout_steps=64,
        epochs=4,
        q_lambda=0.95,
        hidden_sizes=(64, 64),
        learning_rate=1e-3,
        epsilon=Linear(1.0, 0.01, 10_000),
    )
    agent = PQN(cartpole(1).single_observation_space, 2, NUM_ENVS, settings, seed=0)
    assert greedy_return(agent) < 4 * RANDOM_RETURN
    train(agent, env_steps=60_000)
    assert greedy_return(agent) > 8 * RANDOM_RETURN


def test_cartpole_is_learned_from_an_expert_that_is_only_watched() -> None:
    agent = make_agent(cloning_weight=1.0)
    envs = cartpole(NUM_ENVS)
    observations, _ = envs.reset(seed=0)
    ended = np.zeros(NUM_ENVS, dtype=bool)
    rng = np.random.default_rng(0)
    while agent.env_steps < 2_000:
        # Push towards the side that the pole falls to: balances it for the whole of an episode.
        wanted = (observations[:, 2] + observations[:, 3] > 0).astype(np.int64)
        expert = rng.random(NUM_ENVS) < 0.8
        actions = np.where(expert, wanted, rng.integers(2, size=NUM_ENVS))
        following, rewards, terminated, truncated, _ = envs.step(actions)
        rewards = rewards.astype(np.float32)
        agent.observe(Transitions(observations, actions, rewards, terminated, truncated, ~ended, expert))
        observations, ended = following, terminated | truncated
    for _ in range(500):
        agent.learn()
    assert greedy_return(agent) > 8 * RANDOM_RETURN
