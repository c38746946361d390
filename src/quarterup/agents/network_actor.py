"""What the actors of all agents share: a network, its weights, and a chance of random actions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import partial
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from quarterup.agents import weight_average
from quarterup.agents.agent import AgentState
from quarterup.agents.checkpoint import check_same_tensors, load_module, module_tensors
from quarterup.agents.cuda_choices import CudaChoices
from quarterup.agents.schedules import value_at

Network = TypeVar("Network", bound=nn.Module)
Settings = TypeVar("Settings", bound=Any)


class NetworkActor(ABC, Generic[Network, Settings]):
    """All of `quarterup.agents.agent.Actor` but `act`."""

    def __init__(
        self,
        network: Network,
        name: str,
        num_actions: int,
        settings: Settings,
        seed: int,
        device: torch.device,
        generator: torch.Generator | None = None,
    ) -> None:
        """Let `network` play.

        Args:
            network: it is put on `device`.
            name: of the network in the tensors of an agent's state, unless it plays by an average.
            num_actions: size of the discrete action space.
            settings: of the agent; their `epsilon` is the chance of a random action, `average_updates` as in
                `WeightAverage`.
            seed: of the exploration.
            device: where actions are computed.
            generator: on that device, if `_choose` draws from one.
        """
        self.env_steps = 0
        self.network = network.to(device)
        self.device = device
        self.rng = np.random.default_rng(seed)
        self._name = weight_average.NAME if settings.average_updates else name
        self._num_actions = num_actions
        self._settings = settings
        self._on_gpu = {
            explore: CudaChoices(partial(self._choose, explore=explore), device, generator)
            for explore in (False, True)
            if device.type == "cuda"
        }

    def weights(self) -> list[torch.Tensor]:
        """The network's parameters and buffers."""
        return [*self.network.parameters(), *self.network.buffers()]

    def adjust(self, settings: Settings) -> None:
        """Explore as these settings say from now on."""
        self._settings = settings

    def load(self, state: AgentState) -> None:
        """Play by the network of `state`. Raises ValueError if it is another one."""
        learned = {name: tensor for name, tensor in state.tensors.items() if name.startswith(f"{self._name}.")}
        check_same_tensors(module_tensors(self._name, self.network), learned)
        load_module(self._name, self.network, learned)
        self.env_steps = state.values["env_steps"]

    def epsilon(self) -> float:
        """The chance of a random action now, on top of whatever noise the network has."""
        return value_at(self._settings.epsilon, self.env_steps)

    @abstractmethod
    def _choose(self, observations: torch.Tensor, *, explore: bool) -> torch.Tensor:
        """What the network does, (N, *observation_shape) -> (N,) int64, all on the device: see `CudaChoices`."""

    def _chosen(self, observations: NDArray[np.generic], *, explore: bool) -> NDArray[np.int64]:
        """`_choose` for the host; the array is the caller's."""
        with torch.inference_mode():
            if self._on_gpu:
                return self._on_gpu[explore](observations)
            actions: NDArray[np.int64] = (
                self._choose(torch.tensor(observations, device=self.device), explore=explore).cpu().numpy()
            )
            return actions

    def _random_actions(self, count: int) -> NDArray[np.int64]:
        return self.rng.integers(self._num_actions, size=count)

    def _choose_some_at_random(self, actions: NDArray[np.int64]) -> None:
        """Replace each of `actions` with the chance `epsilon`. Nothing is drawn at a chance of 0."""
        if (epsilon := self.epsilon()) > 0:
            at_random = self.rng.random(len(actions)) < epsilon
            actions[at_random] = self._random_actions(int(at_random.sum()))
