"""The messages between a `BridgedEmulator` and its bridge, a Lua script: both sides change together.

Everything is little endian. A request is `u32 length, u8 code, body`; a reply is `u32 length, u32 status, body`, where
the length counts what follows it. After HELLO (the bridge's greeting) and the configuration there is exactly one reply
to each request, and a STEP's reply has the same length every time.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from quarterup.emulators.emulator import EmulatorError, InputField, MemoryRange, Picture
from quarterup.emulators.pictures import upright

PROTOCOL = 3
MAGIC = b"QUARTRUP"
OK, FAILED = 0, 1
NO_PICTURE, FINISHED_PICTURE, RAW_PICTURE = 0, 1, 2
STEP, WRITE, SAVE, LOAD, DROP, EXPORT, IMPORT, RESET, LOOK, DRAW, KEYS = range(1, 12)

REPLY_HEADER = struct.Struct("<II")
FRAME_NUMBER = struct.Struct("<q")
_LOOK = struct.Struct("<HHHBB")
MAX_REPLY_BYTES = 1 << 28
"""No reply is longer (a save state of the largest machines is some tens of MiB): more is nonsense, not data."""
MAX_REASON_BYTES = 4096
"""Of why a step failed, no more is read."""

SETTINGS = ("dipswitch", "config")
"""MAME's type classes that are settings; every other class is held like a button."""


@dataclass(frozen=True)
class Hello:
    """The bridge's greeting: which MAME, which machine, and everything that can be pressed."""

    version: str
    machine: str
    description: str
    picture_width: int
    picture_height: int
    refresh_hz: float
    display_aspect: float
    fields: list[InputField]
    """In the bridge's order: a field's index addresses it in requests."""


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, format: str) -> tuple[int, ...]:
        values = struct.unpack_from("<" + format, self.data, self.at)
        self.at += struct.calcsize("<" + format)
        return values

    def text(self) -> str:
        (length,) = self.take("H")
        (value,) = struct.unpack_from(f"{length}s", self.data, self.at)
        self.at += length
        text: bytes = value
        return text.decode(errors="replace")


def parse_hello(data: bytes) -> Hello:
    """Raises EmulatorError when this is not our bridge, struct.error when it is cut short."""
    reader = _Reader(data)
    (magic,) = struct.unpack_from("<8s", data)
    reader.at = len(MAGIC)
    if magic != MAGIC:
        raise EmulatorError("what answered is not quarterup's bridge")
    (protocol,) = reader.take("H")
    if protocol != PROTOCOL:
        raise EmulatorError(f"the bridge speaks protocol {protocol}, this quarterup {PROTOCOL}: reinstall quarterup")
    version, machine, description = reader.text(), reader.text(), reader.text()
    width, height = reader.take("HH")
    refresh_hz, display_aspect = reader.take("dd")
    (count,) = reader.take("H")
    raw = [_parse_field(reader) for _ in range(count)]
    return Hello(version, machine, description, width, height, refresh_hz, display_aspect, _name_fields(raw))


def _parse_field(reader: _Reader) -> InputField:
    port, name, type_class = reader.text(), reader.text(), reader.text()
    analog, mask, minimum, maximum, default, player = reader.take("BIqqqB")
    (settings_length,) = reader.take("H")
    end = reader.at + settings_length
    settings = {}
    while reader.at < end:
        (value,) = reader.take("q")
        settings[value] = reader.text()
    kind = type_class if type_class in SETTINGS else "analog" if analog else "digital"
    if kind == "digital":
        minimum, maximum, default = 0, 1, 0
    elif kind != "analog":
        minimum, maximum = min(settings, default=0), max(settings, default=mask)
    return InputField("", port.removeprefix(":"), name, kind, mask, minimum, maximum, default, player + 1, settings)


def _name_fields(fields: Sequence[InputField]) -> list[InputField]:
    """Short names where they are unique, `port/field` elsewhere."""
    shorts = [field.field for field in fields]
    return [
        replace(field, name=field.field if shorts.count(field.field) == 1 else f"{field.port}/{field.field}")
        for field in fields
    ]


def _text(value: str) -> bytes:
    encoded = value.encode()
    return struct.pack("<H", len(encoded)) + encoded


def _framed(body: bytes) -> bytes:
    return struct.pack("<I", len(body)) + body


def configuration(watch: Iterable[MemoryRange], picture: Picture | None) -> bytes:
    """It is answered with the geometry of the pictures that will come (see `parse_look`)."""
    ranges = list(watch)
    kind = NO_PICTURE if picture is None else RAW_PICTURE if picture.raw else FINISHED_PICTURE
    body = MAGIC + struct.pack("<HBB", PROTOCOL, kind, len(ranges))
    for item in ranges:
        body += _text(item.device) + _text(item.space) + struct.pack("<QII", item.start, item.size, item.stride)
    return _framed(body)


def step(frames: int, switches: Sequence[tuple[int, int]], holds: Sequence[tuple[int, int]]) -> bytes:
    """`switches` and `holds` are (field index, value)."""
    body = struct.pack("<BHHH", STEP, frames, len(switches), len(holds))
    return _framed(body + b"".join(struct.pack("<Hi", *pair) for pair in (*switches, *holds)))


def write(item: MemoryRange, data: bytes) -> bytes:
    place = _text(item.device) + _text(item.space) + struct.pack("<QI", item.start, len(data))
    return _framed(bytes([WRITE]) + place + data)


def about_state(code: int, state: int, data: bytes | None = None) -> bytes:
    """SAVE, LOAD, DROP, EXPORT, and with `data` IMPORT."""
    body = struct.pack("<BI", code, state)
    return _framed(body if data is None else body + struct.pack("<I", len(data)) + data)


def look(kind: int = RAW_PICTURE) -> bytes:
    """`kind` is RAW_PICTURE or FINISHED_PICTURE."""
    return _framed(bytes([LOOK, kind]))


def draw(kind: int) -> bytes:
    """For a `look` of that kind."""
    return _framed(bytes([DRAW, kind]))


def keys() -> bytes:
    """For what a person presses: MAME's bridge alone knows it."""
    return _framed(bytes([KEYS]))


def parse_keys(data: bytes) -> list[int]:
    """The fields that are pressed, as the greeting has them."""
    return list(struct.unpack(f"<{len(data) // 2}H", data[: len(data) // 2 * 2]))


@dataclass(frozen=True)
class Look:
    """A picture, and how to turn it upright: first clockwise, then mirrored. `bgra` may be empty: geometry alone."""

    width: int
    height: int
    degrees: int
    mirror_x: bool
    mirror_y: bool
    bgra: memoryview

    def upright(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A view of `picture`, (height, width) or (height, width, 3), as a person sees it."""
        return upright(picture, self.degrees, self.mirror_x, self.mirror_y)


def parse_look(data: bytes) -> Look:
    width, height, degrees, mirror_x, mirror_y = _LOOK.unpack_from(data)
    return Look(width, height, degrees, bool(mirror_x), bool(mirror_y), memoryview(data)[_LOOK.size :])


def reset(hard: bool) -> bytes:
    return _framed(bytes([RESET, hard]))
