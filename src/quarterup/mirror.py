"""Games that play alike on both sides: what belongs to what in a mirror. Games know it, agents learn by it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mirror:
    """How a situation, as features, and its mirror image go together. The image of an image is the situation."""

    features: tuple[int, ...]
    """Number i of the image is number `features[i]` of the situation,"""
    signs: tuple[float, ...]
    """times `signs[i]`, 1 or -1."""
    actions: tuple[int, ...]
    """What is done in the image where action i is done in the situation."""
