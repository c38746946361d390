"""Numbers that have gone bad are noticed before they reach the weights."""

from __future__ import annotations

import math


def check_finite(loss: float, gradient_norm: float, updates: int) -> None:
    """Raise FloatingPointError, which says what to look for, unless both are finite. Call it before the step."""
    if not (math.isfinite(loss) and math.isfinite(gradient_norm)):
        raise FloatingPointError(
            f"Update {updates} has a loss of {loss} and a gradient norm of {gradient_norm}. The weights are as they"
            " were before it. Look for observations or rewards that are not finite; else try a lower learning_rate,"
            " or a lower reward_scale."
        )
