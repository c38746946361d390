"""Rainbow: Q-learning with six improvements, and five later ones, each of which can be switched on or off.

Hessel et al., 2018, "Rainbow: Combining Improvements in Deep Reinforcement Learning",
https://arxiv.org/abs/1710.02298: double Q-learning, prioritised replay, dueling networks, n-step targets, a
distribution of values (C51) and noisy networks. Clark et al., 2024, "Beyond The Rainbow",
https://arxiv.org/abs/2411.03820, add implicit quantiles, Munchausen targets, larger convolutions with spectral and
layer normalisation. An expert's actions can be cloned beside it (Hester et al., 2018, "Deep Q-learning from
Demonstrations", https://arxiv.org/abs/1704.03732).
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import gymnasium as gym
import numpy as np
import torch
from numpy.typing import NDArray

from quarterup.agents.agent import AgentState, Beliefs, Transitions, box
from quarterup.agents.checkpoint import adam_tensors, check_same_tensors, load_adam, load_module, module_tensors
from quarterup.agents.cuda_updates import CudaUpdates
from quarterup.agents.mirrored import MIRRORED_SHARE, Mirrored
from quarterup.agents.network_actor import NetworkActor
from quarterup.agents.networks.q_network import QNetwork
from quarterup.agents.rainbow_settings import RainbowSettings
from quarterup.agents.rainbow_update import Done, RainbowUpdate, Task, Updates, UpdatesNow, draw_taus
from quarterup.agents.replay import layout
from quarterup.agents.replay.replay import Replay
from quarterup.agents.schedules import value_at
from quarterup.agents.targets import ValueScale, logits_near_zero
from quarterup.agents.values import Categorical, Mean, MeanBySquares, Quantiles, Values
from quarterup.agents.weight_average import WeightAverage
from quarterup.mirror import Mirror


class RainbowActor(NetworkActor[QNetwork, RainbowSettings]):
    """The network that plays, and its noise. Implements `quarterup.agents.agent.Actor`."""

    def __init__(
        self,
        observation_space: gym.Space[NDArray[np.generic]],
        num_actions: int,
        settings: RainbowSettings,
        seed: int,
        device: str = "cpu",
    ) -> None:
        """Make one with fresh weights; arguments as of `Rainbow`."""
        self.values = _make_values(settings, num_actions, torch.device(device))
        network = _make_network(box(observation_space).shape, num_actions, self.values, settings, seed)
        self.generator = torch.Generator(device).manual_seed(seed)
        super().__init__(network, "online", num_actions, settings, seed, torch.device(device), self.generator)

    def act(self, observations: NDArray[np.generic], *, explore: bool) -> NDArray[np.int64]:
        """Actions for observations (N, *observation_shape) -> (N,). Exploring begins with random ones."""
        if explore and self.env_steps < self._settings.learning_starts:
            return self._random_actions(len(observations))
        actions = self._chosen(observations, explore=explore)
        if explore:
            self._choose_some_at_random(actions)
        return actions

    def _choose(self, observations: torch.Tensor, *, explore: bool) -> torch.Tensor:
        count = len(observations)
        if explore:
            self.network.resample_noise(count, self.generator)
        else:
            self.network.remove_noise()
        taus = draw_taus(self._settings, count, self.generator) if explore else self._even_taus(count)
        return self.values.points(self.network(observations, taus)).argmax(dim=1)

    def beliefs(self, observation: NDArray[np.generic]) -> Beliefs:
        """Without noise. The next action that explores draws its noise anew, so it is the same as without this."""
        with torch.inference_mode():
            self.network.remove_noise()
            outputs = self.network(torch.tensor(observation[None], device=self.device), self._even_taus(1))
            return self.values.beliefs(outputs)

    def _even_taus(self, rows: int) -> torch.Tensor | None:
        """Like those of `draw_taus`, but the middles of equal parts of 0..1: nothing is left to chance."""
        if self._settings.values != "iqn":
            return None
        taus = (torch.arange(self._settings.taus, device=self.device) + 0.5) / self._settings.taus
        return taus.expand(rows, -1)


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
        mirror: Mirror | None = None,
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
            mirror: of the observations, if they have one.
        """
        self.settings = settings
        self.actor = RainbowActor(observation_space, num_actions, settings, seed, device)
        """Plays by the online network itself, unless it plays by an average. Its random generators are those of the
        learning, too."""
        self.updates = 0
        self._device = self.actor.device
        self._rng = self.actor.rng
        self._generator = self.actor.generator
        self._values = self.actor.values
        self._average = WeightAverage(self.actor.network, settings.average_updates)
        self.online = self._average.newest
        self.target = copy.deepcopy(self.online).requires_grad_(False)
        self.optimizer = torch.optim.Adam(
            self.online.parameters(), lr=value_at(settings.learning_rate, 0), eps=settings.adam_epsilon, fused=True
        )
        mirrored = Mirrored(mirror, self._device) if mirror and settings.mirror_images else None
        self._has_mirror = mirrored is not None
        self._update = RainbowUpdate(
            settings, self.online, self.target, self._values, _value_scale(settings), self._generator, mirrored
        )
        kind = CudaUpdates if self._device.type == "cuda" else UpdatesNow
        self._updates: Updates = kind(self._update, self.optimizer)
        self.replay = Replay(
            **_what_is_kept(observation_space, num_actions, num_envs, settings),
            n_step=settings.n_step,
            gamma=settings.gamma,
            priority_exponent=value_at(settings.priority_exponent, 0),
            death_boost_steps=settings.death_boost_steps,
            death_boost=settings.death_boost,
            directory=replay_directory,
            pinned=self._device.type == "cuda",
        )

    @property
    def env_steps(self) -> int:
        """Decisions observed so far, in all environments."""
        return self.actor.env_steps

    def act(self, observations: NDArray[np.generic], *, explore: bool) -> NDArray[np.int64]:
        """The actor's actions, see there."""
        return self.actor.act(observations, explore=explore)

    def observe(self, transitions: Transitions) -> None:
        """Take in one vector step. Raises ValueError if it does not follow from the one before."""
        self.replay.add(self._as_learned(transitions))
        self.actor.env_steps += int(np.count_nonzero(transitions.valid))

    def demonstrate(self, steps: Transitions, stream: int) -> None:
        """Take in steps of a game that somebody else played. Raises ValueError if they don't follow each other."""
        steps = self._as_learned(steps)
        for index in range(len(steps.actions)):
            self.replay.add(steps.row(index), streams=[stream])

    def _as_learned(self, transitions: Transitions) -> Transitions:
        return transitions.clipped() if self.settings.clip_rewards else transitions

    def fill(self) -> float:
        """How full the replay is, 0 to 1."""
        return len(self.replay) / self.replay.capacity

    def ready(self) -> bool:
        """Whether `learning_starts` is reached, by the replay too: after a restart it may be empty."""
        enough = min(self.env_steps, len(self.replay)) >= self.settings.learning_starts
        return enough and self.replay.can_sample

    def learn(self) -> Mapping[str, float]:
        """One update. Every `metrics_every` updates it returns metrics, otherwise nothing.

        Raises FloatingPointError if loss or gradient are not finite, leaving the weights as they were before that
        update, which on a GPU is the one before this.
        """
        settings = self.settings
        cloning_weight = value_at(settings.cloning_weight, self.env_steps)
        beta = value_at(settings.beta, self.env_steps)
        learning_rate = value_at(settings.learning_rate, self.env_steps)
        batch = self.replay.sample(settings.batch_size, beta, self._rng)
        is_due = (self.updates + 1) % settings.metrics_every == 0
        done = self._updates.do(
            Task(
                number=self.updates,
                batch=batch,
                mirrored=self._rng.random(settings.batch_size) < MIRRORED_SHARE if self._has_mirror else None,
                learning_rate=learning_rate,
                cloning_weight=cloning_weight,
                wants_metrics=is_due,
            )
        )
        self.updates += 1
        self._average.follow(self.updates)
        if self.updates % settings.target_every == 0:
            self.target.load_state_dict(self.online.state_dict())
        if done is None:
            return {}
        self._take_in(done)
        if not is_due:
            return {}
        return {
            "loss": done.loss,
            "error": float(done.errors.mean()),
            "gradient_norm": done.gradient_norm,
            "learning_rate": learning_rate,
            "epsilon": self.actor.epsilon(),
            "beta": beta,
            "cloning_weight": cloning_weight,
            **done.metrics,
        }

    def _take_in(self, done: Done) -> None:
        if self.settings.prioritized:
            self.replay.priority_exponent = value_at(self.settings.priority_exponent, self.env_steps)
            self.replay.update_priorities(done.indices, done.errors)

    def _settle(self) -> None:
        """Take in what is still under way on a GPU. Raises as `learn`."""
        done = self._updates.settle()
        if done is not None:
            self._take_in(done)

    def points(self, outputs: torch.Tensor) -> torch.Tensor:
        """Expected returns in points of a network's outputs, (B, actions, K) -> (B, actions)."""
        return self._values.points(outputs)

    def adjust(self, settings: RainbowSettings) -> None:
        """Go on with other schedules."""
        self._settle()
        self.settings = self._update.settings = settings
        self._updates.begin_again()
        self.actor.adjust(settings)

    def forget(self) -> None:
        """Empty the replay. The next step observed begins new episodes."""
        self._settle()
        self.replay.clear()

    def state(self) -> AgentState:
        """Networks, optimizer, counters and random generators. A replay in a directory is its own state.

        Raises as `learn`, once, if the last update went wrong.
        """
        self._settle()
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
        self._updates.begin_again()
        load_module("online", self.online, state.tensors)
        load_module("target", self.target, state.tensors)
        self._average.load(state.tensors)
        load_adam("optimizer", self.optimizer, self.online, state.tensors)
        generator = state.tensors["generator"].cpu()
        if generator.shape == self._generator.get_state().shape:  # Otherwise it is of another kind of device.
            self._generator.set_state(generator)
        self._rng.bit_generator.state = state.values["rng"]
        self.actor.env_steps = state.values["env_steps"]
        self.updates = state.values["updates"]
        self.replay.begin_new_episodes()

    def _learned(self) -> dict[str, torch.Tensor]:
        networks = {**module_tensors("online", self.online), **module_tensors("target", self.target)}
        return {**networks, **self._average.tensors(), **adam_tensors("optimizer", self.optimizer, self.online)}


