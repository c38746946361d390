"""A video of a game: H.264 in an MP4, every frame at the machine's own rate, pixels enlarged but not blurred.

The machine's pixels are seldom square. They are kept as they are, and the stream says their shape (its sample aspect
ratio), so that the player stretches the picture on the screen: stretched here, it would be blurred for good.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

import av
import numpy as np
from numpy.typing import NDArray

SCALE = 2
"""Arcade pictures are small; at twice their size the colour planes of yuv420p lose nothing, too."""
QUALITY = "18"
"""x264's constant rate factor: lower is better and bigger, 18 is about as good as the eye."""
PRESET = "veryfast"


class PictureWriter(ABC):
    """Takes RGB pictures, shape (H, W, 3) uint8, one after another. The file has its name once complete.

    Use as a context manager, or `close` or `discard` it.
    """

    kind: ClassVar[str]
    """What it writes, in words."""
    cut = False
    """Whether pictures were left out at the end."""

    def __init__(self, path: Path, **container: Any) -> None:
        """`container`: arguments of PyAV's."""
        self.path = path
        self.frames = 0
        """Pictures taken so far."""
        self._part = path.with_name(path.name + ".part")
        self._container: Any = av.open(str(self._part), "w", **container)
        self._stream: Any = None
        """Once there was a picture."""

    @abstractmethod
    def add(self, picture: NDArray[np.uint8]) -> None:
        """The next picture. All have the shape of the first."""

    def _write(self, frame: av.VideoFrame | None) -> None:
        """Encode a frame, or None for what the encoder still holds."""
        self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        """Complete the file. Raises ValueError if there was no picture."""
        if self._stream is None:
            self.discard()
            raise ValueError(f"{self.path}: a {self.kind} needs at least one picture")
        self._write(None)
        self._container.close()
        self._part.replace(self.path)

    def discard(self) -> None:
        """Leave no file."""
        self._container.close()
        self._part.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()


class VideoWriter(PictureWriter):
    """Writes an MP4, which has every picture.

    Args:
        path: of the MP4; its folder must exist.
        frames_per_second: of the pictures, for instance a machine's refresh rate.
        scale: each pixel becomes this many in width and in height.
        pixel_aspect: width to height of a pixel.
        threads: for the encoder; 0 is as it likes.
    """

    kind = "video"

    def __init__(
        self, path: Path, frames_per_second: float, scale: int = SCALE, pixel_aspect: float = 1.0, threads: int = 0
    ) -> None:
        super().__init__(path, format="mp4", options={"movflags": "faststart"})
        self._scale = scale
        self._pixel_aspect = Fraction(pixel_aspect).limit_denominator(1001)
        self._threads = threads
        self._rate = Fraction(frames_per_second).limit_denominator(1001)

    def add(self, picture: NDArray[np.uint8]) -> None:
        if self._stream is None:
            self._open_stream(*picture.shape[:2])
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
        large = frame.reformat(self._stream.width, self._stream.height, "yuv420p", interpolation="POINT")
        self._write(large)
        self.frames += 1

    def _open_stream(self, height: int, width: int) -> None:
        self._stream = self._container.add_stream("libx264", rate=self._rate)
        self._stream.width, self._stream.height = even(width * self._scale), even(height * self._scale)
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.sample_aspect_ratio = self._pixel_aspect
        self._stream.codec_context.thread_count = self._threads
        self._stream.options = {"crf": QUALITY, "preset": PRESET}


def even(pixels: int) -> int:
    """H.264 with halved colour planes needs even numbers of pixels."""
    return pixels + pixels % 2
