"""One update of Rainbow: its arithmetic, from a batch to gradients, and how it is done on a processor.

`cuda_updates` does the same arithmetic on a GPU.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from quarterup.agents.adam import adam_step, clipped, gradient_norm, gradients_of
from quarterup.agents.finite import check_finite
from quarterup.agents.mirrored import Mirrored
from quarterup.agents.networks.q_network import QNetwork
from quarterup.agents.rainbow_settings import RainbowSettings
from quarterup.agents.replay.batch import Batch
from quarterup.agents.targets import ValueScale, large_margin, munchausen_target, of_actions
from quarterup.agents.values import Values


@dataclass(frozen=True)
class Task:
    """What one update is made of, beside the networks."""

    number: int
    """Updates before it, over the whole run."""
    batch: Batch
    """On the host, in the replay's own memory."""
    mirrored: NDArray[np.bool_] | None
    """Transitions to be learned as their mirror images, shape (B,); None if there are no images."""
    learning_rate: float
    cloning_weight: float
    wants_metrics: bool
    """They are asked for; where they cost next to nothing they are there anyway."""


@dataclass(frozen=True)
class Done:
    """What the host learns of one update."""

    indices: NDArray[np.int64]
    """Slots of the batch."""
    errors: NDArray[np.float32]
    """Of its rows, shape (B,)."""
    loss: float
    gradient_norm: float
    """Before clipping."""
    metrics: dict[str, float]
    """Others, see `RainbowUpdate.metrics`."""


class Updates(Protocol):
    """Does updates, now or a little later."""

    def do(self, task: Task) -> Done | None:
        """One more update. Returns what there is to know of it, or of an earlier one: each comes once, in order.

        Raises FloatingPointError if loss or gradient are not finite; the weights are as they were before that update.
        """
        ...

    def settle(self) -> Done | None:
        """Wait for what is under way, if anything is, and return what has not been returned. Raises as `do`."""
        ...

    def begin_again(self) -> None:
        """Weights, moments or settings are others now: what is under way does not count, nor what was prepared."""
        ...


@dataclass(frozen=True)
class Computed:
    """What an update has found out. Tensors on the device: nobody has waited for them."""

    outputs: torch.Tensor
    """Of the online network, (B, actions, K)."""
    target: torch.Tensor
    """For those of the actions taken, (B, K)."""
    errors: torch.Tensor
    """Shape (B,)."""
    loss: torch.Tensor
    gradients: tuple[torch.Tensor, ...]
    """Of each of the parameters."""
    gradient_norm: torch.Tensor