def check_room(
    observation_space: gym.Space[NDArray[np.generic]],
    num_actions: int,
    num_envs: int,
    settings: RainbowSettings,
    directory: Path,
) -> str | None:
    """Whether a new agent's replay has room in `directory`: see `quarterup.agents.replay.layout.check_room`."""
    return layout.check_room(directory, **_what_is_kept(observation_space, num_actions, num_envs, settings))


def _what_is_kept(
    observation_space: gym.Space[NDArray[np.generic]], num_actions: int, num_envs: int, settings: RainbowSettings
) -> dict[str, Any]:
    """Arguments of the replay that say how large it is."""
    space = box(observation_space)
    return {
        "observation_shape": space.shape,
        "observation_dtype": space.dtype,
        "num_envs": num_envs,
        "capacity": settings.replay_capacity,
        "stack": space.shape[0] if len(space.shape) == 3 else 1,
        "num_actions": num_actions,
        "kept_dtype": None if settings.replay_dtype == "as_given" else settings.replay_dtype,
    }


def _value_scale(settings: RainbowSettings) -> ValueScale:
    return ValueScale(settings.reward_scale, settings.value_rescaling)


def _make_values(settings: RainbowSettings, num_actions: int, device: torch.device) -> Values:
    scale = _value_scale(settings)
    if settings.values == "c51":
        return Categorical(settings.v_min, settings.v_max, settings.atoms, scale, device)
    if settings.loss == "squares":
        return MeanBySquares(scale, num_actions)
    return Quantiles(scale) if settings.values == "iqn" else Mean(scale)


def _make_network(
    observation_shape: tuple[int, ...], num_actions: int, values: Values, settings: RainbowSettings, seed: int
) -> QNetwork:
    """A network of fresh weights that values everything near zero."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = QNetwork(
            observation_shape,
            num_actions,
            values.outputs,
            hidden_sizes=settings.hidden_sizes,
            head_size=settings.head_size,
            dueling=settings.dueling,
            noisy=settings.noisy,
            quantiles=settings.values == "iqn",
            layer_norm=settings.layer_norm,
            pixel_trunk=settings.pixel_trunk,
            impala_width=settings.impala_width,
            spectral_norm=settings.spectral_norm,
        )
    if isinstance(values, Categorical):
        network.head.begin_at(logits_near_zero(values.atoms.cpu()))
    return network
