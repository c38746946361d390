"""One step of Adam, and the gradient's norm before it, in as few calls as possible.

The same arithmetic as `torch.optim.Adam(fused=True)` after `torch.nn.utils.clip_grad_norm_`. Those look up, group and
check their tensors at every step, which for small networks takes longer than the arithmetic: see docs/decisions.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch

NORM_FLOOR = 1e-6
"""Added to the norm that gradients are divided by, as in `clip_grad_norm_`."""


class _States(NamedTuple):
    """What the optimizer holds for each of the parameters."""

    steps: list[torch.Tensor]
    means: list[torch.Tensor]
    squares: list[torch.Tensor]


def gradients_of(loss: torch.Tensor, parameters: Sequence[torch.Tensor]) -> tuple[torch.Tensor, ...]:
    """The gradient of `loss` for each of `parameters`, laid out in memory as these are.

    Convolutions that compute channels last give their weights' gradients channels last too, and the fused kernel goes
    through memory as it lies: it would take one number for another.
    """
    return tuple(gradient.contiguous() for gradient in torch.autograd.grad(loss, parameters))


def gradient_norm(gradients: tuple[torch.Tensor, ...]) -> torch.Tensor:
    """The Euclidean norm of all gradients together, shape ()."""
    norm: torch.Tensor = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))
    return norm


def clipped(gradients: tuple[torch.Tensor, ...], norm: float, largest: float) -> tuple[torch.Tensor, ...]:
    """The gradients, scaled down if their `norm` is above `largest`. Most of the time it isn't: then as given."""
    factor = largest / (norm + NORM_FLOOR)
    return gradients if factor >= 1 else tuple(torch._foreach_mul(gradients, factor))


def adam_step(
    optimizer: torch.optim.Adam, parameters: Sequence[torch.Tensor], gradients: tuple[torch.Tensor, ...]
) -> None:
    """Move `parameters` down their `gradients`, with the settings and moments that `optimizer` holds for them.

    The optimizer is one of a single group, these parameters in any order, without weight decay. Parameters, gradients
    and moments must be contiguous: see `gradients_of`.
    """
    # Without gradients a weight's first moment falls by a tenth a step until it is denormal, and then for ever rounds
    # back to what it was. Processors take many times as long over such numbers.
    torch.set_flush_denormal(True)
    with torch.no_grad():
        states = _states(optimizer, parameters)
        torch._foreach_add_(states.steps, 1)
        _fused_step(optimizer, parameters, gradients, states, optimizer.param_groups[0]["lr"])
    torch.set_flush_denormal(False)


def guarded_adam_step(
    optimizer: torch.optim.Adam,
    parameters: Sequence[torch.Tensor],
    gradients: tuple[torch.Tensor, ...],
    norm: torch.Tensor,
    largest: float,
    learning_rate: torch.Tensor,
    bad: torch.Tensor,
) -> None:
    """`adam_step` with `clipped` gradients, all decided on the device, so that nobody waits for it.

    `norm` and `learning_rate` are float32 of shape (), and so is `bad`: where it is 1, nothing changes. The gradients
    are scaled in place.
    """
    with torch.no_grad():
        states = _states(optimizer, parameters)
        advance = [1.0 - bad] * len(states.steps)  # One tensor for all would be read by the host first.
        torch._foreach_add_(states.steps, advance)
        divisor = ((norm + NORM_FLOOR) / largest).clamp(min=1.0)
        _fused_step(optimizer, parameters, gradients, states, learning_rate, grad_scale=divisor, found_inf=bad)


def _fused_step(
    optimizer: torch.optim.Adam,
    parameters: Sequence[torch.Tensor],
    gradients: tuple[torch.Tensor, ...],
    states: _States,
    learning_rate: float | torch.Tensor,
    **guards: torch.Tensor,
) -> None:
    (group,) = optimizer.param_groups
    torch._fused_adam_(
        tuple(parameters),
        gradients,
        states.means,
        states.squares,
        [],
        states.steps,
        lr=learning_rate,
        beta1=group["betas"][0],
        beta2=group["betas"][1],
        weight_decay=0.0,
        eps=group["eps"],
        amsgrad=False,
        maximize=False,
        **guards,
    )


def _states(optimizer: torch.optim.Adam, parameters: Sequence[torch.Tensor]) -> _States:
    """Zeros before the first step."""
    if not optimizer.state:
        for parameter in parameters:
            step = torch.zeros((), dtype=torch.float32, device=parameter.device)
            moments = {name: torch.zeros_like(parameter.detach()) for name in ("exp_avg", "exp_avg_sq")}
            optimizer.state[parameter] = {"step": step, **moments}
    states = [optimizer.state[parameter] for parameter in parameters]
    return _States(
        [state["step"] for state in states],
        [state["exp_avg"] for state in states],
        [state["exp_avg_sq"] for state in states],
    )
