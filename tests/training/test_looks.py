"""What an agent sees, written down for a person."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from quarterup.training.looks import PIXELS, write_look


def test_numbers_are_named(tmp_path: Path) -> None:
    path = write_look(tmp_path, 7, np.array([0.5, -1.0], np.float32), ("gun_x", "shot"))
    assert path.name == "step-7.txt"
    assert path.read_text() == "gun_x  0.5\nshot   -1\n"
    assert write_look(tmp_path, 8, np.array([2.0])).read_text() == "0  2\n"


@pytest.mark.parametrize("shape", [(6, 5), (6, 5, 3), (4, 6, 5)])
def test_pictures_are_enlarged_and_those_of_a_stack_stand_side_by_side(tmp_path: Path, shape: tuple[int, ...]) -> None:
    observation = np.random.default_rng(1).integers(256, size=shape, dtype=np.uint8)
    picture = np.array(Image.open(write_look(tmp_path, 9, observation)))
    seen = np.hstack(list(observation)) if len(shape) == 3 and shape[2] != 3 else observation
    assert picture.shape == (PIXELS * seen.shape[0], PIXELS * seen.shape[1], 3)
    small = picture[::PIXELS, ::PIXELS]
    np.testing.assert_array_equal(small, seen if seen.ndim == 3 else np.repeat(seen[:, :, None], 3, axis=2))
    np.testing.assert_array_equal(picture[PIXELS - 1 :: PIXELS, PIXELS - 1 :: PIXELS], small)
