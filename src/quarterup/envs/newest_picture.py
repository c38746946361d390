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

    def __init__(self, view: View, settings: EnvSettings) -> None:
        shape = view.space.shape[1:] if view.stack else view.space.shape
        self._view = view
        self.takes_two_frames = settings.max_two_frames and view.is_picture
        """Whether a step's last frame but one must be drawn, too, and given to `keep`."""
        self._differences = settings.frame_differences and view.is_picture
        self._scale = Scale(shape[-1]) if view.scaled_here else None
        self._frame_before: NDArray[Any] = np.zeros(shape, view.space.dtype)
        """The last frame but one, as it is shown. Unused where pictures are scaled here."""
        self._shown_before: NDArray[Any] = np.zeros(shape, view.space.dtype)
        """The picture of the step before, as it was before a difference was taken of it."""

    def keep(self, frame: Frame, before: MemoryMap, memory: MemoryMap) -> None:
        """Take in the last frame but one of a step."""
        if self._scale:
            self._scale.keep(frame)
            return
        self._view.draw(frame, before, memory, self._frame_before)

    def draw(self, frame: Frame, before: MemoryMap, memory: MemoryMap, out: NDArray[Any], *, first: bool) -> None:
        """Write the newest picture into `out`. The `first` of an episode is of a single frame, and nothing differs."""
        if self._scale:
            self._scale.draw(frame, out, first=first)
        else:
            self._view.draw(frame, before, memory, out)
            if self.takes_two_frames and not first:
                np.maximum(out, self._frame_before, out=out)
        if self._differences:
            shown = out.copy()
            out[...] = UNCHANGED if first else difference(shown, self._shown_before)
            self._shown_before = shown


class Scale:
    """The brighter of two whole pictures, gray, and then scaled."""

    def __init__(self, size: int) -> None:
        """To a square of so many pixels."""
        self._to = Picture(size, size, gray=True)
        self._before: NDArray[np.uint8] | None = None
        self._resize: AreaResize | None = None

    def keep(self, frame: Frame) -> None:
        """Take in the last frame but one of a step."""
        assert frame.screen is not None
        if self._before is None:
            self._before = np.zeros_like(frame.screen)
        self._before[...] = frame.screen

    def draw(self, frame: Frame, out: NDArray[np.uint8], *, first: bool) -> None:
        """Write what is shown of a step that ends with `frame` into `out`."""
        screen = frame.screen
        assert screen is not None
        if self._resize is None:
            self._resize = resizer(self._to, *screen.shape)
        if self._before is not None and not first:
            screen = np.maximum(screen, self._before, out=self._before)
        if self._resize is None:
            out[...] = screen
        else:
            self._resize(screen, out)


def difference(now: NDArray[np.uint8], before: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Half of what was added to each pixel, around `UNCHANGED`, so that every difference fits a byte; rounded down."""
    halves = (now.astype(np.int16) - before) >> 1
    return (halves + UNCHANGED).astype(np.uint8)
