"""Learning and acting on a GPU: as on a processor, whether captured or not, and nothing is lost on the way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch

from quarterup.agents.agent import Transitions
from quarterup.agents.cuda_choices import EAGER_CALLS
from quarterup.agents.cuda_updates import EAGER_UPDATES, CudaUpdates
from quarterup.agents.pqn import PQN, PQNSettings
from quarterup.agents.rainbow import Rainbow
from quarterup.agents.rainbow_settings import RainbowSettings
from quarterup.agents.schedules import Linear
from quarterup.mirror import Mirror

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")

NUM_ENVS = 2
VECTORS = gym.spaces.Box(-np.inf, np.inf, (3,), np.float32)
PIXELS = gym.spaces.Box(0, 255, (4, 40, 40), np.uint8)
UPDATES = 4 * EAGER_UPDATES
"""Enough that most of them are replays of the graph."""
PLAIN: dict[str, Any] = {"noisy": False, "prioritized": False, "epsilon": 0.1}
"""Nothing in it is drawn on the device, so that a processor and a GPU compute the same."""
IMPALA: dict[str, Any] = {"pixel_trunk": "impala", "impala_width": 1, "spectral_norm": True}


@pytest.fixture(autouse=True)
def _as_exact_as_processors() -> Iterator[None]:
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    yield
    torch.backends.cudnn.allow_tf32 = before


def make_agent(
    device: str = "cuda", space: gym.spaces.Box = VECTORS, mirror: Mirror | None = None, **others: Any
) -> Rainbow:
    defaults: dict[str, Any] = {
        "hidden_sizes": (32,),
        "head_size": 32,
        "batch_size": 32,
        "replay_capacity": 400,
        "learning_starts": 100,
        "target_every": 5,
        "metrics_every": 1,
        "learning_rate": 1e-3,
        "adam_epsilon": 1e-4,
        "reward_scale": 1.0,
        "v_min": -5.0,
        "v_max": 15.0,
    }
    agent = Rainbow(space, 3, NUM_ENVS, RainbowSettings(**{**defaults, **others}), 0, None, device, mirror)
    feed(agent, space)
    return agent


def feed(agent: Rainbow, space: gym.spaces.Box, reward: float = 1.0) -> None:
    """150 rows of random transitions; stacks are all of one picture, as at an episode's start."""
    rng = np.random.default_rng(0)
    ended = np.zeros(NUM_ENVS, bool)
    for row in range(150):
        if len(space.shape) == 3:
            picture = rng.integers(256, size=(NUM_ENVS, 1, *space.shape[1:]), dtype=np.uint8)
            observations: Any = np.repeat(picture, space.shape[0], axis=1)
            terminated = ~ended
        else:
            observations = rng.standard_normal((NUM_ENVS, *space.shape)).astype(np.float32)
            terminated = (rng.random(NUM_ENVS) < 0.05) & ~ended
        agent.observe(
            Transitions(
                observations,
                rng.integers(3, size=NUM_ENVS),
                reward * rng.standard_normal(NUM_ENVS).astype(np.float32),
                terminated,
                np.zeros(NUM_ENVS, bool),
                ~ended,
                rng.random(NUM_ENVS) < 0.5 if row else np.zeros(NUM_ENVS, bool),
            )
        )
        ended = terminated


def losses(agent: Rainbow, updates: int = UPDATES) -> list[float]:
    """Of so many updates; on a GPU the last one is known only when all have been waited for."""
    metrics = [agent.learn() for _ in range(updates)]
    found = [values["loss"] for values in metrics if values]
    last = agent._updates.settle()
    return found if last is None else [*found, last.loss]


def weights(agent: Rainbow) -> torch.Tensor:
    return torch.cat([p.detach().flatten().cpu() for p in agent.online.parameters()])


