"""The learners that benchmarks/learner.py puts beside ours, each with its own networks, replay and order of operations.

CleanRL's are written anew from a reading of its `c51.py`, `c51_atari.py` and `rainbow_atari.py`
(https://github.com/vwxyzjn/cleanrl): the same layers, the same kernels in the same order, the same loops. Nothing of
its code is here, and it need not be installed. Stable-Baselines3's DQN is the package itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol

import gymnasium as gym
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from quarterup.agents.rainbow import Rainbow
from quarterup.agents.rainbow_settings import RainbowSettings
from quarterup.agents.replay.batch import Batch
from quarterup.cli.measure_learner import NUM_ACTIONS
from replay import NumpyTree

PRIORITY_FLOOR = 1e-6
SMALLEST_PROBABILITY = 1e-5
"""CleanRL clamps probabilities to it before it takes their logarithm."""
NATURE = ((32, 8, 4), (64, 4, 2), (64, 3, 1))
NATURE_FEATURES = 64 * 7 * 7


class Peer(Protocol):
    """A learner beside ours."""

    def take_weights(self, agent: Rainbow) -> None:
        """Start from the agent's weights, and its noise where there is any."""
        ...

    def learn_from(self, batch: Batch) -> float:
        """One update on these transitions. Returns the loss, in the sense of `Rainbow`'s metric."""
        ...

    def learn(self) -> object:
        """One whole update: sample, compute, step, priorities if there are any."""
        ...


class StableBaselines3DQN:
    """Stable-Baselines3's `DQN.train`, on its own replay with one copy of each observation."""

    def __init__(self, shape: tuple[int, ...], settings: RainbowSettings, batches: Sequence[Batch]) -> None:
        from stable_baselines3 import DQN
        from stable_baselines3.common.logger import Logger

        pixels = len(shape) == 3
        network: dict[str, Any] = {"net_arch": [*settings.hidden_sizes, settings.head_size]}
        if pixels:
            network = {"net_arch": [], "features_extractor_kwargs": {"features_dim": settings.head_size}}
        size = sum(len(batch.actions) for batch in batches)
        self.batch_size = settings.batch_size
        self.model = DQN(
            "CnnPolicy" if pixels else "MlpPolicy",
            SpacesOnly(shape, pixels),
            learning_rate=settings.learning_rate,
            buffer_size=size,
            batch_size=settings.batch_size,
            gamma=settings.gamma,
            max_grad_norm=settings.max_gradient_norm,
            optimize_memory_usage=True,
            replay_buffer_kwargs={"handle_timeout_termination": False},
            policy_kwargs={**network, "optimizer_kwargs": {"eps": settings.adam_epsilon}},
            seed=0,
            device="cpu",
        )
        self.model.set_logger(Logger(None, []))
        buffer = self.model.replay_buffer
        assert buffer is not None
        buffer.observations[:, 0] = joined(batches, "observations")
        buffer.actions[:, 0, 0] = joined(batches, "actions")
        buffer.rewards[:, 0] = joined(batches, "returns")
        buffer.pos, buffer.full = 0, True

    def take_weights(self, agent: Rainbow) -> None:
        copy_parameters(agent.online, self.model.q_net)
        copy_parameters(agent.target, self.model.q_net_target)

    def learn_from(self, batch: Batch) -> float:
        from stable_baselines3.common.type_aliases import ReplayBufferSamples

        samples = ReplayBufferSamples(
            observations=batch.observations,
            actions=batch.actions.unsqueeze(1),
            next_observations=batch.next_observations,
            dones=(batch.discounts == 0).float().unsqueeze(1),
            rewards=batch.returns.unsqueeze(1),
        )
        self.model.replay_buffer.sample = lambda *arguments, **named: samples
        self.learn()
        return float(self.model.logger.name_to_value["train/loss"])

    def learn(self) -> None:
        self.model.train(gradient_steps=1, batch_size=self.batch_size)


