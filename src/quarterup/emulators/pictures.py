"""From the pixels an emulator sends to the arrays people expect."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quarterup.compiled import compiled

RED_WEIGHT, GREEN_WEIGHT, BLUE_WEIGHT = 77, 150, 29
"""ITU-R BT.601 luma (0.299, 0.587, 0.114) in 256ths."""


def rgb_from_bgra(bgra: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Shape (H, W, 4) -> a view of shape (H, W, 3), red first."""
    return bgra[:, :, 2::-1]


def rgb_from_rgbx(rgbx: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Shape (H, W, 4), the last of each meaning nothing -> a view of shape (H, W, 3)."""
    return rgbx[:, :, :3]


def gray_from_bgra(bgra: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Shape (H, W, 4) -> a new array of shape (H, W): luma."""
    return _luma(bgra, BLUE_WEIGHT, RED_WEIGHT)


def gray_from_rgbx(rgbx: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Shape (H, W, 4) -> a new array of shape (H, W): luma."""
    return _luma(rgbx, RED_WEIGHT, BLUE_WEIGHT)


def _luma(pixels: NDArray[np.uint8], first_weight: int, third_weight: int) -> NDArray[np.uint8]:
    """Of pixels of four bytes, green being the second.

    The first and the third are multiplied together, as two halves of one 32-bit word, so that the sum over 256 ends up
    in its highest byte. The lower half, the first times the weight of the third, never carries.
    """
    words = pixels.view(np.uint32)[:, :, 0]
    luma, green = np.empty((2, *words.shape), np.uint32)  # at once: a picture of 256x240 takes a fifth of the time so
    np.bitwise_and(words, 0x00FF00FF, out=luma)
    luma *= third_weight | first_weight << 16
    np.bitwise_and(words, 0x0000FF00, out=green)
    green *= GREEN_WEIGHT << 8
    luma += green
    luma >>= 24
    gray: NDArray[np.uint8] = luma.astype(np.uint8)
    return gray


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


class AreaScaler:
    """Makes pictures of one size into pictures of another: each new pixel is the mean of the area that it covers.

    All in integers, rounded once, so that the same picture gives the same bytes on every machine.
    """

    def __init__(self, source: tuple[int, int], target: tuple[int, int]) -> None:
        """Both are (height, width)."""
        self._rows = _overlaps(source[0], target[0])
        self._columns = _overlaps(source[1], target[1])
        self._area = source[0] * source[1]

    def __call__(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Shape (H, W) or (H, W, channels) -> a new array of the target's height and width."""
        flat = picture.reshape(len(picture), -1)
        rows = _weighted(flat, *self._rows).reshape(-1, *picture.shape[1:])
        turned = rows.swapaxes(0, 1)
        flat_columns = np.ascontiguousarray(turned).reshape(len(turned), -1)
        columns = _weighted(flat_columns, *self._columns).reshape(-1, *turned.shape[1:])
        columns += self._area // 2
        columns //= self._area
        return np.ascontiguousarray(columns.swapaxes(0, 1), np.uint8)


def _overlaps(source: int, target: int) -> tuple[NDArray[np.intp], NDArray[np.uint32]]:
    """Which of `source` lines each of `target` lines covers, and how much of them, both of shape (k, target).

    A source line is `target` units wide, a target line `source` units, so all overlaps are whole numbers.
    """
    begin = np.arange(target) * source
    lines = begin // target + np.arange(math.ceil(source / target) + 1)[:, None]
    overlap = np.minimum((lines + 1) * target, begin + source) - np.maximum(lines * target, begin)
    return np.minimum(lines, source - 1), np.maximum(overlap, 0).astype(np.uint32)


def _weighted(
    picture: NDArray[np.uint8] | NDArray[np.uint32], lines: NDArray[np.intp], weights: NDArray[np.uint32]
) -> NDArray[np.uint32]:
    total: NDArray[np.uint32] = picture[lines[0]] * weights[0][:, None]
    for line, weight in zip(lines[1:], weights[1:], strict=True):
        total += picture[line] * weight[:, None]
    return total
