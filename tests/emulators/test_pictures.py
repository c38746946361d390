"""From an emulator's pixels to pictures."""

from __future__ import annotations

import numpy as np
import pytest

from quarterup.emulators.area import gray_from_rgb
from quarterup.emulators.emulator import EmulatorError, Picture
from quarterup.emulators.pictures import (
    BLUE_WEIGHT,
    GREEN_WEIGHT,
    RED_WEIGHT,
    drawn_finer,
    gray_from_bgra,
    gray_from_rgbx,
    resizer,
    rgb_from_bgra,
    rgb_from_rgbx,
    shrunk,
    upright,
)


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


def test_the_same_gray_whichever_colour_comes_first() -> None:
    rgbx = np.random.default_rng(1).integers(0, 256, (30, 40, 4), np.uint8)
    bgrx = np.ascontiguousarray(rgbx[:, :, [2, 1, 0, 3]])
    assert (gray_from_rgbx(rgbx) == gray_from_bgra(bgrx)).all()
    assert (rgb_from_rgbx(rgbx) == rgb_from_bgra(bgrx)).all()


@pytest.mark.parametrize("target", [(84, 84), (60, 64), (1, 1), (240, 17)])
def test_a_scaled_pixel_is_the_mean_of_the_area_that_it_covers(target: tuple[int, int]) -> None:
    picture = np.random.default_rng(2).integers(0, 256, (240, 256, 3), np.uint8)

    def covered(source: int, count: int) -> np.ndarray:
        """How much of each source line each of `count` covers, both in units of 1 / count."""
        begin = np.arange(count)[:, None] * source
        line = np.arange(source)[None, :] * count
        return np.clip(np.minimum(line + count, begin + source) - np.maximum(line, begin), 0, None)

    rows, columns = covered(240, target[0]), covered(256, target[1])
    exact = np.einsum("ai,bj,ijc->abc", rows, columns, picture.astype(np.int64), optimize=True) / (240 * 256)
    resize = resizer(Picture(target[1], target[0]), 240, 256)
    assert resize is not None
    scaled, gray = np.zeros((*target, 3), np.uint8), np.zeros(target, np.uint8)
    resize(picture, scaled)
    resize(picture[:, :, 1], gray)
    assert np.abs(scaled - exact).max() < 0.51
    assert (gray == scaled[:, :, 1]).all()


def test_pictures_are_not_enlarged_and_those_that_fit_stay() -> None:
    assert resizer(None, 240, 256) is None
    assert resizer(Picture(), 240, 256) is None
    assert resizer(Picture(256, 240), 240, 256) is None
    with pytest.raises(EmulatorError, match="can't be made larger"):
        resizer(Picture(512, 480), 240, 256)


def test_gray_of_three_bytes_is_gray_of_four() -> None:
    rgbx = np.random.default_rng(3).integers(0, 256, (24, 20, 4), np.uint8)
    gray = np.zeros((24, 20), np.uint8)
    gray_from_rgb(np.ascontiguousarray(rgbx[:, :, :3]), gray)
    assert (gray == gray_from_rgbx(rgbx)).all()


@pytest.mark.parametrize(
    ("size", "drawn", "factor"),
    [((42, 42), (84, 84), 2), ((84, 84), (84, 84), 1), ((60, 30), (180, 90), 3), ((200, 150), (200, 150), 1)],
)
def test_small_pictures_are_drawn_finer_first(size: tuple[int, int], drawn: tuple[int, int], factor: int) -> None:
    assert drawn_finer(Picture(*size, gray=True)) == (Picture(*drawn, gray=True), factor)


@pytest.mark.parametrize("picture", [None, Picture(), Picture(raw=True)])
def test_whole_pictures_are_drawn_as_they_are(picture: Picture | None) -> None:
    assert drawn_finer(picture) == (picture, 1)


def test_a_pixel_of_a_shrunk_picture_is_the_mean_of_what_it_stands_for() -> None:
    gray = np.array([[0, 1, 255, 255], [2, 4, 255, 254]], np.uint8)
    assert shrunk(gray, 2).tolist() == [[1, 254]]
    colours = np.stack([gray, gray + 1, gray * 0], axis=2)
    assert shrunk(colours, 2)[:, :, 0].tolist() == shrunk(gray, 2).tolist()
    assert shrunk(colours, 2).shape == (1, 2, 3)
    assert not shrunk(colours, 2)[:, :, 2].any()
