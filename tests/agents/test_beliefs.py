"""What an actor expects, for people who watch: it is what greedy actions are chosen by, and to ask changes nothing."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from quarterup.agents.pqn import PQNActor, PQNSettings
from quarterup.agents.rainbow import RainbowActor
from quarterup.agents.rainbow_settings import RainbowSettings

SPACE = gym.spaces.Box(-np.inf, np.inf, (3,), np.float32)
SIZES: dict[str, Any] = {"hidden_sizes": (16,), "head_size": 16, "learning_starts": 0}


def make_actor(kind: str) -> Any:
    if kind == "pqn":
        return PQNActor(SPACE, 4, PQNSettings(hidden_sizes=(16,)), seed=1)
    return RainbowActor(SPACE, 4, RainbowSettings(values=kind, **SIZES), seed=1)  # type: ignore[arg-type]


@pytest.fixture
def observations() -> np.ndarray:
    return np.random.default_rng(3).standard_normal((20, 3)).astype(np.float32)


@pytest.mark.parametrize("kind", ["c51", "iqn", "mean", "pqn"])
def test_the_action_that_is_worth_most_is_the_one_chosen(kind: str, observations: np.ndarray) -> None:
    actor = make_actor(kind)
    beliefs = [actor.beliefs(observation) for observation in observations]
    assert {one.values.shape for one in beliefs} == {(4,)}
    chosen = actor.act(observations, explore=False)
    assert chosen.tolist() == [int(one.values.argmax()) for one in beliefs]


def test_a_distribution_sums_to_one_and_its_mean_is_the_value(observations: np.ndarray) -> None:
    beliefs = make_actor("c51").beliefs(observations[0])
    assert beliefs.chances.shape == (4, 51)
    assert beliefs.chances.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert beliefs.chances @ beliefs.returns == pytest.approx(beliefs.values, rel=1e-4, abs=1e-4)
    assert make_actor("mean").beliefs(observations[0]).chances is None


@pytest.mark.parametrize("kind", ["c51", "iqn", "pqn"])
def test_whoever_is_asked_goes_on_exploring_as_if_not(kind: str, observations: np.ndarray) -> None:
    asked, alone = make_actor(kind), make_actor(kind)
    for _ in range(10):
        asked.beliefs(observations[0])
        assert (asked.act(observations, explore=True) == alone.act(observations, explore=True)).all()
