"""Playing by the average of the last weights: what the average is, and that agents play by it and keep it."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from torch import nn

from quarterup.agents.agent import Agent, Transitions
from quarterup.agents.pqn import PQN, PQNActor, PQNSettings
from quarterup.agents.rainbow import Rainbow, RainbowActor
from quarterup.agents.rainbow_settings import RainbowSettings
from quarterup.agents.schedules import Linear
from quarterup.agents.weight_average import WeightAverage

NUM_ENVS = 2
SPACE = gym.spaces.Box(-np.inf, np.inf, (3,), np.float32)
SMALL: dict[str, Any] = {"batch_size": 8, "hidden_sizes": (16,), "learning_rate": 1e-2, "average_updates": 50}
RAINBOW = RainbowSettings(**SMALL, head_size=8, learning_starts=8, replay_capacity=1_000)
PQN_SETTINGS = PQNSettings(**SMALL, rollout_steps=8, epsilon=Linear(1.0, 0.0, 10))
AGENTS: dict[str, tuple[Any, Any, Any]] = {
    "rainbow": (Rainbow, RainbowActor, RAINBOW),
    "pqn": (PQN, PQNActor, PQN_SETTINGS),
}


def learned(name: str, updates: int, seed: int = 0) -> Any:
    """An agent after so many updates from random play."""
    make, _, settings = AGENTS[name]
    agent: Agent = make(SPACE, 3, NUM_ENVS, settings, seed)
    go_on(agent, updates)
    return agent


def go_on(agent: Any, updates: int) -> None:
    rng, nothing = np.random.default_rng(agent.updates), np.zeros(NUM_ENVS, np.bool_)
    until = agent.updates + updates
    while agent.updates < until:
        if agent.ready():
            agent.learn()
            continue
        observations = rng.standard_normal((NUM_ENVS, 3)).astype(np.float32)
        actions = agent.act(observations, explore=True)
        rewards = (actions == 2).astype(np.float32)
        agent.observe(Transitions(observations, actions, rewards, nothing, nothing, ~nothing, nothing))


def newest(agent: Any) -> nn.Module:
    network: nn.Module = agent.online if isinstance(agent, Rainbow) else agent.network
    return network


def test_the_average_is_of_half_of_all_updates_and_then_of_the_last_ones() -> None:
    average = nn.Linear(1, 1, bias=False)
    following = WeightAverage(average, 4)
    online = following.newest
    expected = average.weight.item()
    for update in range(1, 21):
        nn.init.constant_(online.weight, float(update))
        following.follow(update)
        expected += (update - expected) / min(4.0, 1 + update / 2)
        assert average.weight.item() == pytest.approx(expected, rel=1e-5)
    assert expected == pytest.approx(17.0, abs=0.1), "three behind a weight that grows by one an update"


def test_buffers_are_those_of_the_newest() -> None:
    average = nn.BatchNorm1d(2)
    following = WeightAverage(average, 10)
    online = following.newest
    online(torch.randn(8, 2))
    following.follow(1)
    assert torch.equal(average.running_mean, online.running_mean)  # type: ignore[arg-type]
    assert average.num_batches_tracked == online.num_batches_tracked == 1


@pytest.mark.parametrize("name", AGENTS)
def test_the_agent_plays_by_the_average_and_learns_with_the_newest(name: str) -> None:
    agent = learned(name, 30)
    shown, taught = agent.actor.network.state_dict(), newest(agent).state_dict()
    assert shown.keys() == taught.keys()
    assert not any(torch.equal(shown[key], taught[key]) for key in shown if key.endswith("weight"))
    first = learned(name, 0)
    for key in shown:
        moved = (taught[key] - newest(first).state_dict()[key]).norm()
        assert (taught[key] - shown[key]).norm() <= moved, key


@pytest.mark.parametrize("name", AGENTS)
def test_a_state_has_both_and_an_actor_takes_the_average(name: str) -> None:
    agent, other = learned(name, 30), learned(name, 3, seed=1)
    other.load(agent.state())
    for network in ("actor.network", "online" if name == "rainbow" else "network"):
        ours, theirs = agent, other
        for part in network.split("."):
            ours, theirs = getattr(ours, part), getattr(theirs, part)
        assert all(map(torch.equal, ours.state_dict().values(), theirs.state_dict().values())), network
    _, make_actor, settings = AGENTS[name]
    actor = make_actor(SPACE, 3, settings, 5)
    actor.load(agent.state())
    observations = np.random.default_rng(0).standard_normal((50, 3)).astype(np.float32)
    assert np.array_equal(actor.act(observations, explore=False), agent.act(observations, explore=False))
    go_on(agent, 5)
    assert not all(map(torch.equal, agent.actor.weights(), actor.weights())), "it would follow"


@pytest.mark.parametrize("name", AGENTS)
def test_a_loaded_agent_goes_on_as_the_saved_one_would(name: str) -> None:
    def weights_after(agent: Any) -> list[torch.Tensor]:
        other = learned(name, 0, seed=3)
        other.load(agent.state())
        go_on(other, 10)
        return [weight.clone() for weight in other.actor.weights()]

    agent = learned(name, 20)
    assert all(map(torch.equal, weights_after(agent), weights_after(agent)))


@pytest.mark.parametrize("name", AGENTS)
def test_a_number_below_zero_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="average_updates must be 0 or more, got -1"):
        type(AGENTS[name][2])(average_updates=-1)
