"""From MAME's pixels to pictures."""

from __future__ import annotations

import numpy as np

from quarterup.emulators.pictures import BLUE_WEIGHT, GREEN_WEIGHT, RED_WEIGHT, gray_from_bgra, rgb_from_bgra, upright


def test_red_comes_first() -> None:
    bgra = np.array([[[1, 2, 3, 255]]], np.uint8)
    assert rgb_from_bgra(bgra).tolist() == [[[3, 2, 1]]]


def test_gray_is_luma_and_never_wraps() -> None:
    corners = np.array([(b, g, r, a) for b in (0, 255) for g in (0, 255) for r in (0, 255) for a in (0, 255)], np.uint8)
    noise = np.random.default_rng(0).integers(0, 256, (84 * 84 - 16, 4), np.uint8)
    bgra = np.concatenate([corners, noise]).reshape(84, 84, 4)
    blue, green, red = (bgra[:, :, channel].astype(int) for channel in range(3))
    expected = (RED_WEIGHT * red + GREEN_WEIGHT * green + BLUE_WEIGHT * blue) >> 8
    assert (gray_from_bgra(bgra) == expected).all()
    assert expected.min() == 0
    assert expected.max() == 255


def test_a_picture_is_turned_clockwise_and_then_mirrored() -> None:
    picture = np.array([[1, 2], [3, 4]], np.uint8)
    assert upright(picture, 0, False, False).tolist() == [[1, 2], [3, 4]]
    assert upright(picture, 90, False, False).tolist() == [[3, 1], [4, 2]]
    assert upright(picture, 180, False, False).tolist() == [[4, 3], [2, 1]]
    assert upright(picture, 270, False, False).tolist() == [[2, 4], [1, 3]]
    assert upright(picture, 90, True, False).tolist() == [[1, 3], [2, 4]]
    assert upright(picture, 0, False, True).tolist() == [[3, 4], [1, 2]]
