"""Makes gray pictures smaller by area: every new pixel is the mean of what it covers, pixels it cuts count in part.

The numbers are those of OpenCV's `INTER_AREA`, bit for bit, which ale-py's own environments use: along rows first,
then down columns, in float32, rounded to the nearest number, halves to the even one. (Where new pixels cover two by two
whole ones OpenCV rounds halves up instead.)
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quarterup.compiled import compiled

NOTHING = 1e-3
"""A share of a pixel this small does not count."""


class AreaResize:
    """From pictures of (height, width) to ones of (new_height, new_width), neither of them larger."""

    def __init__(self, height: int, width: int, new_height: int, new_width: int) -> None:
        if new_height > height or new_width > width:
            raise ValueError(f"a picture of {width}x{height} can't be made larger, to {new_width}x{new_height}")
        self._rows = _shares(height, new_height)
        self._columns = _shares(width, new_width)
        taps = len(self._columns[1])
        self._line = np.zeros(width + taps, np.float32)
        """A row of the picture, and zeros for shares of nothing beyond its end."""
        self._narrow = np.zeros(new_width, np.float32)
        self._sums = np.zeros(new_width, np.float32)

    def __call__(self, picture: NDArray[np.uint8], out: NDArray[np.uint8]) -> None:
        """Write the smaller `picture` into `out`."""
        _resize(picture, *self._rows, *self._columns, self._line, self._narrow, self._sums, out)


def _shares(size: int, new_size: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """For each new pixel the first one it covers, (new_size,), and what that and those after it count, (taps, …)."""
    scale = size / new_size
    first = np.zeros(new_size, np.int32)
    shares: list[list[float]] = []
    for index in range(new_size):
        begin, end = index * scale, (index + 1) * scale
        covered = min(scale, size - begin)
        last_whole = min(math.floor(end), size - 1)
        first_whole = min(math.ceil(begin), last_whole)
        row = [1 / covered] * (last_whole - first_whole)
        first[index] = first_whole
        if first_whole - begin > NOTHING:
            row.insert(0, (first_whole - begin) / covered)
            first[index] -= 1
        if end - last_whole > NOTHING:
            row.append(min(end - last_whole, 1, covered) / covered)
        shares.append(row)
    taps = max(map(len, shares))
    padded = [row + [0.0] * (taps - len(row)) for row in shares]
    return first, np.array(padded, np.float32).T.copy()


@compiled
def _resize(
    picture: Any,
    first_rows: Any,
    row_shares: Any,
    first_columns: Any,
    column_shares: Any,
    line: Any,
    narrow: Any,
    sums: Any,
    out: Any,
) -> None:
    new_height, new_width = out.shape
    width = picture.shape[1]
    for y in range(new_height):
        sums[:] = 0
        for tap in range(len(row_shares)):
            share = row_shares[tap, y]
            if share == 0:
                continue
            row = picture[first_rows[y] + tap]
            for x in range(width):
                line[x] = row[x]
            for x in range(new_width):
                narrow[x] = line[first_columns[x]] * column_shares[0, x]
            for column_tap in range(1, len(column_shares)):
                for x in range(new_width):
                    narrow[x] += line[first_columns[x] + column_tap] * column_shares[column_tap, x]
            for x in range(new_width):
                sums[x] += share * narrow[x]
        for x in range(new_width):
            out[y, x] = np.uint8(np.rint(sums[x]))
