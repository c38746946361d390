"""PQN: Q-learning on what many environments play just now, without a replay and without a target network.

Gallici et al., 2024, "Simplifying Deep Temporal Difference Learning", https://arxiv.org/abs/2407.04811. Layer
normalisation keeps the values from running away, Q(lambda) returns carry rewards back, and a handful of environments at
once take the place of the replay: they are never all in the same situation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import gymnasium as gym
import numpy as np
import torch
from numpy.typing import NDArray

from quarterup.agents.agent import AgentState, Beliefs, Transitions, box
from quarterup.agents.checkpoint import adam_tensors, check_same_tensors, load_adam, load_module, module_tensors
from quarterup.agents.finite import check_finite
from quarterup.agents.mirrored import MIRRORED_SHARE, Mirrored
from quarterup.agents.network_actor import NetworkActor
from quarterup.agents.networks.layer_norm import LayerNormQNetwork
from quarterup.agents.networks.trunks import PlainTrunk
from quarterup.agents.q_lambda import q_lambda_returns
from quarterup.agents.rollout import Rollout
from quarterup.agents.schedules import Linear, Schedule, check_range, value_at
from quarterup.agents.targets import ValueScale, of_actions
from quarterup.agents.weight_average import WeightAverage
from quarterup.mirror import Mirror

ROLLOUT_SIZE = 4_096
"""Env steps in a rollout of the paper: 128 environments of 32 steps each."""
MIN_ROLLOUT_STEPS, MAX_ROLLOUT_STEPS = 32, 128
"""Steps of each environment in a rollout that is left to choose itself. The paper's with its 128 environments; few
environments take longer ones, as in CleanRL's PQN, so that there is something to shuffle."""


@dataclass(frozen=True)
class PQNSettings:
    """Settings of PQN. An env step is one decision in one environment; an update is one gradient step.

    A rollout is what all environments did in some steps in a row. It is learned from `epochs` times, then forgotten.
    """

    rollout_steps: int = 0
    """Steps of each environment before they are learned from. Higher gives better returns and more varied updates,
    lower learns from newer behaviour. 0 is 4,096 over the number of environments, at least 32 and at most 128."""
    epochs: int = 2
    """Times that each rollout is learned from. Higher learns more from each step, lower is faster and steadier."""
    batch_size: int = 128
    """Env steps in an update. Higher gives steadier gradients, lower more updates of each rollout."""
    gamma: float = 0.99
    """Discount of one env step. Higher looks further ahead, lower learns faster and values near rewards."""
    q_lambda: float = 0.65
    """How much the returns rely on the rewards that followed rather than on the network's own values. Higher carries
    rewards back faster, lower is less noisy and less biased by exploration. 0 is one-step Q-learning."""

    reward_scale: float = 0.1
    """Points are multiplied by this before anything else. Higher brings small rewards within the network's reach
    sooner, lower keeps large ones from upsetting it."""
    clip_rewards: bool = False
    """Learn from rewards clipped to -1..1, as most published agents do; "points" below then are clipped ones. Off: from
    the points themselves."""
    value_rescaling: bool = False
    """Learn values on a square-root scale, so that rewards of ten and of thousands fit one network. Off: linear."""

    hidden_sizes: tuple[int, ...] = (256, 256)
    """Layers of the network; for pixels they come after convolutions, for grids of few cells after a single one. More
    and larger layers learn harder games, fewer and smaller ones are faster."""
    pixel_trunk: PlainTrunk = "nature"
    """Convolutions before them, for pixels: `nature` is the usual one, `small` is faster and enough for pictures of
    half the usual size."""
    learning_rate: Schedule = 2.5e-4
    """Step size of RAdam; a schedule. Higher learns faster until it becomes unstable, lower is safer. Falling to 0, it
    settles on what was learned."""
    max_gradient_norm: float = 10.0
    """Gradients above this norm are scaled down to it. Higher lets outliers through, lower slows learning."""

    average_updates: int = 0
    """Play by the average of the weights after about so many of the last updates, instead of the newest. Higher plays
    more steadily, lower follows what is learned sooner. 0 plays by the newest."""

    mirror_images: bool = False
    """Learn half of all steps as their mirror images, in games whose features have one: more from
    each step where both sides are alike. Off: as they were."""

    epsilon: Schedule = Linear(1.0, 0.01, 100_000)
    """Chance of a random action; a schedule. Higher explores more, lower relies on what is known."""

    metrics_every: int = 10
    """Updates between metrics. Higher costs less time, lower shows more."""

    def __post_init__(self) -> None:
        if self.rollout_steps < 0:
            raise ValueError(f"rollout_steps must be above 0, or 0 to let it choose itself, got {self.rollout_steps}.")
        if min(self.epochs, self.batch_size, self.metrics_every) < 1:
            raise ValueError(
                "epochs, batch_size and metrics_every must be 1 or more, got"
                f" {self.epochs}, {self.batch_size} and {self.metrics_every}."
            )
        if self.average_updates < 0:
            raise ValueError(f"average_updates must be 0 or more, got {self.average_updates}.")
        if not 0 <= self.q_lambda <= 1:
            raise ValueError(f"q_lambda must be from 0 to 1, got {self.q_lambda}.")
        if not self.reward_scale > 0:
            raise ValueError(f"reward_scale must be above 0, got {self.reward_scale}.")
        check_range("learning_rate", self.learning_rate, 0)
        check_range("epsilon", self.epsilon, 0, 1)