class RainbowUpdate:
    """The arithmetic, which is one sequence of operations on the device, whatever the numbers are."""

    def __init__(
        self,
        settings: RainbowSettings,
        online: QNetwork,
        target: QNetwork,
        values: Values,
        scale: ValueScale,
        generator: torch.Generator,
        mirrored: Mirrored | None,
    ) -> None:
        """Of these networks; `generator`, on their device, is for noise and taus."""
        self.settings = settings
        """They may be replaced by others that differ in schedules only."""
        self.parameters = list(online.parameters())
        """What the gradients are of."""
        self.generator = generator
        self._online, self._target = online, target
        self._values, self._scale = values, scale
        self._mirrored = mirrored
        self._gradients: tuple[torch.Tensor, ...] = ()

    def compute(
        self, batch: Batch, mirrored: torch.Tensor | None, cloning_weight: torch.Tensor | float | None
    ) -> Computed:
        """All but the optimizer's step.

        Args:
            batch: on the device.
            mirrored: as in `Task`, on the device.
            cloning_weight: None for no cloning at all.
        """
        if self._mirrored is not None and mirrored is not None:
            batch = self._mirrored.some(batch, mirrored)
        self._online.resample_noise(1, self.generator)
        self._target.resample_noise(1, self.generator)
        self._online.iterate_spectral_norm()

        taus = draw_taus(self.settings, len(batch.actions), self.generator)
        with self._online.same_weights():
            outputs = self._outputs(self._online, batch.observations, taus)
            target = self._target_of(batch, outputs)
        errors = self._values.errors(of_actions(outputs, batch.actions), target, taus)
        loss = (batch.weights * errors).mean()
        if cloning_weight is not None:
            margins = large_margin(self._values.expected(outputs), batch.actions, self.settings.cloning_margin)
            loss = loss + cloning_weight * (batch.expert * margins).mean()
        # Those of the last update are kept until here and freed now: freed any sooner, their memory would go back to
        # the system and be asked for again, page by page, at every update (a tenth of the time with large networks).
        self._gradients = ()
        self._gradients = gradients_of(loss, self.parameters)
        return Computed(
            outputs.detach(), target, errors.detach(), loss.detach(), self._gradients, gradient_norm(self._gradients)
        )

    def metrics(self, computed: Computed) -> dict[str, torch.Tensor]:
        """Others than loss and gradient norm, each of shape ()."""
        metrics = {"q": self._values.points(computed.outputs).amax(dim=1).mean()}
        if self.settings.values == "c51":
            metrics["beyond_support"] = (computed.target[:, 0] + computed.target[:, -1]).mean()
        return metrics

    def _outputs(self, network: QNetwork, observations: torch.Tensor, taus: torch.Tensor | None) -> torch.Tensor:
        """Outputs for learning, float32 whatever they are computed in."""
        outputs: torch.Tensor
        if not self.settings.amp:
            outputs = network(observations, taus)
            return outputs
        with torch.autocast(observations.device.type, torch.bfloat16):
            outputs = network(observations, taus)
        return outputs.float()

    def _target_of(self, batch: Batch, outputs: torch.Tensor) -> torch.Tensor:
        """What the outputs of the batch's actions are trained towards, (B, K); `outputs` are those of all actions."""
        settings, size = self.settings, len(batch.actions)
        with torch.no_grad():
            taus = draw_taus(settings, size, self.generator)
            next_outputs = self._outputs(self._target, batch.next_observations, taus)
            if settings.munchausen:
                # The policy is read off the online network, whose outputs are there anyway: see docs/agents/rainbow.md.
                return munchausen_target(
                    next_outputs, outputs, batch.actions, batch.returns, batch.discounts, self._scale
                )
            chooser = next_outputs
            if settings.double:
                taus = draw_taus(settings, size, self.generator)
                chooser = self._outputs(self._online, batch.next_observations, taus)
            next_actions = self._values.points(chooser).argmax(dim=1)
            return self._values.target(next_outputs, next_actions, batch.returns, batch.discounts)


class UpdatesNow:
    """Each update is done when it is asked for, on any device. Implements `Updates`."""

    def __init__(self, update: RainbowUpdate, optimizer: torch.optim.Adam) -> None:
        self._update = update
        self._optimizer = optimizer
        self._device = update.parameters[0].device

    def do(self, task: Task) -> Done:
        mirrored = None if task.mirrored is None else torch.from_numpy(task.mirrored).to(self._device)
        computed = self._update.compute(task.batch.to(self._device), mirrored, task.cloning_weight or None)
        # All that must be known of an update comes in one copy, the only time that a processor waits for a device. It
        # comes before the step, so that a bad gradient reaches neither weights nor moments.
        numbers = torch.cat([computed.errors, torch.stack([computed.loss, computed.gradient_norm])]).cpu().numpy()
        loss, norm = float(numbers[-2]), float(numbers[-1])
        check_finite(loss, norm, task.number)
        self._optimizer.param_groups[0]["lr"] = task.learning_rate
        gradients = clipped(computed.gradients, norm, self._update.settings.max_gradient_norm)
        adam_step(self._optimizer, self._update.parameters, gradients)
        metrics = self._update.metrics(computed) if task.wants_metrics else {}
        return Done(
            task.batch.indices, numbers[:-2], loss, norm, {name: value.item() for name, value in metrics.items()}
        )

    def settle(self) -> None:
        """Nothing is ever under way."""

    def begin_again(self) -> None:
        """Nothing is ever prepared."""


def draw_taus(settings: RainbowSettings, rows: int, generator: torch.Generator) -> torch.Tensor | None:
    """Which quantiles a network is asked for, (rows, taus) on the generator's device, or None if it has none."""
    if settings.values != "iqn":
        return None
    return torch.rand((rows, settings.taus), generator=generator, device=generator.device)
