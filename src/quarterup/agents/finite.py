"""Numbers that have gone bad are noticed before they reach the weights."""

from __future__ import annotations

import math

import torch


def check_finite(loss: torch.Tensor, gradient_norm: torch.Tensor, updates: int) -> None:
    """Raise FloatingPointError, which says what to look for, unless both are finite. Call it before the step."""
    if not (math.isfinite(loss.item()) and math.isfinite(gradient_norm.item())):
        raise FloatingPointError(
            f"Update {updates} has a loss of {loss.item()} and a gradient norm of {gradient_norm.item()}. The"
            " weights are as they were before it. Look for observations or rewards that are not finite; else"
            " try a lower learning_rate, or a lower reward_scale."
        )
