"""Pictures as PNG files, https://www.w3.org/TR/png-3/, without a library: filter 0 and quick compression."""

from __future__ import annotations

import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"
BITS = 8
COLOUR_TYPES = {1: 0, 3: 2}
"""Gray and RGB, by the number of channels."""


def png(pixels: bytes, width: int, height: int, channels: int) -> bytes:
    """`pixels` are rows from the top, of `channels` bytes each: 1 gray, 3 RGB."""
    row = width * channels
    lines = b"".join(b"\0" + pixels[start : start + row] for start in range(0, height * row, row))
    header = struct.pack(">IIBBBBB", width, height, BITS, COLOUR_TYPES[channels], 0, 0, 0)
    return b"".join(
        (SIGNATURE, _chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(lines, 1)), _chunk(b"IEND", b""))
    )


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
