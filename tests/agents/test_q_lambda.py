"""Q(lambda) returns against the definition, and what a rollout hands to it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from quarterup.agents.agent import Transitions
from quarterup.agents.q_lambda import q_lambda_returns
from quarterup.agents.rollout import Rollout

STEPS, NUM_ENVS = 9, 3
GAMMA = 0.9


def random_transitions(rng: np.random.Generator, rows: int) -> list[Transitions]:
    """Steps of environments that end, are cut short and are replaced. Observation i of environment n is (i, n)."""
    ended = np.zeros(NUM_ENVS, np.bool_)
    steps = []
    for row in range(rows):
        replaced = rng.random(NUM_ENVS) < 0.1  # An emulator died: no end was seen before its reset.
        valid = ~ended & ~replaced
        terminated = (rng.random(NUM_ENVS) < 0.15) & valid
        truncated = (rng.random(NUM_ENVS) < 0.15) & ~terminated
        steps.append(
            Transitions(
                observations=np.stack([np.full(NUM_ENVS, row), np.arange(NUM_ENVS)], axis=1).astype(np.float32),
                actions=rng.integers(4, size=NUM_ENVS),
                rewards=rng.standard_normal(NUM_ENVS).astype(np.float32),
                terminated=terminated,
                truncated=truncated,
                valid=valid,
                expert=np.zeros(NUM_ENVS, np.bool_),
            )
        )
        ended = terminated | truncated
    return steps


def filled(steps: list[Transitions]) -> Rollout:
    rollout = Rollout((2,), np.float32, NUM_ENVS, len(steps) - 1)
    for step in steps:
        rollout.add(step)
    assert rollout.full
    return rollout


def n_step_return(steps: list[Transitions], values: NDArray[np.float32], env: int, start: int, n: int) -> float:
    """Rewards of `n` steps from `start` on, and the value of where they led; or up to a termination."""
    total = sum(GAMMA**k * float(steps[start + k].rewards[env]) for k in range(n))
    if steps[start + n - 1].terminated[env]:
        return total
    return total + GAMMA**n * float(values[start + n, env])


def brute_force(steps: list[Transitions], values: NDArray[np.float32], env: int, start: int, decay: float) -> float:
    """The definition: the mean of all n-step returns within the episode, the longest with all the weight that is
    left."""
    longest = 1
    while (
        start + longest < len(steps) - 1
        and not steps[start + longest - 1].terminated[env]
        and not steps[start + longest - 1].truncated[env]
        and steps[start + longest].valid[env]
    ):
        longest += 1
    weights = [(1 - decay) * decay ** (n - 1) for n in range(1, longest)] + [decay ** (longest - 1)]
    returns = [n_step_return(steps, values, env, start, n) for n in range(1, longest + 1)]
    return float(np.dot(weights, returns))


@settings(deadline=None, max_examples=200)
@given(seed=st.integers(0, 2**32), decay=st.sampled_from([0.0, 0.3, 0.65, 0.95, 1.0]))
def test_returns_are_those_of_the_definition(seed: int, decay: float) -> None:
    rng = np.random.default_rng(seed)
    steps = random_transitions(rng, STEPS + 1)
    rollout = filled(steps)
    values = rng.standard_normal((STEPS + 1, NUM_ENVS)).astype(np.float32)
    returns = q_lambda_returns(rollout.rewards[:-1], values[1:], rollout.terminated[:-1], rollout.cut, GAMMA, decay)
    assert returns.dtype == np.float32
    for start, env in np.argwhere(rollout.valid[:-1]).tolist():
        assert returns[start, env] == pytest.approx(brute_force(steps, values, env, start, decay), abs=1e-4)


def test_nothing_of_a_row_that_is_not_valid_reaches_another() -> None:
    rng = np.random.default_rng(1)
    rollout = filled(random_transitions(rng, 60))
    values = rng.standard_normal(rollout.valid.shape).astype(np.float32)
    invalid = ~rollout.valid[:-1]
    assert invalid.any()
    arguments = (rollout.terminated[:-1], rollout.cut, GAMMA, 0.9)
    returns = q_lambda_returns(rollout.rewards[:-1], values[1:], *arguments)
    others = q_lambda_returns(np.where(invalid, 1e9, rollout.rewards[:-1]).astype(np.float32), values[1:], *arguments)
    np.testing.assert_array_equal(returns[~invalid], others[~invalid])


def test_a_truncated_step_is_worth_what_it_led_to_and_a_terminated_one_is_not() -> None:
    rewards = np.array([[1.0, 1.0], [5.0, 5.0]], np.float32)
    values = np.array([[10.0, 10.0], [20.0, 20.0]], np.float32)
    terminated = np.array([[True, False], [False, False]])
    returns = q_lambda_returns(rewards, values, terminated, np.ones((2, 2), np.bool_), 0.5, 1.0)
    np.testing.assert_array_equal(returns[0], [1.0, 6.0])


def test_the_last_step_of_a_rollout_is_the_first_of_the_next() -> None:
    steps = random_transitions(np.random.default_rng(2), 2 * STEPS + 1)
    rollout = filled(steps[: STEPS + 1])
    rollout.begin_next()
    assert not rollout.full
    for step in steps[STEPS + 1 :]:
        rollout.add(step)
    assert rollout.full
    np.testing.assert_array_equal(rollout.rewards, [step.rewards for step in steps[STEPS:]])
    np.testing.assert_array_equal(rollout.valid, [step.valid for step in steps[STEPS:]])
    np.testing.assert_array_equal(rollout.observations[:, 0, 0], np.arange(STEPS, 2 * STEPS + 1))


def one_step(**changes: NDArray[np.generic]) -> Transitions:
    nothing = np.zeros(NUM_ENVS, np.bool_)
    fields = {
        "observations": np.zeros((NUM_ENVS, 2), np.float32),
        "actions": np.zeros(NUM_ENVS, np.int64),
        "rewards": np.zeros(NUM_ENVS, np.float32),
        "terminated": nothing,
        "truncated": nothing,
        "valid": ~nothing,
        "expert": nothing,
    }
    return Transitions(**{**fields, **changes})


def test_a_rollout_refuses_what_does_not_fit() -> None:
    rollout = Rollout((2,), np.float32, NUM_ENVS, 2)
    with pytest.raises(ValueError, match=r"float32 observations of shape \(3, 2\), got float64"):
        rollout.add(one_step(observations=np.zeros((NUM_ENVS, 2))))
    with pytest.raises(ValueError, match="Rewards must be finite"):
        rollout.add(one_step(rewards=np.array([0.0, np.nan, 0.0], np.float32)))
    rollout.add(one_step(truncated=np.array([False, True, False])))
    with pytest.raises(ValueError, match="Environment 1 ended its episode one step ago"):
        rollout.add(one_step())
    rollout.add(one_step(valid=np.array([True, False, True])))
    rollout.add(one_step())
    with pytest.raises(RuntimeError, match="full"):
        rollout.add(one_step())
    with pytest.raises(ValueError, match="at least one step"):
        Rollout((2,), np.float32, NUM_ENVS, 0)


def test_a_cleared_rollout_begins_new_episodes() -> None:
    rollout = Rollout((2,), np.float32, NUM_ENVS, 2)
    rollout.add(one_step(terminated=np.ones(NUM_ENVS, np.bool_)))
    rollout.clear()
    rollout.add(one_step())
    assert not rollout.full
