"""Videos that are written, and what is in them when they are read again."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from quarterup.training.video import VideoWriter

RATE_HZ = 59.541985


def squares(count: int, height: int = 61, width: int = 45) -> list[NDArray[np.uint8]]:
    """Black pictures in which a white square walks to the right."""
    pictures = np.zeros((count, height, width, 3), np.uint8)
    for number, picture in enumerate(pictures):
        picture[20:30, number % 30 : number % 30 + 10] = 255
    return list(pictures)


def write(path: Path, pictures: list[NDArray[np.uint8]], scale: int) -> None:
    with VideoWriter(path, RATE_HZ, scale) as video:
        for picture in pictures:
            video.add(picture)


@pytest.mark.parametrize(("scale", "size"), [(1, (46, 62)), (2, (90, 122)), (3, (136, 184))])
def test_a_video_has_every_picture_at_its_rate_in_an_even_size(
    tmp_path: Path, scale: int, size: tuple[int, int]
) -> None:
    write(tmp_path / "game.mp4", squares(40), scale)
    with av.open(str(tmp_path / "game.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert (stream.width, stream.height) == size
        assert stream.average_rate is not None
        assert float(stream.average_rate) == pytest.approx(RATE_HZ, abs=0.001)
        assert sum(1 for _ in container.decode(video=0)) == 40


def test_pixels_become_squares_with_sharp_edges(tmp_path: Path) -> None:
    pictures = squares(3)
    write(tmp_path / "game.mp4", pictures, 2)
    with av.open(str(tmp_path / "game.mp4")) as container:
        decoded = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    for picture, seen in zip(pictures, decoded, strict=True):
        expected = picture.repeat(2, axis=0).repeat(2, axis=1)
        difference = np.abs(seen[:, : expected.shape[1]].astype(int) - expected)
        assert difference.max() < 60  # blurred edges would be off by about 127
        assert difference.mean() < 2


def test_an_interrupted_video_leaves_no_file(tmp_path: Path) -> None:
    pictures = [*squares(1), np.zeros((2, 2), np.uint8)]
    with pytest.raises(ValueError, match="ndim"):
        write(tmp_path / "game.mp4", pictures, 2)
    assert not list(tmp_path.iterdir())


def test_a_video_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one picture"):
        VideoWriter(tmp_path / "game.mp4", RATE_HZ).close()
    assert not list(tmp_path.iterdir())
