"""Speed of Rainbow's learner, without any emulator: updates a second, their share of bare arithmetic, acting."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from numpy.typing import NDArray

from quarterup.agents.agent import Transitions
from quarterup.agents.presets import ALGORITHMS
from quarterup.agents.rainbow import Rainbow
from quarterup.agents.rainbow_settings import RainbowSettings
from quarterup.agents.replay.batch import Batch
from quarterup.agents.targets import ValueScale, of_actions
from quarterup.agents.values import Categorical, Mean
from quarterup.cli.measure import in_turns, load_1min
from quarterup.cli.measure_replay import median_us, one_torch_thread
from quarterup.emulators.processors import usable_processors

NUM_ACTIONS = 6
NUM_ENVS = 8
TRANSITIONS = 20_000
"""In the replay. Its size hardly matters beside an update, see `quarterup bench replay` for it alone."""
PIXEL_TRANSITIONS = 10_000
ACTS = 200
"""Of one measurement."""
WANTED_SHARE = 0.9
"""Of the bare loop's speed: what replay, priorities and metrics may take is the rest."""

_FEATURES = RainbowSettings(
    n_step=5,
    value_rescaling=False,
    v_min=-10.0,
    v_max=400.0,
    hidden_sizes=(256, 256),
    head_size=256,
    batch_size=128,
    learning_rate=3e-4,
    target_every=1_000,
)
"""Every part of Rainbow, as it was trained when the ratios on record were measured."""


@dataclass(frozen=True)
class Size:
    """One network and batch to measure."""

    observation_shape: tuple[int, ...]
    settings: RainbowSettings
    updates: int
    """Of one measurement, each timed on its own."""

    @property
    def transitions(self) -> int:
        """How many there are in the replay."""
        return TRANSITIONS if len(self.observation_shape) == 1 else PIXEL_TRANSITIONS


SIZES = {
    "large: 95 features, 256-256, heads 256, batch 128": Size((95,), _FEATURES, 40),
    "small: 36 features, 128-128, heads 128, batch 64": Size(
        (36,),
        dataclasses.replace(_FEATURES, hidden_sizes=(128, 128), head_size=128, batch_size=64),
        80,
    ),
    "pixels: 4x84x84, Nature, heads 512, batch 32": Size((4, 84, 84), ALGORITHMS["rainbow"].settings, 4),
}


def measure_learner(repetitions: int) -> dict[str, Any]:
    """Plain JSON values for each of `SIZES`: medians over rounds, in turns, on one of torch's threads."""
    load = load_1min()
    with one_torch_thread():
        sizes = {name: _measure_size(size, repetitions) for name, size in SIZES.items()}
    return {
        "cores": len(usable_processors()),
        "load_1min": load,
        "torch": torch.__version__,
        "sizes": sizes,
        "share_wanted_at_least": WANTED_SHARE,
    }


def _measure_size(size: Size, repetitions: int) -> dict[str, float]:
    agent = filled_agent(size.observation_shape, size.settings, size.transitions)
    bare = bare_loop(agent, agent.replay.sample(size.settings.batch_size, 0.4, np.random.default_rng(0)))
    one, many = (agent.replay.sample(n, 0.4, np.random.default_rng(0)).observations.numpy() for n in (1, NUM_ENVS))
    times = in_turns(
        {
            "update_us": partial(median_us, agent.learn, size.updates),
            "bare_loop_us": partial(median_us, bare, size.updates),
            "act_1_us": partial(median_us, lambda: agent.act(one, explore=True), ACTS),
            f"act_{NUM_ENVS}_us": partial(median_us, lambda: agent.act(many, explore=True), ACTS),
        },
        repetitions,
    )
    shares = [bare / update for bare, update in zip(times["bare_loop_us"], times["update_us"], strict=True)]
    medians = {name: round(statistics.median(rounds), 1) for name, rounds in times.items()}
    return {
        "updates_per_s": round(1e6 / medians["update_us"], 1),
        "share_of_bare_loop": round(statistics.median(shares), 3),
        **medians,
    }


def filled_agent(
    observation_shape: tuple[int, ...], settings: RainbowSettings, transitions: int, device: str = "cpu"
) -> Rainbow:
    """An agent that can learn, with about so many different random transitions in its replay, which is then full."""
    pixels = len(observation_shape) == 3
    space = gym.spaces.Box(0, 255 if pixels else 1, observation_shape, np.uint8 if pixels else np.float32)
    settings = dataclasses.replace(settings, replay_capacity=transitions, learning_starts=transitions // 2)
    agent = Rainbow(space, NUM_ACTIONS, NUM_ENVS, settings, seed=0, device=device)
    rng = np.random.default_rng(0)
    observations: NDArray[Any] = np.zeros((NUM_ENVS, *observation_shape), space.dtype)
    nothing = np.zeros(NUM_ENVS, np.bool_)
    for row in range(transitions // NUM_ENVS):
        if pixels:
            frames = rng.integers(256, size=(NUM_ENVS, 1, *observation_shape[1:]), dtype=np.uint8)
            older = observations[:, 1:] if row else frames.repeat(observation_shape[0] - 1, axis=1)
            observations = np.concatenate([older, frames], axis=1)
        else:
            observations = rng.random((NUM_ENVS, *observation_shape), np.float32)
        actions, rewards = rng.integers(NUM_ACTIONS, size=NUM_ENVS), rng.random(NUM_ENVS, np.float32)
        agent.observe(Transitions(observations, actions, rewards, nothing, nothing, ~nothing, nothing))
    return agent


def bare_loop(agent: Rainbow, batch: Batch) -> Callable[[], None]:
    """An update's forward passes, loss, backward pass, clipping and step, as one writes them down, always on `batch`.

    No replay, no fresh noise, no priorities, no metrics. Of agents with c51 or mean, on networks of its own.
    """
    settings = agent.settings
    space = gym.spaces.Box(0, 255, tuple(batch.observations.shape[1:]), batch.observations.numpy().dtype.type)
    unused_replay = dataclasses.replace(settings, replay_capacity=100, learning_starts=100)
    twin = Rainbow(space, NUM_ACTIONS, 1, unused_replay, seed=0)
    online, target, optimizer = twin.online, twin.target, twin.optimizer
    batch = dataclasses.replace(batch, **{k: v.clone() for k, v in vars(batch).items() if k != "indices"})
    scale = ValueScale(settings.reward_scale, settings.value_rescaling)
    values: Categorical | Mean = Mean(scale)
    if settings.values == "c51":
        values = Categorical(settings.v_min, settings.v_max, settings.atoms, scale, torch.device("cpu"))
    for network in (online, target):
        network.resample_noise(1, torch.Generator().manual_seed(0))

    def step() -> None:
        outputs = online(batch.observations)
        with torch.no_grad():
            next_outputs = target(batch.next_observations)
            chooser = online(batch.next_observations) if settings.double else next_outputs
            next_actions = values.points(chooser).argmax(dim=1)
            targets = values.target(next_outputs, next_actions, batch.returns, batch.discounts)
        loss = (batch.weights * values.errors(of_actions(outputs, batch.actions), targets, None)).mean()
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(online.parameters(), settings.max_gradient_norm)
        optimizer.step()

    return step
