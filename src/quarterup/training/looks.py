"""What an agent sees at one moment, for a person: a PNG of pictures, a text of named numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quarterup.training.png import png

FOLDER = "looks"
PIXELS = 4
"""Each pixel that the agent sees becomes a square of so many."""


def write_look(run: Path, env_step: int, observation: NDArray[Any], names: Sequence[str] = ()) -> Path:
    """Write one observation into the run folder; returns the file.

    Args:
        run: the run folder.
        env_step: of the run, for the file's name.
        observation: numbers of shape (features,); a picture (H, W) or (H, W, 3) of uint8; or a stack of pictures
            (frames, H, W), oldest first, which are put side by side.
        names: of the features; without them they are numbered.
    """
    folder = run / FOLDER
    folder.mkdir(exist_ok=True)
    path = folder / f"step-{env_step}{'.txt' if observation.ndim == 1 else '.png'}"
    if observation.ndim == 1:
        path.write_text(_as_text(observation, names or [str(index) for index in range(observation.size)]))
    else:
        picture = _side_by_side(observation)
        path.write_bytes(png(picture.tobytes(), picture.shape[1], picture.shape[0], 3))
    return path


def _as_text(values: NDArray[Any], names: Sequence[str]) -> str:
    width = max(map(len, names))
    return "".join(f"{name:<{width}}  {value:g}\n" for name, value in zip(names, values.tolist(), strict=True))


def _side_by_side(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """One picture (H, W, 3), enlarged."""
    if picture.ndim == 3 and picture.shape[2] != 3:
        picture = np.concatenate(list(picture), axis=1)
    if picture.ndim == 2:
        picture = np.repeat(picture[:, :, None], 3, axis=2)
    return np.repeat(np.repeat(picture, PIXELS, axis=0), PIXELS, axis=1)
