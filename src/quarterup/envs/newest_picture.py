"""The newest picture of an observation: what the settings make of the frames that a step has drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from quarterup.emulators.emulator import Frame, Picture
from quarterup.emulators.pictures import resizer
from quarterup.envs.observations import View
from quarterup.envs.settings import EnvSettings
from quarterup.games.memory_map import MemoryMap

if TYPE_CHECKING:
    from quarterup.emulators.area import AreaResize

UNCHANGED = 128
"""What a difference shows where nothing has changed: the middle of a byte."""


class NewestPicture:
    """Draws what a view shows of a frame. What is no picture is drawn as it is."""

    def __init__(self, view: View, settings: EnvSettings, screen_shape: tuple[int, int]) -> None:
        """`screen_shape` is that of the machine's whole picture, (H, W). Raises EmulatorError if it is to be larger."""
        shape = view.space.shape[1:] if view.stack else view.space.shape
        self._view = view
        self.takes_two_frames = settings.max_two_frames and view.is_picture
        """Whether a step's last frame but one must be drawn, too, and given to `keep`."""
        self._differences = settings.frame_differences and view.is_picture
        self._resize: AreaResize | None = None
        drawn_shape: tuple[int, ...] = shape
        if view.scaled_here:
            self._resize = resizer(Picture(shape[1], shape[0], gray=True), *screen_shape)
            drawn_shape = screen_shape
        self._frame: NDArray[Any] = np.zeros(drawn_shape, view.space.dtype)
        """The last frame as the view draws it, where that is scaled here."""
        self._frame_before: NDArray[Any] = np.zeros(drawn_shape, view.space.dtype)
        """The last frame but one, as the view draws it."""
        self._shown_before: NDArray[Any] = np.zeros(shape, view.space.dtype)
        """The picture of the step before, as it was before a difference was taken of it."""

    def keep(self, frame: Frame, before: MemoryMap, memory: MemoryMap) -> None:
        """Take in the last frame but one of a step."""
        self._view.draw(frame, before, memory, self._frame_before)

    def draw(self, frame: Frame, before: MemoryMap, memory: MemoryMap, out: NDArray[Any], *, first: bool) -> None:
        """Write the newest picture into `out`. The `first` of an episode is of a single frame, and nothing differs."""
        drawn = self._frame if self._resize else out
        self._view.draw(frame, before, memory, drawn)
        if self.takes_two_frames and not first:
            np.maximum(drawn, self._frame_before, out=drawn)
        if self._resize:
            self._resize(drawn, out)
        if self._differences:
            shown = out.copy()
            out[...] = UNCHANGED if first else difference(shown, self._shown_before)
            self._shown_before = shown


def difference(now: NDArray[np.uint8], before: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Half of what was added to each pixel, around `UNCHANGED`, so that every difference fits a byte; rounded down."""
    halves = (now.astype(np.int16) - before) >> 1
    return (halves + UNCHANGED).astype(np.uint8)