@dataclass(frozen=True)
class Lesson:
    """What one rollout teaches: its valid steps in any order, B of them, and the updates that are still to be made."""

    observations: torch.Tensor
    """Shape (B, *observation_shape), in the environment's dtype."""
    actions: torch.Tensor
    """int64, shape (B,)."""
    targets: torch.Tensor
    """Returns in network units, float32, shape (B,)."""
    batches: list[torch.Tensor]
    """Which of the B steps are in each update, the last first; int64."""


class PQNActor(NetworkActor[LayerNormQNetwork, PQNSettings]):
    """The network, and its exploration. Implements `quarterup.agents.agent.Actor`."""

    def __init__(
        self,
        observation_space: gym.Space[NDArray[np.generic]],
        num_actions: int,
        settings: PQNSettings,
        seed: int,
        device: str = "cpu",
    ) -> None:
        """Make one with fresh weights; arguments as of `PQN`."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = LayerNormQNetwork(
                box(observation_space).shape, num_actions, settings.hidden_sizes, settings.pixel_trunk
            )
        super().__init__(network, "network", num_actions, settings, seed, torch.device(device))
        self._scale = ValueScale(settings.reward_scale, settings.value_rescaling)

    def act(self, observations: NDArray[np.generic], *, explore: bool) -> NDArray[np.int64]:
        """Actions for observations (N, *observation_shape) -> (N,)."""
        actions = self._chosen(observations, explore=explore)
        if explore:
            self._choose_some_at_random(actions)
        return actions

    def _choose(self, observations: torch.Tensor, *, explore: bool) -> torch.Tensor:
        values: torch.Tensor = self.network(observations)
        return values.argmax(dim=1)

    def beliefs(self, observation: NDArray[np.generic]) -> Beliefs:
        """The network's values."""
        with torch.inference_mode():
            values = self.network(torch.tensor(observation[None], device=self.device))
            return Beliefs(self._scale.to_points(values[0]).cpu().numpy())