@pytest.mark.parametrize(
    "settings",
    [
        {"values": "c51"},
        {"values": "mean"},
        {"values": "mean", "munchausen": True, "double": False},
        {"values": "c51", "space": PIXELS},
        {"values": "mean", "space": PIXELS, **IMPALA},
        {"values": "c51", "cloning_weight": Linear(1.0, 0.0, 500)},
        {"values": "mean", "max_gradient_norm": 0.05, "average_updates": 10},
    ],
)
def test_the_same_losses_and_weights_as_on_a_processor(settings: dict[str, Any]) -> None:
    here, there = make_agent("cpu", **PLAIN, **settings), make_agent("cuda", **PLAIN, **settings)
    np.testing.assert_allclose(losses(there), losses(here), rtol=1e-3)
    torch.testing.assert_close(weights(there), weights(here), rtol=1e-2, atol=1e-3)


def test_mirror_images_are_the_same_as_on_a_processor() -> None:
    mirror = Mirror(features=(0, 2, 1), signs=(-1, 1, 1), actions=(0, 2, 1))
    plain = {**PLAIN, "values": "mean", "mirror_images": True}
    here, there = make_agent("cpu", mirror=mirror, **plain), make_agent("cuda", mirror=mirror, **plain)
    np.testing.assert_allclose(losses(there), losses(here), rtol=1e-3)


@pytest.mark.parametrize(
    "settings",
    [
        {"values": "c51"},
        {"values": "iqn", "munchausen": True},
        {"values": "iqn", "munchausen": True, "space": PIXELS, **IMPALA},
        {"values": "c51", "space": PIXELS},
    ],
)
def test_a_captured_update_is_the_one_that_was_captured_with_noise_of_its_own(settings: dict[str, Any]) -> None:
    captured, eager = (make_agent(prioritized=False, **settings) for _ in range(2))
    assert isinstance(eager._updates, CudaUpdates)
    eager._updates.captures = False
    found = losses(captured)
    np.testing.assert_allclose(found, losses(eager), rtol=1e-3)
    assert len(set(found)) == UPDATES


@pytest.mark.parametrize("space", [VECTORS, PIXELS])
def test_in_bfloat16_the_loss_is_about_the_same(space: gym.spaces.Box) -> None:
    settings = {**PLAIN, "values": "c51", "double": False, "space": space}
    exact, rounded = losses(make_agent(**settings)), losses(make_agent(amp=True, **settings))
    assert rounded != exact
    np.testing.assert_allclose(rounded, exact, rtol=0.1)


def test_each_batch_is_learned_from_once_and_gets_its_own_priorities() -> None:
    agent = make_agent()
    drawn, updated = [], []
    sample, update = agent.replay.sample, agent.replay.update_priorities

    def note_sample(*arguments: Any) -> Any:
        batch = sample(*arguments)
        drawn.append(batch.indices.copy())
        return batch

    def note_update(slots: Any, errors: Any) -> None:
        updated.append(slots.copy())
        update(slots, errors)

    agent.replay.sample, agent.replay.update_priorities = note_sample, note_update  # type: ignore[method-assign]
    for _ in range(UPDATES):
        agent.learn()
    assert len(drawn) == len(updated) + 1 == UPDATES
    agent.state()
    for slots, expected in zip(updated, drawn, strict=True):
        np.testing.assert_array_equal(slots, expected)


def test_nothing_in_an_update_waits_for_the_device() -> None:
    agent = make_agent(average_updates=10, target_every=1)
    losses(agent)
    torch.cuda.set_sync_debug_mode("error")
    try:
        losses(agent)
    finally:
        torch.cuda.set_sync_debug_mode("default")


def test_numbers_that_are_not_finite_never_reach_the_weights() -> None:
    agent = make_agent(values="mean", value_rescaling=False, loss="squares")
    losses(agent)
    before = weights(agent)
    feed(agent, VECTORS, reward=1e30)
    with pytest.raises(FloatingPointError, match="not finite"):
        losses(agent)
    # It may have learned from good batches before the first bad one, but from nothing after it.
    assert torch.isfinite(weights(agent)).all()
    assert not torch.equal(before, torch.zeros_like(before))
    stopped = weights(agent)
    assert agent.state().tensors
    assert torch.equal(stopped, weights(agent))


