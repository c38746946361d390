"""What a value estimate is trained towards: pure functions on tensors, no state."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn import functional

RESCALING_EPSILON = 1e-2
"""Weight of the linear part of `rescale`, as in Pohlen et al., 2018."""

MUNCHAUSEN_SHARE = 0.9
"""Share of the log-policy that is added to rewards (alpha in Vieillard et al., 2020)."""
MUNCHAUSEN_TEMPERATURE = 0.03
"""Of the softmax policy, for rewards of about 1 (tau there). Higher prefers the best action less."""
MUNCHAUSEN_FLOOR = -1.0
"""The least that the log-policy times the temperature can be, for rewards of about 1 (l_0 there)."""

HUBER_KAPPA = 1.0
"""Errors up to here are squared in `quantile_huber`, larger ones not (kappa in Dabney et al., 2018)."""


@dataclass(frozen=True)
class ValueScale:
    """Between the game's points and the units in which a network gives values.

    Values are first multiplied by `reward_scale`; with `rescaling` they then go through `rescale`. Rewards themselves
    are never clipped or changed, so expected values are still expected points.
    """

    reward_scale: float
    rescaling: bool

    def from_points(self, points: torch.Tensor) -> torch.Tensor:
        """Points to network units, any shape."""
        scaled = points * self.reward_scale
        return rescale(scaled) if self.rescaling else scaled

    def to_points(self, values: torch.Tensor) -> torch.Tensor:
        """Network units to points, any shape: the inverse of `from_points`."""
        return (unscale(values) if self.rescaling else values) / self.reward_scale


def rescale(values: torch.Tensor) -> torch.Tensor:
    """h(x) = sign(x) (sqrt(|x| + 1) - 1) + epsilon x: near 0 half of x, far out its square root.

    Pohlen et al., 2018, "Observe and Look Further", https://arxiv.org/abs/1805.11593, proposition A.2.
    """
    root = (values.abs() + 1.0).sqrt() - 1.0
    return values.sign() * root + RESCALING_EPSILON * values


def unscale(values: torch.Tensor) -> torch.Tensor:
    """The inverse of `rescale`."""
    root = (1.0 + 4.0 * RESCALING_EPSILON * (values.abs() + 1.0 + RESCALING_EPSILON)).sqrt() - 1.0
    return values.sign() * ((root / (2.0 * RESCALING_EPSILON)).square() - 1.0)


def q_target(
    next_values: torch.Tensor,
    next_actions: torch.Tensor,
    returns: torch.Tensor,
    discounts: torch.Tensor,
    scale: ValueScale,
) -> torch.Tensor:
    """n-step target of Q-learning, of means or of quantiles: `returns` plus the discounted value of `next_actions`.

    Args:
        next_values: of the target network, network units, shape (B, actions, K): K quantiles, or 1 mean.
        next_actions: int64, shape (B,). Chosen by the online network they make it double Q-learning (van Hasselt et
            al., 2016, https://arxiv.org/abs/1509.06461), by the target network plain Q-learning.
        returns: n-step reward sums in points, shape (B,).
        discounts: gamma^k, or 0 after a termination, shape (B,).
        scale: of the network.

    Returns:
        Targets in network units, shape (B, K).
    """
    next_points = scale.to_points(of_actions(next_values, next_actions))
    return scale.from_points(returns.unsqueeze(1) + discounts.unsqueeze(1) * next_points)


def munchausen_target(
    next_values: torch.Tensor,
    values: torch.Tensor,
    actions: torch.Tensor,
    returns: torch.Tensor,
    discounts: torch.Tensor,
    scale: ValueScale,
) -> torch.Tensor:
    """n-step target of Munchausen learning, of means or of quantiles.

    Vieillard et al., 2020, "Munchausen Reinforcement Learning", https://arxiv.org/abs/2007.14430, equations 1 and 4.
    Instead of the best next action it takes the mean over a softmax policy, with the policy's entropy; and to the
    rewards it adds how sure the policy was of the action that was taken. With n steps the addition is made for the
    first of them only, as in Clark et al., 2024, "Beyond The Rainbow", https://arxiv.org/abs/2411.03820. Temperature
    and floor are in units of `reward_scale`, so that they mean the same for any size of points.

    Args:
        next_values: of the target network, as in `q_target`.
        values: of the observation in which `actions` were taken, network units, shape (B, actions, K').
        actions: that were taken, int64, shape (B,).
        returns: as in `q_target`.
        discounts: as in `q_target`.
        scale: of the network.

    Returns:
        Targets in network units, shape (B, K).
    """
    next_points = scale.to_points(next_values)
    next_log_policy = scaled_log_policy(next_points.mean(dim=2), scale)
    next_policy = (next_log_policy * (scale.reward_scale / MUNCHAUSEN_TEMPERATURE)).exp()
    soft_points = (next_policy.unsqueeze(2) * (next_points - next_log_policy.unsqueeze(2))).sum(dim=1)

    log_policy = of_actions(scaled_log_policy(scale.to_points(values).mean(dim=2), scale), actions)
    bonus = MUNCHAUSEN_SHARE * log_policy.clamp(min=MUNCHAUSEN_FLOOR / scale.reward_scale)
    return scale.from_points((returns + bonus).unsqueeze(1) + discounts.unsqueeze(1) * soft_points)


def scaled_log_policy(points: torch.Tensor, scale: ValueScale) -> torch.Tensor:
    """Temperature times log of the softmax policy of expected points (B, actions), in points, of the same shape."""
    temperature = MUNCHAUSEN_TEMPERATURE / scale.reward_scale
    return temperature * (points / temperature).log_softmax(dim=1)


def distribution_target(
    next_logits: torch.Tensor,
    next_actions: torch.Tensor,
    returns: torch.Tensor,
    discounts: torch.Tensor,
    atoms: torch.Tensor,
    scale: ValueScale,
) -> torch.Tensor:
    """n-step target distribution of C51: the distribution of `next_actions`, moved, shrunk and projected.

    Args:
        next_logits: of the target network, shape (B, actions, atoms).
        next_actions: as in `q_target`.
        returns: as in `q_target`.
        discounts: as in `q_target`.
        atoms: evenly spaced in network units, shape (atoms,).
        scale: of the network. Where it is not linear the atoms are unevenly spaced in points.

    Returns:
        Probabilities of the atoms, shape (B, atoms).
    """
    probabilities = of_actions(next_logits, next_actions).softmax(dim=-1)
    points = torch.addcmul(returns.unsqueeze(1), discounts.unsqueeze(1), scale.to_points(atoms))
    return project(probabilities, scale.from_points(points), atoms)


def expected_values(logits: torch.Tensor, atom_values: torch.Tensor) -> torch.Tensor:
    """Mean of each action's distribution. Logits (B, actions, atoms), atom_values (atoms,) -> (B, actions)."""
    return logits.softmax(dim=-1) @ atom_values


def of_actions(outputs: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
    """The outputs of one action a row. Outputs (B, actions, ...), actions (B,) int64 -> (B, ...)."""
    index = actions.view(-1, *(1,) * (outputs.dim() - 1)).expand(-1, 1, *outputs.shape[2:])
    return outputs.gather(1, index).squeeze(1)


FALL_PER_ATOM = 0.5
"""How much less likely, in logits, each further atom is at the beginning."""


def logits_near_zero(atoms: torch.Tensor) -> torch.Tensor:
    """A distribution with most of its mass at the atoms nearest to 0, shape (atoms,).

    Equal logits would mean the middle of the range, which for scores is a great optimism: many thousand updates go by
    until it is unlearned, and no action looks better than another meanwhile.
    """
    spacing = atoms[1] - atoms[0]
    return -FALL_PER_ATOM * (atoms / spacing).abs()


def project(probabilities: torch.Tensor, values: torch.Tensor, atoms: torch.Tensor) -> torch.Tensor:
    """Spread probability mass at any values over evenly spaced atoms, keeping the mean of what lies in their range.

    Bellemare et al., 2017, "A Distributional Perspective on Reinforcement Learning",
    https://arxiv.org/abs/1707.06887, algorithm 1. Mass between two atoms is shared by nearness, mass beyond an end
    goes to that end.

    Args:
        probabilities: mass at each of `values`, shape (B, atoms).
        values: where the mass is, shape (B, atoms).
        atoms: evenly spaced, shape (atoms,).

    Returns:
        Probabilities of the atoms, shape (B, atoms).
    """
    last = len(atoms) - 1
    positions = ((values - atoms[0]) * (last / (atoms[-1] - atoms[0]))).clamp_(0, last)
    lower = positions.long()  # Rounds down, because no position is below 0.
    upper_part = positions.sub_(lower).mul_(probabilities)
    projected = probabilities.new_zeros(len(probabilities), last + 2)  # The upper part of the last atom is 0.
    projected[:, :-1].scatter_add_(1, lower, probabilities - upper_part)
    projected[:, 1:].scatter_add_(1, lower, upper_part)
    return projected[:, :-1]


def large_margin(values: torch.Tensor, actions: torch.Tensor, margin: float) -> torch.Tensor:
    """How far any other action comes within `margin` of `actions` or above: 0 where the expert's action leads by it.

    Hester et al., 2018, "Deep Q-learning from Demonstrations", https://arxiv.org/abs/1704.03732, equation 1. Values
    (B, actions), actions (B,) -> (B,).
    """
    margins = torch.full_like(values, margin).scatter_(1, actions.unsqueeze(1), 0.0)
    return (values + margins).amax(dim=1) - of_actions(values, actions)


def quantile_huber(quantiles: torch.Tensor, target: torch.Tensor, taus: torch.Tensor) -> torch.Tensor:
    """Error of quantiles that should be those, at `taus`, of the distribution that `target` was drawn from.

    Dabney et al., 2018, "Implicit Quantile Networks for Distributional Reinforcement Learning",
    https://arxiv.org/abs/1806.06923, equation 3: the Huber loss of each pair, times tau where the target lies above
    the quantile and 1 - tau where below, summed over the quantiles, the mean over the targets.

    Args:
        quantiles: shape (B, N).
        target: shape (B, M).
        taus: of `quantiles`, from 0 to 1, shape (B, N).

    Returns:
        The error of each row, shape (B,).
    """
    errors = target.unsqueeze(1) - quantiles.unsqueeze(2)
    huber = functional.huber_loss(errors, torch.zeros_like(errors), reduction="none", delta=HUBER_KAPPA)
    slopes = (taus.unsqueeze(2) - (errors < 0).to(errors.dtype)).abs()
    return (slopes * huber).sum(dim=1).mean(dim=1) / HUBER_KAPPA