class PQN:
    """The agent: one network, its optimizer, one rollout. Implements `quarterup.agents.agent.Agent`."""

    replays: ClassVar[bool] = False

    def __init__(
        self,
        observation_space: gym.Space[NDArray[np.generic]],
        num_actions: int,
        num_envs: int,
        settings: PQNSettings,
        seed: int,
        replay_directory: Path | None = None,
        device: str = "cpu",
        mirror: Mirror | None = None,
    ) -> None:
        """Make a fresh agent; on the CPU the same seed and the same data give the same weights, bit for bit.

        Args:
            observation_space: of one environment: a Box of shape (features,), (stack, height, width) for pixels, or
                (channels, height, width) for grids of few cells.
            num_actions: size of the discrete action space.
            num_envs: environments that act together.
            settings: see there.
            seed: of the weights, the exploration and the shuffling.
            replay_directory: unused, there is no replay.
            device: torch's name of the device that the network is on.
            mirror: of the observations, if they have one.
        """
        self.settings = settings
        self.actor = PQNActor(observation_space, num_actions, settings, seed, device)
        """Plays by the very network that learns, unless it plays by an average. Its random generator is that of the
        learning, too."""
        self.updates = 0
        self._device = self.actor.device
        self._rng = self.actor.rng
        self._average = WeightAverage(self.actor.network, settings.average_updates)
        self.network = self._average.newest
        self._parameters = list(self.network.parameters())
        self.optimizer = torch.optim.RAdam(self._parameters, lr=self.learning_rate())
        self._scale = ValueScale(settings.reward_scale, settings.value_rescaling)
        space = box(observation_space)
        self._rollout = Rollout(space.shape, space.dtype, num_envs, rollout_steps(settings, num_envs))
        self._lesson: Lesson | None = None
        self._mirrored = Mirrored(mirror, self._device) if mirror and settings.mirror_images else None

    @property
    def env_steps(self) -> int:
        """Decisions observed so far, in all environments."""
        return self.actor.env_steps

    def act(self, observations: NDArray[np.generic], *, explore: bool) -> NDArray[np.int64]:
        """The actor's actions, see there."""
        return self.actor.act(observations, explore=explore)

    def observe(self, transitions: Transitions) -> None:
        """Take in one vector step. Raises ValueError if it does not follow from the one before."""
        self._rollout.add(transitions.clipped() if self.settings.clip_rewards else transitions)
        self.actor.env_steps += int(np.count_nonzero(transitions.valid))
        if self._rollout.full and not self._rollout.valid[:-1].any():
            self._rollout.begin_next()  # Nothing but resets.

    def fill(self) -> None:
        """There is no replay."""

    def demonstrate(self, steps: Transitions, stream: int) -> None:
        """Raises ValueError: see there."""
        raise ValueError("PQN learns from what it plays just now, and has no replay that could keep demonstrations.")

    def ready(self) -> bool:
        """Whether a rollout waits to be learned from."""
        return self._rollout.full

    def learn(self) -> Mapping[str, float]:
        """One update, of one batch of the rollout. Every `metrics_every` updates it returns metrics, otherwise nothing.

        Raises FloatingPointError, leaving the weights as they were, if loss or gradient are not finite.
        """
        lesson = self._lesson = self._lesson or self._begin_lesson()
        batch = lesson.batches.pop()
        observations, actions = lesson.observations[batch], lesson.actions[batch]
        if self._mirrored:
            chosen = torch.from_numpy(self._rng.random(len(batch)) < MIRRORED_SHARE).to(self._device)
            observations = torch.where(chosen.unsqueeze(1), self._mirrored.observations(observations), observations)
            actions = torch.where(chosen, self._mirrored.actions(actions), actions)
        values = of_actions(self.network(observations), actions)
        targets = lesson.targets[batch]
        loss = 0.5 * (values - targets).square().mean()

        self.optimizer.zero_grad()
        torch.autograd.backward(loss)
        norm = torch.nn.utils.clip_grad_norm_(self._parameters, self.settings.max_gradient_norm)
        check_finite(loss.item(), norm.item(), self.updates)
        self.optimizer.param_groups[0]["lr"] = self.learning_rate()
        self.optimizer.step()

        self.updates += 1
        self._average.follow(self.updates)
        if not lesson.batches:
            self._lesson = None
            self._rollout.begin_next()
        if self.updates % self.settings.metrics_every:
            return {}
        return {
            "loss": loss.item(),
            "q": self._scale.to_points(values.detach()).mean().item(),
            "return": self._scale.to_points(targets).mean().item(),
            "gradient_norm": norm.item(),
            "epsilon": self.actor.epsilon(),
            "learning_rate": self.learning_rate(),
        }

    def learning_rate(self) -> float:
        """The optimizer's step size now."""
        return value_at(self.settings.learning_rate, self.env_steps)

    def adjust(self, settings: PQNSettings) -> None:
        """Go on with other schedules."""
        self.settings = settings
        self.actor.adjust(settings)

    def forget(self) -> None:
        """Forget the rollout. The next step observed begins new episodes."""
        self._rollout.clear()
        self._lesson = None

    def state(self) -> AgentState:
        """Network, optimizer, counters and random generator. A rollout that is not learned from yet is left out."""
        values = {"env_steps": self.env_steps, "updates": self.updates, "rng": self._rng.bit_generator.state}
        return AgentState(self._learned(), values)

    def load(self, state: AgentState) -> None:
        """Go on from `state`, with an empty rollout. The next step observed begins new episodes.

        Raises ValueError, naming the first difference and changing nothing, if it belongs to another network.
        """
        check_same_tensors(self._learned(), state.tensors)
        load_module("network", self.network, state.tensors)
        load_adam("optimizer", self.optimizer, self.network, state.tensors)
        self._average.load(state.tensors)
        self._rng.bit_generator.state = state.values["rng"]
        self.actor.env_steps = state.values["env_steps"]
        self.updates = state.values["updates"]
        self.forget()

    def _learned(self) -> dict[str, torch.Tensor]:
        return {
            **module_tensors("network", self.network),
            **self._average.tensors(),
            **adam_tensors("optimizer", self.optimizer, self.network),
        }

    def _begin_lesson(self) -> Lesson:
        """Returns of the full rollout, by the network as it is now, and batches in random order for all epochs."""
        rollout, settings = self._rollout, self.settings
        returns = q_lambda_returns(
            rollout.rewards[:-1],
            self._values()[1:],
            rollout.terminated[:-1],
            rollout.cut,
            settings.gamma,
            settings.q_lambda,
        )
        valid = rollout.valid[:-1]
        count = int(np.count_nonzero(valid))
        num_batches = max(1, round(count / settings.batch_size))
        batches = [
            torch.from_numpy(batch).to(self._device)
            for _ in range(settings.epochs)
            for batch in np.array_split(self._rng.permutation(count), num_batches)
        ]
        return Lesson(
            observations=torch.from_numpy(rollout.observations[:-1][valid]).to(self._device),
            actions=torch.from_numpy(rollout.actions[:-1][valid]).to(self._device),
            targets=self._scale.from_points(torch.from_numpy(returns[valid]).to(self._device)),
            batches=batches[::-1],
        )

    def _values(self) -> NDArray[np.float32]:
        """What the best action is worth in every observation of the rollout, in points, shape (T + 1, N)."""
        observations = torch.from_numpy(self._rollout.observations).flatten(0, 1)
        parts = torch.split(observations, self.settings.batch_size)
        with torch.inference_mode():
            best = [self.network(part.to(self._device)).amax(dim=1) for part in parts]
            points: NDArray[np.float32] = self._scale.to_points(torch.cat(best)).cpu().numpy()
        return points.reshape(self._rollout.valid.shape)


def rollout_steps(settings: PQNSettings, num_envs: int) -> int:
    """How many steps of each of `num_envs` environments a rollout has: as told, or by their number."""
    if settings.rollout_steps:
        return settings.rollout_steps
    return min(max(ROLLOUT_SIZE // num_envs, MIN_ROLLOUT_STEPS), MAX_ROLLOUT_STEPS)