def test_a_state_goes_on_as_the_agent_itself_does() -> None:
    agent, again = make_agent(**PLAIN), make_agent(**PLAIN, learning_rate=5e-2)
    losses(again)
    again = make_agent(**PLAIN)
    losses(again, 2)
    losses(agent, 2)
    again.load(agent.state())
    np.testing.assert_allclose(losses(again), losses(agent), rtol=1e-3)
    torch.testing.assert_close(weights(again), weights(agent), rtol=1e-2, atol=1e-3)


def test_schedules_take_effect_while_the_graph_is_in_use() -> None:
    agent = make_agent(**PLAIN, learning_rate=0.0)
    losses(agent)
    before = weights(agent)
    losses(agent)
    assert torch.equal(weights(agent), before)
    agent.adjust(RainbowSettings(**{**vars(agent.settings), "learning_rate": 1e-3, "cloning_weight": 100.0}))
    found = losses(agent)
    assert not torch.equal(weights(agent), before)
    agent.adjust(RainbowSettings(**{**vars(agent.settings), "cloning_weight": 0.0}))
    assert losses(agent)[0] < found[-1]


def test_acting_between_updates_changes_neither() -> None:
    settings = {**PLAIN, "values": "mean"}
    agent, other = make_agent(**settings), make_agent(**settings)
    observations = np.ones((NUM_ENVS, 3), np.float32)
    found = []
    for _ in range(UPDATES):
        found += [values["loss"] for values in [agent.learn()] if values]
        agent.act(observations, explore=False)
    np.testing.assert_allclose(found, losses(other)[:-1], rtol=1e-4)


def observations_of(space: gym.spaces.Box, count: int, seed: int) -> Any:
    rng = np.random.default_rng(seed)
    if len(space.shape) == 3:
        return rng.integers(256, size=(count, *space.shape), dtype=np.uint8)
    return rng.standard_normal((count, *space.shape)).astype(np.float32)


@pytest.mark.parametrize("space", [VECTORS, PIXELS])
@pytest.mark.parametrize("values", ["c51", "iqn"])
def test_the_same_actions_as_on_a_processor(values: str, space: gym.spaces.Box) -> None:
    here, there = (make_agent(device, space=space, values=values) for device in ("cpu", "cuda"))
    for call in range(2 * EAGER_CALLS):
        for count in (1, 64):
            observations = observations_of(space, count, seed=call)
            same = here.act(observations, explore=False) == there.act(observations, explore=False)
            assert same.mean() > 0.95  # Of fresh networks' values some are all but equal.


@pytest.mark.parametrize("values", ["c51", "iqn"])
def test_captured_noise_is_drawn_anew_and_as_if_it_were_not_captured(values: str) -> None:
    captured, eager = (make_agent(values=values) for _ in range(2))
    eager.actor._on_gpu = {}
    observations = np.repeat(observations_of(VECTORS, 1, seed=0), 64, axis=0)
    chosen = [captured.act(observations, explore=True) for _ in range(3 * EAGER_CALLS)]
    for actions in chosen:
        np.testing.assert_array_equal(actions, eager.act(observations, explore=True))
    assert len({actions.tobytes() for actions in chosen}) == len(chosen)


def test_captured_actions_follow_the_weights() -> None:
    agent, other = make_agent(**PLAIN), make_agent(**PLAIN, learning_rate=0.1)
    observations = observations_of(VECTORS, 64, seed=0)
    for _ in range(2 * EAGER_CALLS):
        before = agent.act(observations, explore=False)
    losses(other)
    expected = other.act(observations, explore=False)
    agent.load(other.state())
    np.testing.assert_array_equal(agent.act(observations, explore=False), expected)
    assert not np.array_equal(before, expected)


def test_pqn_acts_as_on_a_processor() -> None:
    here, there = (PQN(PIXELS, 3, NUM_ENVS, PQNSettings(), 0, None, device) for device in ("cpu", "cuda"))
    for call in range(2 * EAGER_CALLS):
        observations = observations_of(PIXELS, 64, seed=call)
        same = here.act(observations, explore=False) == there.act(observations, explore=False)
        assert same.mean() > 0.95
