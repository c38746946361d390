"""A game as an animated GIF: for places that show no videos. Every third frame, so that it stays small.

GIFs have square pixels, so the longer side of the machine's is stretched here, by repeating rows or columns.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from quarterup.training.video import SCALE, PictureWriter

EVERY = 3
"""Odd, so that things that flicker every other frame are seen. 60 frames a second become 20, which a GIF's clock of
hundredths can keep."""
MAX_BYTES = 15 * 10**6
"""What most places to share at take."""
COLOURS = 256
_CUBE = (6, 7, 6)
"""Levels of red, green and blue, for pictures with more colours than a GIF has."""


class GifWriter(PictureWriter):
    """Takes every frame of a game, and writes some.

    Args:
        path: of the GIF; its folder must exist.
        frames_per_second, scale, pixel_aspect: see `VideoWriter`.
        max_bytes: once the file is that large, what comes after is left out, and `cut` is true.
    """

    kind = "GIF"

    def __init__(
        self,
        path: Path,
        frames_per_second: float,
        scale: int = SCALE,
        pixel_aspect: float = 1.0,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        super().__init__(path, format="gif")
        self._scale_y = scale / min(1.0, pixel_aspect)
        self._scale_x = scale * max(1.0, pixel_aspect)
        self._rate = Fraction(frames_per_second).limit_denominator(1001) / EVERY
        self._room = max_bytes
        self._palette = Palette()

    def add(self, picture: NDArray[np.uint8]) -> None:
        number = self.frames
        self.frames += 1
        if self.cut or number % EVERY:
            return
        if self._stream is None:
            self._open_stream(*picture.shape[:2])
        large = self._palette.indices(picture)[self._rows[:, None], self._columns]
        frame = av.VideoFrame.from_ndarray((large, self._palette.argb), format="pal8")  # type: ignore[arg-type]
        self._write(frame)

    def _open_stream(self, height: int, width: int) -> None:
        self._rows = np.arange(round(height * self._scale_y)) * height // round(height * self._scale_y)
        self._columns = np.arange(round(width * self._scale_x)) * width // round(width * self._scale_x)
        self._stream = self._container.add_stream("gif", rate=self._rate)
        self._stream.width, self._stream.height = len(self._columns), len(self._rows)
        self._stream.pix_fmt = "pal8"

    def _write(self, frame: av.VideoFrame | None) -> None:
        for packet in self._stream.encode(frame):
            self._room -= packet.size
            self.cut = self.cut or self._room < 0
            if not self.cut:
                self._container.mux(packet)


class Palette:
    """The colours of a game, exact while there are no more than a GIF has; then the nearest of a fixed set."""

    def __init__(self) -> None:
        self.argb = np.zeros((COLOURS, 4), np.uint8)
        """Alpha, red, green, blue."""
        self.argb[:, 0] = 255
        self._number: dict[int, int] = {}
        self._is_fixed = False

    def indices(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """For each pixel of an RGB picture which colour it has, shape (H, W)."""
        if not self._is_fixed:
            packed = picture.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
            colours, inverse = np.unique(packed, return_inverse=True)
            for colour in colours.tolist():
                self._number.setdefault(colour, len(self._number))
            if len(self._number) <= COLOURS:
                numbers = np.array([self._number[colour] for colour in colours.tolist()], np.uint8)
                self.argb[numbers, 1:] = np.stack([colours >> 16, colours >> 8 & 255, colours & 255], axis=1)
                return numbers[inverse.reshape(packed.shape)]
            self._fix()
        levels = np.array(_CUBE) - 1
        red, green, blue = np.moveaxis(np.rint(picture * (levels / 255)).astype(np.uint8), 2, 0)
        numbers_of: NDArray[np.uint8] = (red * _CUBE[1] + green) * _CUBE[2] + blue
        return numbers_of

    def _fix(self) -> None:
        self._is_fixed = True
        grid = np.stack(np.meshgrid(*(np.linspace(0, 255, count) for count in _CUBE), indexing="ij"), axis=-1)
        colours = np.rint(grid.reshape(-1, 3)).astype(np.uint8)
        self.argb[: len(colours), 1:] = colours
