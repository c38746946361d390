"""From the pixels an emulator sends to the arrays people expect."""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quarterup.emulators.emulator import EmulatorError, Picture

if TYPE_CHECKING:
    from quarterup.emulators.area import AreaResize

RED_WEIGHT, GREEN_WEIGHT, BLUE_WEIGHT = 77, 150, 29
"""ITU-R BT.601 luma (0.299, 0.587, 0.114) in 256ths."""
FINE_ENOUGH = 84
"""Pixels each way that show everything of a game where each is taken from the few that are nearest: Mnih et al., 2015,
whose agents saw no more."""


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


def resizer(picture: Picture | None, height: int, width: int) -> AreaResize | None:
    """What makes native pictures as small as `picture` wants them; None where that is their own size.

    Raises EmulatorError if it wants them larger.
    """
    if picture is None or picture.width is None or picture.height is None:
        return None
    if (picture.height, picture.width) == (height, width):
        return None
    from quarterup.emulators.area import AreaResize  # not loaded before it is needed: numba takes its time

    try:
        return AreaResize(height, width, picture.height, picture.width)
    except ValueError as error:
        raise EmulatorError(str(error)) from None


def drawn_finer(picture: Picture | None) -> tuple[Picture | None, int]:
    """What to have drawn for a small picture by an emulator that leaves pixels out where it scales, and how many of its
    pixels, each way, are one of `picture`: see `shrunk`."""
    if picture is None or picture.width is None or picture.height is None:
        return picture, 1
    factor = math.ceil(FINE_ENOUGH / min(picture.width, picture.height))
    finer = dataclasses.replace(picture, width=factor * picture.width, height=factor * picture.height)
    return finer, factor


def shrunk(picture: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    """Each `factor` times `factor` pixels as their mean, rounded down: (H, W) or (H, W, 3) -> an array that much
    smaller."""
    sums = np.zeros((picture.shape[0] // factor, picture.shape[1] // factor, *picture.shape[2:]), np.uint32)
    for row, column in itertools.product(range(factor), repeat=2):
        sums += picture[row::factor, column::factor]
    means: NDArray[np.uint8] = (sums // factor**2).astype(np.uint8)
    return means


def upright(picture: NDArray[np.uint8], degrees: int, mirror_x: bool, mirror_y: bool) -> NDArray[np.uint8]:
    """A picture as the machine draws it, turned clockwise by a multiple of 90 degrees and then mirrored: a view."""
    turned = np.rot90(picture, k=-degrees // 90)
    return turned[:: -1 if mirror_y else 1, :: -1 if mirror_x else 1]