class SpacesOnly(gym.Env[NDArray[Any], np.int64]):
    """An environment that is never stepped: Stable-Baselines3 takes the spaces from it."""

    def __init__(self, shape: tuple[int, ...], pixels: bool) -> None:
        self.observation_space = gym.spaces.Box(0, 255 if pixels else 1, shape, np.uint8 if pixels else np.float32)
        self.action_space = gym.spaces.Discrete(NUM_ACTIONS)


class CleanRLC51:
    """CleanRL's C51: uniform replay, one pass of each network, the projection row by row, Adam not fused."""

    def __init__(self, shape: tuple[int, ...], settings: RainbowSettings, batches: Sequence[Batch]) -> None:
        self.settings = settings
        self.online, self.target = (PlainNetwork(shape, settings) for _ in range(2))
        self.atoms = torch.linspace(settings.v_min, settings.v_max, settings.atoms)
        self.optimizer = unfused_adam(self.online, settings)
        self.data = {name: joined(batches, name) for name in ("observations", "actions", "returns")}
        self.next_observations = joined(batches, "next_observations")
        self.terminated = np.zeros(len(self.data["actions"]), np.float32)
        self.rng = np.random.default_rng(0)

    def take_weights(self, agent: Rainbow) -> None:
        copy_parameters(agent.online, self.online)
        copy_parameters(agent.target, self.target)

    def learn_from(self, batch: Batch) -> float:
        terminated = (batch.discounts == 0).float()
        loss, projected = self.update(
            batch.observations, batch.actions, batch.returns, batch.next_observations, terminated
        )
        return float(loss - entropy(projected).mean())

    def learn(self) -> None:
        rows = self.rng.integers(len(self.terminated), size=self.settings.batch_size)
        observations, actions, returns = (torch.from_numpy(values[rows]) for values in self.data.values())
        next_observations, terminated = (torch.from_numpy(v[rows]) for v in (self.next_observations, self.terminated))
        self.update(observations, actions, returns, next_observations, terminated)

    def update(
        self,
        observations: torch.Tensor,
        actions: torch.Tensor,
        returns: torch.Tensor,
        next_observations: torch.Tensor,
        terminated: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns the loss, a cross entropy, and the projected distribution."""
        settings = self.settings
        rows = torch.arange(len(actions))
        with torch.no_grad():
            next_probabilities = self.target(next_observations).softmax(dim=2)
            best = (next_probabilities * self.atoms).sum(2).argmax(1)
            moved = returns[:, None] + settings.gamma * self.atoms * (1 - terminated[:, None])
            projected = project_row_by_row(next_probabilities[rows, best], moved, settings)
        probabilities = self.online(observations).softmax(dim=2)[rows, actions]
        loss = (-(projected * clamped_log(probabilities)).sum(-1)).mean()
        self.optimizer.zero_grad()
        torch.autograd.backward(loss)
        self.optimizer.step()
        return loss.detach(), projected


class CleanRLRainbow:
    """CleanRL's Rainbow: trees of sums and minima in Python loops, a normal number for each noisy weight, three passes.

    With `vectorised` what people usually do about that instead: trees walked level by level in NumPy, factorised noise,
    the projection in two calls.
    """

    def __init__(
        self, shape: tuple[int, ...], settings: RainbowSettings, batches: Sequence[Batch], *, vectorised: bool
    ) -> None:
        self.settings = settings
        self.vectorised = vectorised
        self.online, self.target = (NoisyDuelingNetwork(shape, settings, vectorised) for _ in range(2))
        self.atoms = torch.linspace(settings.v_min, settings.v_max, settings.atoms)
        self.optimizer = unfused_adam(self.online, settings)
        names = ("observations", "actions", "returns", "next_observations")
        self.data = {name: joined(batches, name) for name in names}
        size = len(self.data["actions"])
        self.terminated = np.zeros(size, np.bool_)
        self.trees = NumpyTrees(size) if vectorised else LoopTrees(size)

    def take_weights(self, agent: Rainbow) -> None:
        self.online.take_weights(agent.online)
        self.target.take_weights(agent.target)

    def learn_from(self, batch: Batch) -> float:
        terminated = batch.discounts == 0
        loss, cross_entropy, projected = self.update(
            batch.observations, batch.actions, batch.returns, batch.next_observations, terminated, batch.weights
        )
        self.step(loss)
        return float((batch.weights * (cross_entropy - entropy(projected))).mean())

    def learn(self) -> None:
        self.online.draw_noise()
        self.target.draw_noise()
        rows, priorities, total = self.trees.sample(self.settings.batch_size)
        observations, actions, returns, next_observations = (
            torch.from_numpy(values[rows]) for values in self.data.values()
        )
        weights = (len(self.terminated) * priorities / total) ** -0.4
        weights = torch.from_numpy((weights / weights.max()).astype(np.float32))
        terminated = torch.from_numpy(self.terminated[rows])
        loss, errors, _ = self.update(observations, actions, returns, next_observations, terminated, weights)
        self.trees.update(rows, (np.abs(errors.numpy()) + PRIORITY_FLOOR) ** 0.5)
        self.step(loss)

    def update(
        self,
        observations: torch.Tensor,
        actions: torch.Tensor,
        returns: torch.Tensor,
        next_observations: torch.Tensor,
        terminated: torch.Tensor,
        weights: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Returns the loss, each row's cross entropy and the projected distribution."""
        settings = self.settings
        discount = settings.gamma**settings.n_step
        project = project_at_once if self.vectorised else project_row_by_row
        with torch.no_grad():
            next_probabilities = self.target(next_observations)
            online_probabilities = self.online(next_observations)
            best = (online_probabilities * self.atoms).sum(dim=2).argmax(dim=1)
            chosen = next_probabilities[torch.arange(len(best)), best]
            moved = returns[:, None] + discount * self.atoms * (1 - terminated[:, None].float())
            projected = project(chosen, moved, settings)
        index = actions[:, None, None].expand(-1, -1, settings.atoms)
        probabilities = self.online(observations).gather(1, index).squeeze(1)
        cross_entropy = -(projected * clamped_log(probabilities)).sum(dim=1)
        return (cross_entropy * weights).mean(), cross_entropy.detach(), projected

    def step(self, loss: torch.Tensor) -> None:
        self.optimizer.zero_grad()
        torch.autograd.backward(loss)
        self.optimizer.step()


class PlainNetwork(nn.Module):
    """Logits of all actions: convolutions or hidden layers, one more hidden layer, one output layer."""

    def __init__(self, shape: tuple[int, ...], settings: RainbowSettings) -> None:
        super().__init__()
        trunk, features = make_layers(shape, settings)
        hidden, outputs = nn.Linear(features, settings.head_size), NUM_ACTIONS * settings.atoms
        self.layers = nn.Sequential(*trunk, hidden, nn.ReLU(), nn.Linear(settings.head_size, outputs))

    def forward(self, observations: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.layers(as_inputs(observations))
        return logits.view(len(observations), NUM_ACTIONS, -1)


class NoisyDuelingNetwork(nn.Module):
    """Probabilities for all actions, from a value and an advantage stream of noisy layers."""

    def __init__(self, shape: tuple[int, ...], settings: RainbowSettings, factorised: bool) -> None:
        super().__init__()
        self.atoms, head = settings.atoms, settings.head_size
        trunk, features = make_layers(shape, settings)
        self.trunk = nn.Sequential(*trunk)
        self.value, self.advantage = (
            nn.Sequential(Noisy(features, head, factorised), nn.ReLU(), Noisy(head, outputs, factorised))
            for outputs in (self.atoms, NUM_ACTIONS * self.atoms)
        )

    def forward(self, observations: torch.Tensor) -> torch.Tensor:
        features = self.trunk(as_inputs(observations))
        value = self.value(features).view(-1, 1, self.atoms)
        advantage = self.advantage(features).view(-1, NUM_ACTIONS, self.atoms)
        return (value + advantage - advantage.mean(dim=1, keepdim=True)).softmax(dim=2)

    def draw_noise(self) -> None:
        for stream in (self.value, self.advantage):
            stream[0].draw_noise()
            stream[2].draw_noise()

    def take_weights(self, network: nn.Module) -> None:
        """Ours has the two hidden layers as one, with one noise for their inputs."""
        copy_parameters(network.trunk, self.trunk)
        head: Any = network.head
        half = head.value.in_features
        for rows, stream in ((slice(half), self.value), (slice(half, None), self.advantage)):
            stream[0].take(head.hidden, rows)
        self.value[2].take(head.value, slice(None))
        self.advantage[2].take(head.advantage, slice(None))


class Noisy(nn.Module):
    """A linear layer with learned noise, one normal number for each weight, or if `factorised` for each side."""

    def __init__(self, inputs: int, outputs: int, factorised: bool) -> None:
        super().__init__()
        self.factorised = factorised
        self.weight, self.weight_sigma = (nn.Parameter(torch.zeros(outputs, inputs)) for _ in range(2))
        self.bias, self.bias_sigma = (nn.Parameter(torch.zeros(outputs)) for _ in range(2))
        self.weight_noise, self.bias_noise = torch.zeros(outputs, inputs), torch.zeros(outputs)

    def draw_noise(self) -> None:
        if self.factorised:
            left, right = (torch.randn(size) for size in self.weight.shape)
            left, right = (side.sign() * side.abs().sqrt() for side in (left, right))
            self.weight_noise.copy_(torch.outer(left, right))
            self.bias_noise.copy_(left)
        else:
            self.weight_noise.normal_()
            self.bias_noise.normal_()

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        weight = self.weight + self.weight_sigma * self.weight_noise
        return nn.functional.linear(inputs, weight, self.bias + self.bias_sigma * self.bias_noise)

    def take(self, layer: Any, rows: slice) -> None:
        """Weights and noise of some rows of one of our layers."""
        with torch.no_grad():
            for name in ("weight", "weight_sigma", "bias", "bias_sigma"):
                getattr(self, name).copy_(getattr(layer, name)[rows])
        self.weight_noise.copy_(torch.outer(layer.noise_out[0, rows], layer.noise_in[0]))
        self.bias_noise.copy_(layer.noise_out[0, rows])


class LoopTrees:
    """A tree of sums and a tree of minima, in two arrays, every draw and every update a Python loop."""

    def __init__(self, size: int) -> None:
        self.first_leaf = size - 1
        self.sums = np.ones(2 * size - 1, np.float32)
        self.minima = np.ones(2 * size - 1, np.float32)
        for node in range(size - 2, -1, -1):
            self.sums[node] = self.sums[2 * node + 1] + self.sums[2 * node + 2]
        self.rng = np.random.default_rng(0)

    def sample(self, count: int) -> tuple[list[int], NDArray[np.float32], float]:
        """Rows, their priorities, and the sum of all."""
        rows = []
        stratum = self.sums[0] / count
        for i in range(count):
            remaining = self.rng.uniform(stratum * i, stratum * (i + 1))
            node = 0
            while node < self.first_leaf:
                left = 2 * node + 1
                if remaining <= self.sums[left]:
                    node = left
                else:
                    remaining -= self.sums[left]
                    node = left + 1
            rows.append(node - self.first_leaf)
        return rows, np.array([self.sums[row + self.first_leaf] for row in rows]), float(self.sums[0])

    def update(self, rows: Sequence[int], priorities: NDArray[np.float32]) -> None:
        for row, priority in zip(rows, priorities, strict=True):
            node = row + self.first_leaf
            self.sums[node] = self.minima[node] = priority
            while node > 0:
                node = (node - 1) // 2
                left = 2 * node + 1
                self.sums[node] = self.sums[left] + self.sums[left + 1]
                self.minima[node] = min(self.minima[left], self.minima[left + 1])


class NumpyTrees:
    """One tree of sums, all draws and all updates together, level by level."""

    def __init__(self, size: int) -> None:
        self.tree = NumpyTree(np.ones(size))
        self.rng = np.random.default_rng(0)

    def sample(self, count: int) -> tuple[NDArray[np.int64], NDArray[np.float64], float]:
        rows = self.tree.sample(self.rng.random(count))
        return rows, self.tree.nodes[rows + (1 << self.tree.depth)], float(self.tree.nodes[1])

    def update(self, rows: NDArray[np.int64], priorities: NDArray[np.float32]) -> None:
        self.tree.set(rows, priorities)


def project_row_by_row(probabilities: torch.Tensor, moved: torch.Tensor, settings: RainbowSettings) -> torch.Tensor:
    """The distribution at `moved` on the fixed atoms, two additions a row."""
    last = settings.atoms - 1
    places = (moved.clamp(settings.v_min, settings.v_max) - settings.v_min) / ((settings.v_max - settings.v_min) / last)
    lower, upper = places.floor().clamp(0, last), places.ceil().clamp(0, last)
    to_lower = (upper + (lower == upper).float() - places) * probabilities
    to_upper = (places - lower) * probabilities
    projected = torch.zeros_like(probabilities)
    for i in range(len(projected)):
        projected[i].index_add_(0, lower[i].long(), to_lower[i])
        projected[i].index_add_(0, upper[i].long(), to_upper[i])
    return projected


def project_at_once(probabilities: torch.Tensor, moved: torch.Tensor, settings: RainbowSettings) -> torch.Tensor:
    """The same, all rows in two additions."""
    last = settings.atoms - 1
    places = (moved.clamp(settings.v_min, settings.v_max) - settings.v_min) / ((settings.v_max - settings.v_min) / last)
    lower, upper = places.floor().clamp(0, last).long(), places.ceil().clamp(0, last).long()
    row_starts = torch.arange(0, probabilities.numel(), settings.atoms).unsqueeze(1)
    projected = torch.zeros_like(probabilities)
    to_lower = (upper + (lower == upper).float() - places) * probabilities
    projected.view(-1).index_add_(0, (lower + row_starts).view(-1), to_lower.view(-1))
    projected.view(-1).index_add_(0, (upper + row_starts).view(-1), ((places - lower) * probabilities).view(-1))
    return projected


def clamped_log(probabilities: torch.Tensor) -> torch.Tensor:
    return probabilities.clamp(min=SMALLEST_PROBABILITY, max=1 - SMALLEST_PROBABILITY).log()


def entropy(distribution: torch.Tensor) -> torch.Tensor:
    """Of each row: what a cross entropy has more than the divergence that ours reports."""
    return -torch.xlogy(distribution, distribution).sum(dim=1)


def make_layers(shape: tuple[int, ...], settings: RainbowSettings) -> tuple[list[nn.Module], int]:
    """What comes before the head, and how many features it gives."""
    layers: list[nn.Module] = []
    if len(shape) == 3:
        channels = shape[0]
        for outputs, kernel, stride in NATURE:
            layers += [nn.Conv2d(channels, outputs, kernel, stride), nn.ReLU()]
            channels = outputs
        return [*layers, nn.Flatten()], NATURE_FEATURES
    inputs = math.prod(shape)
    for outputs in settings.hidden_sizes:
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
        inputs = outputs
    return layers, inputs


def as_inputs(observations: torch.Tensor) -> torch.Tensor:
    return observations / 255.0 if observations.dtype == torch.uint8 else observations


def unfused_adam(network: nn.Module, settings: RainbowSettings) -> torch.optim.Adam:
    """Adam as it comes, which is how CleanRL uses it."""
    rate = settings.learning_rate
    assert isinstance(rate, float)
    return torch.optim.Adam(network.parameters(), lr=rate, eps=settings.adam_epsilon)


def copy_parameters(source: nn.Module, into: nn.Module) -> None:
    """One by one in their order, which must have the same shapes."""
    with torch.no_grad():
        for ours, theirs in zip(source.parameters(), into.parameters(), strict=True):
            assert ours.shape == theirs.shape, (ours.shape, theirs.shape)
            theirs.copy_(ours)


def joined(batches: Sequence[Batch], name: str) -> NDArray[Any]:
    """All of the batches' tensors of that name, one after the other."""
    return np.concatenate([getattr(batch, name).numpy() for batch in batches])
