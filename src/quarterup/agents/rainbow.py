"""Rainbow: Q-learning with six improvements, each of which can be switched off.

Hessel et al., 2018, "Rainbow: Combining Improvements in Deep Reinforcement Learning",
https://arxiv.org/abs/1710.02298: double Q-learning, prioritised replay, dueling networks, n-step targets, a
distribution of values (C51) and noisy networks. An expert's actions can be cloned beside it (Hester et al., 2018,
"Deep Q-learning from Demonstrations", https://arxiv.org/abs/1704.03732).
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import gymnasium as gym
import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from quarterup.agents.agent import AgentState, Transitions
from quarterup.agents.checkpoint import adam_tensors, check_same_tensors, load_adam, load_module, module_tensors
from quarterup.agents.finite import check_finite
from quarterup.agents.networks.q_network import QNetwork
from quarterup.agents.replay.replay import Batch, Replay
from quarterup.agents.schedules import linear
from quarterup.agents.targets import (
    ValueScale,
    distribution_target,
    expected_values,
    large_margin,
    logits_near_zero,
    of_actions,
    q_target,
)


@dataclass(frozen=True)
class RainbowSettings:
    """Settings of Rainbow. An env step is one decision in one environment; an update is one gradient step."""

    double: bool = True
    """Let the online network choose the next action and the target network value it. Off: the target network does
    both, and values are overestimated."""
    dueling: bool = True
    """Separate streams for the value of a state and the advantages of the actions. Off: one stream."""
    noisy: bool = True
    """Explore by learned noise in the weights. Off: epsilon-greedy by `epsilon_start` to `epsilon_end`."""
    prioritized: bool = True
    """Replay surprising transitions more often. Off: all alike."""
    distributional: bool = True
    """Learn the distribution of returns over `atoms` (C51). Off: their mean, with the Huber loss."""
    n_step: int = 3
    """Rewards summed before the target bootstraps. Higher carries rewards back faster, lower is less biased by old
    behaviour and less noisy."""
    gamma: float = 0.99
    """Discount of one env step. Higher looks further ahead, lower learns faster and values near rewards."""

    reward_scale: float = 0.1
    """Points are multiplied by this before anything else. Higher brings small rewards out of the linear range of
    `value_rescaling`, lower keeps very large scores in it."""
    value_rescaling: bool = True
    """Learn values on a square-root scale, so that rewards of ten and of thousands fit one network. Off: linear."""
    v_min: float = -100.0
    """Smallest discounted return that the distribution can hold, in points. Lower makes room for larger losses,
    higher gives finer atoms. Unused without `distributional`."""
    v_max: float = 2000.0
    """Largest discounted return that the distribution can hold, in points. Higher makes room for larger scores, lower
    gives finer atoms. Watch the metric `beyond_support`. Unused without `distributional`."""
    atoms: int = 51
    """Points of the distribution. Higher is finer and slower. Unused without `distributional`."""

    hidden_sizes: tuple[int, ...] = (128, 128)
    """Layers of the network under the head, for vector observations; pixels get the Nature convolutions instead. More
    and larger layers learn harder games, fewer and smaller ones are faster."""
    head_size: int = 128
    """Hidden units in each stream of the head. Higher learns more, lower is faster."""

    batch_size: int = 64
    """Transitions in an update. Higher gives steadier gradients, lower gives more updates a second."""
    learning_rate: float = 2.5e-4
    """Step size of Adam. Higher learns faster until it becomes unstable, lower is safer."""
    adam_epsilon: float = 1.5e-4
    """Added to Adam's denominator. Higher takes smaller steps where gradients are small, lower larger ones."""
    max_gradient_norm: float = 10.0
    """Gradients above this norm are scaled down to it. Higher lets outliers through, lower slows learning."""
    target_every: int = 500
    """Updates between copies of the online to the target network. Higher is steadier, lower follows faster."""

    replay_capacity: int = 200_000
    """Transitions kept. Higher forgets less and takes more memory, lower keeps to recent behaviour."""
    learning_starts: int = 2_000
    """Env steps of random actions before the first update. Higher starts from more varied data, lower starts
    sooner."""
    priority_exponent: float = 0.5
    """0 replays all transitions alike, 1 in proportion to their error. Unused without `prioritized`."""
    beta_start: float = 0.4
    """Correction for uneven replay at the beginning: 0 none, 1 full. Lower learns faster and is more biased."""
    beta_steps: int = 1_000_000
    """Env steps until the correction is full. Higher stays with the biased, faster learning for longer."""

    epsilon_start: float = 1.0
    """Chance of a random action at the beginning. Higher explores more. Unused with `noisy`."""
    epsilon_end: float = 0.01
    """Chance of a random action after `epsilon_steps`. Higher explores more. Unused with `noisy`."""
    epsilon_steps: int = 50_000
    """Env steps from `epsilon_start` to `epsilon_end`. Higher explores for longer. Unused with `noisy`."""
    noisy_epsilon: float = 0.0
    """Chance of a random action on top of the noise. Higher explores more. Unused without `noisy`."""

    cloning_weight: float = 0.0
    """Weight, at the beginning, of the loss that clones the expert's actions. Higher keeps closer to the expert, 0
    learns from its rewards alone."""
    cloning_steps: int = 200_000
    """Env steps until that weight has fallen to 0. Higher keeps to the expert for longer, lower lets the agent find
    better play sooner."""
    cloning_margin: float = 0.1
    """By how much the expert's action should lead, in rescaled value. Higher copies the expert against stronger
    evidence from rewards, lower only breaks ties."""

    metrics_every: int = 100
    """Updates between metrics. Higher costs less time, lower shows more."""

    def __post_init__(self) -> None:
        if not self.v_min < self.v_max or self.atoms < 2:
            raise ValueError(
                f"A distribution needs v_min below v_max and 2 atoms or more, got {self.v_min}, {self.v_max}"
                f" and {self.atoms}."
            )
        if not self.reward_scale > 0:
            raise ValueError(f"reward_scale must be above 0, got {self.reward_scale}.")
        if self.learning_starts > self.replay_capacity:
            raise ValueError(
                f"learning_starts {self.learning_starts} is never reached with a replay_capacity of"
                f" {self.replay_capacity}."
            )


