"""From the pixels an emulator sends to the arrays people expect."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from quarterup.compiled import compiled

RED_WEIGHT, GREEN_WEIGHT, BLUE_WEIGHT = 77, 150, 29
"""ITU-R BT.601 luma (0.299, 0.587, 0.114) in 256ths."""


def rgb_from_bgra(bgra: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Shape (H, W, 4) -> a view of shape (H, W, 3), red first."""
    return bgra[:, :, 2::-1]


def gray_from_bgra(bgra: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Shape (H, W, 4) -> a new array of shape (H, W): luma.

    Red and blue are multiplied together, as two halves of one 32-bit word, so that the sum over 256 ends up in its
    highest byte. The lower half, blue times the weight of red, never carries.
    """
    words = bgra.view(np.uint32)[:, :, 0]
    luma = words & 0x00FF00FF
    luma *= RED_WEIGHT | BLUE_WEIGHT << 16
    green = words & 0x0000FF00
    green *= GREEN_WEIGHT << 8
    luma += green
    luma >>= 24
    return luma.astype(np.uint8)


@compiled
def gray_from_rgb(rgb: Any, out: Any) -> None:
    """Write the luma of `rgb`, uint8 of shape (H, W, 3), into `out`, uint8 of shape (H, W)."""
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            luma = RED_WEIGHT * rgb[y, x, 0] + GREEN_WEIGHT * rgb[y, x, 1] + BLUE_WEIGHT * rgb[y, x, 2]
            out[y, x] = luma >> 8


def upright(picture: NDArray[np.uint8], degrees: int, mirror_x: bool, mirror_y: bool) -> NDArray[np.uint8]:
    """A picture as the machine draws it, turned clockwise by a multiple of 90 degrees and then mirrored: a view."""
    turned = np.rot90(picture, k=-degrees // 90)
    return turned[:: -1 if mirror_y else 1, :: -1 if mirror_x else 1]
