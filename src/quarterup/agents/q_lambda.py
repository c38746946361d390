"""Q(lambda) returns: what a stretch of play was worth from each of its steps on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def q_lambda_returns(
    rewards: NDArray[np.float32],
    next_values: NDArray[np.float32],
    terminated: NDArray[np.bool_],
    cut: NDArray[np.bool_],
    gamma: float,
    lambda_: float,
) -> NDArray[np.float32]:
    """The return of each step: a mean of its n-step returns, where a longer one weighs `lambda_` times the shorter.

    Peng and Williams, 1994, "Incremental Multi-Step Q-Learning", https://doi.org/10.1016/B978-1-55860-335-6.50035-0,
    as in Gallici et al., 2024, https://arxiv.org/abs/2407.04811, section 4. `lambda_` 0 is one-step Q-learning, 1 the
    sum of rewards up to the end of the stretch. Backwards from its last step,

        G[t] = r[t] + gamma * ((1 - lambda_) * V[t + 1] + lambda_ * G[t + 1]),

    with V[t + 1] alone in the place of the mean where the stretch is cut, and 0 after a termination.

    Args:
        rewards: shape (T, N), in points like everything here.
        next_values: the best action's value in the observation that step t led to, shape (T, N).
        terminated: the step ended the episode, so nothing follows; shape (T, N).
        cut: no return can be carried back over the step's end, because it was truncated; shape (T, N). The last
            step of the stretch is always cut.
        gamma: discount of one step.
        lambda_: see above.

    Returns:
        Shape (T, N). Rows that are not valid have a number that means nothing, and no other row depends on it, as
        long as the step before them has ended.
    """
    returns = np.empty_like(rewards)
    following = next_values[-1]
    for t in reversed(range(len(rewards))):
        ahead = np.where(cut[t], next_values[t], (1.0 - lambda_) * next_values[t] + lambda_ * following)
        returns[t] = rewards[t] + gamma * np.where(terminated[t], 0.0, ahead)
        following = returns[t]
    return returns