class Rainbow:
    """The agent: online and target network, optimizer, replay. Implements `quarterup.agents.agent.Agent`."""

    replays: ClassVar[bool] = True

    def __init__(
        self,
        observation_space: gym.Space[NDArray[np.generic]],
        num_actions: int,
        num_envs: int,
        settings: RainbowSettings,
        seed: int,
        replay_directory: Path | None = None,
        device: str = "cpu",
    ) -> None:
        """Make a fresh agent; on the CPU the same seed and the same data give the same weights, bit for bit.

        Args:
            observation_space: of one environment: a Box of shape (features,), or (stack, height, width) for pixels.
            num_actions: size of the discrete action space.
            num_envs: environments that act together.
            settings: see there.
            seed: of the weights, the noise, the exploration and the replay's draws.
            replay_directory: keep the replay there, so that it outlives the process.
            device: torch's name of the device that the networks are on.
        """
        if not isinstance(observation_space, gym.spaces.Box):
            raise ValueError(f"Rainbow takes Box observations, got {observation_space}.")
        self.settings = settings
        self.env_steps = 0
        self.updates = 0
        self._num_actions = num_actions
        self._device = torch.device(device)
        self._rng = np.random.default_rng(seed)
        self._generator = torch.Generator(self._device).manual_seed(seed)
        shape = observation_space.shape
        self.online = self._make_network(shape, seed)
        self.target = self._make_network(shape, seed).requires_grad_(False)
        self._acting = self.online
        """The network that acts: after `act_apart` a copy, which gets the online weights after each update."""
        self._publishing = threading.Lock()
        self._scale = ValueScale(settings.reward_scale, settings.value_rescaling)
        low, high = self._scale.from_points(torch.tensor([settings.v_min, settings.v_max])).tolist()
        self._atoms = torch.linspace(low, high, settings.atoms, device=self._device)
        self._atom_points = self._scale.to_points(self._atoms)
        if settings.distributional:
            for network in (self.online, self.target):
                network.head.begin_at(logits_near_zero(self._atoms))
        self._parameters = list(self.online.parameters())
        self.optimizer = torch.optim.Adam(
            self._parameters, lr=settings.learning_rate, eps=settings.adam_epsilon, fused=True
        )
        self.replay = Replay(
            observation_shape=shape,
            observation_dtype=observation_space.dtype,
            num_envs=num_envs,
            capacity=settings.replay_capacity,
            n_step=settings.n_step,
            gamma=settings.gamma,
            stack=shape[0] if len(shape) == 3 else 1,
            priority_exponent=settings.priority_exponent,
            directory=replay_directory,
        )

    def act_apart(self) -> None:
        """Act with a copy of the online network, so that `learn` may go on in another thread."""
        self._acting = copy.deepcopy(self.online).requires_grad_(False)

    def _publish(self) -> None:
        """Give the acting network the weights of the online one, between two actions."""
        if self._acting is not self.online:
            with torch.no_grad(), self._publishing:
                torch._foreach_copy_(list(self._acting.parameters()), list(self.online.parameters()))

    def act(self, observations: NDArray[np.generic], *, explore: bool) -> NDArray[np.int64]:
        """Actions for observations (N, *observation_shape) -> (N,). Exploring begins with random ones."""
        if explore and self.env_steps < self.settings.learning_starts:
            return self._rng.integers(self._num_actions, size=len(observations))
        with torch.inference_mode(), self._publishing:
            if explore:
                self._acting.resample_noise(len(observations), self._generator)
            else:
                self._acting.remove_noise()
            outputs = self._acting(torch.tensor(observations, device=self._device))
            actions: NDArray[np.int64] = self.points(outputs).argmax(dim=1).cpu().numpy()
        if explore and (epsilon := self.epsilon()) > 0:
            at_random = self._rng.random(len(actions)) < epsilon
            actions[at_random] = self._rng.integers(self._num_actions, size=int(at_random.sum()))
        return actions

    def observe(self, transitions: Transitions) -> None:
        """Take in one vector step. Raises ValueError if it does not follow from the one before."""
        self.replay.add(transitions)
        self.env_steps += int(np.count_nonzero(transitions.valid))

    def ready(self) -> bool:
        """Whether `learning_starts` is reached, by the replay too: after a restart it may be empty."""
        enough = min(self.env_steps, len(self.replay)) >= self.settings.learning_starts
        return enough and self.replay.can_sample

    def learn(self) -> Mapping[str, float]:
        """One update. Every `metrics_every` updates it returns metrics, otherwise nothing.

        Raises FloatingPointError, leaving the weights as they were, if loss or gradient are not finite.
        """
        settings = self.settings
        beta = linear(settings.beta_start, 1.0, settings.beta_steps, self.env_steps)
        batch = self.replay.sample(settings.batch_size, beta, self._rng).to(self._device)
        self.online.resample_noise(1, self._generator)
        self.target.resample_noise(1, self._generator)

        outputs = self.online(batch.observations)
        target = self._target(batch)
        errors = self._errors(of_actions(outputs, batch.actions), target)
        loss = (batch.weights * errors).mean()
        cloning_weight = linear(settings.cloning_weight, 0.0, settings.cloning_steps, self.env_steps)
        if cloning_weight > 0:
            margins = large_margin(self._values(outputs), batch.actions, settings.cloning_margin)
            loss = loss + cloning_weight * (batch.expert * margins).mean()

        self.optimizer.zero_grad()
        torch.autograd.backward(loss)
        norm = torch.nn.utils.clip_grad_norm_(self._parameters, settings.max_gradient_norm)
        check_finite(loss, norm, self.updates)
        self.optimizer.param_groups[0]["lr"] = settings.learning_rate
        self.optimizer.step()
        self._publish()

        if settings.prioritized:
            self.replay.update_priorities(batch.indices, errors.detach().cpu().numpy())
        self.updates += 1
        if self.updates % settings.target_every == 0:
            self.target.load_state_dict(self.online.state_dict())
        if self.updates % settings.metrics_every:
            return {}
        return {
            "loss": loss.item(),
            "error": errors.mean().item(),
            "q": self.points(outputs.detach()).amax(dim=1).mean().item(),
            "gradient_norm": norm.item(),
            "beyond_support": target[:, [0, -1]].sum(dim=1).mean().item() if settings.distributional else 0.0,
            "epsilon": self.epsilon(),
            "beta": beta,
            "cloning_weight": cloning_weight,
        }

    def epsilon(self) -> float:
        """The chance of a random action now, on top of any noise."""
        settings = self.settings
        if settings.noisy:
            return settings.noisy_epsilon
        return linear(settings.epsilon_start, settings.epsilon_end, settings.epsilon_steps, self.env_steps)

    def state(self) -> AgentState:
        """Networks, optimizer, counters and random generators. A replay in a directory is its own state."""
        values = {
            "env_steps": self.env_steps,
            "updates": self.updates,
            "rng": self._rng.bit_generator.state,
        }
        return AgentState({**self._learned(), "generator": self._generator.get_state()}, values)

    def load(self, state: AgentState) -> None:
        """Go on from `state`, with whatever the replay holds. The next step observed begins new episodes.

        A state saved on another kind of device fits too, only that the noise goes on differently.

        Raises ValueError, naming the first difference and changing nothing, if it belongs to another network.
        """
        check_same_tensors(self._learned(), {k: v for k, v in state.tensors.items() if k != "generator"})
        load_module("online", self.online, state.tensors)
        load_module("target", self.target, state.tensors)
        load_adam("optimizer", self.optimizer, self.online, state.tensors)
        generator = state.tensors["generator"].cpu()
        if generator.shape == self._generator.get_state().shape:  # Otherwise it is of another kind of device.
            self._generator.set_state(generator)
        self._rng.bit_generator.state = state.values["rng"]
        self.env_steps = state.values["env_steps"]
        self.updates = state.values["updates"]
        self.replay.begin_new_episodes()

    def _learned(self) -> dict[str, torch.Tensor]:
        networks = {**module_tensors("online", self.online), **module_tensors("target", self.target)}
        return {**networks, **adam_tensors("optimizer", self.optimizer, self.online)}

    def _make_network(self, observation_shape: tuple[int, ...], seed: int) -> QNetwork:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = QNetwork(
                observation_shape,
                self._num_actions,
                self.settings.atoms if self.settings.distributional else 1,
                hidden_sizes=self.settings.hidden_sizes,
                head_size=self.settings.head_size,
                dueling=self.settings.dueling,
                noisy=self.settings.noisy,
            )
        return network.to(self._device)

    def _values(self, outputs: torch.Tensor) -> torch.Tensor:
        """Expected values in network units, (B, actions)."""
        return expected_values(outputs, self._atoms) if self.settings.distributional else outputs.squeeze(2)

    def points(self, outputs: torch.Tensor) -> torch.Tensor:
        """Expected returns in points, (B, actions): what actions are chosen by."""
        if self.settings.distributional:
            return expected_values(outputs, self._atom_points)
        return self._scale.to_points(outputs.squeeze(2))

    def _target(self, batch: Batch) -> torch.Tensor:
        """What the outputs of the batch's actions are trained towards: (B, atoms), or (B, 1) without atoms."""
        with torch.no_grad():
            next_outputs = self.target(batch.next_observations)
            chooser = self.online(batch.next_observations) if self.settings.double else next_outputs
            next_actions = self.points(chooser).argmax(dim=1)
            if self.settings.distributional:
                return distribution_target(
                    next_outputs, next_actions, batch.returns, batch.discounts, self._atoms, self._scale
                )
            values = next_outputs.squeeze(2)
            return q_target(values, next_actions, batch.returns, batch.discounts, self._scale).unsqueeze(1)

    def _errors(self, outputs: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Error of each row, (B,): Kullback-Leibler divergence of distributions, or the Huber loss."""
        if self.settings.distributional:
            cross_entropy = -(target * outputs.log_softmax(dim=1)).sum(dim=1)
            return cross_entropy + torch.xlogy(target, target).sum(dim=1)
        return functional.smooth_l1_loss(outputs, target, reduction="none").squeeze(1)
