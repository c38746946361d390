"""The messages: what is written is what `mame_bridge.lua` documents, and what cannot be read is noticed."""

from __future__ import annotations

import struct

import pytest

from quarterup.emulators import bridge_protocol as protocol
from quarterup.emulators.emulator import EmulatorError, MemoryRange, Picture


def text(value: str) -> bytes:
    return struct.pack("<H", len(value)) + value.encode()


def packed_field(port: str, name: str, type_class: str = "controller", analog: int = 0, **values: int) -> bytes:
    numbers = [values.get(key, 0) for key in ("mask", "minimum", "maximum", "default", "player")]
    body = text(port) + text(name) + text(type_class) + struct.pack("<BIqqqB", analog, *numbers)
    settings = struct.pack("<q", 2) + text("Hard") if type_class == "dipswitch" else b""
    return body + struct.pack("<H", len(settings)) + settings


def packed_hello(*fields: bytes, magic: bytes = protocol.MAGIC, version: int = protocol.PROTOCOL) -> bytes:
    head = magic + struct.pack("<H", version) + text("0.251") + text("invaders") + text("Space Invaders")
    return head + struct.pack("<HHddH", 224, 256, 59.5, 0.75, len(fields)) + b"".join(fields)


def test_a_greeting_is_read() -> None:
    hello = protocol.parse_hello(packed_hello(packed_field(":IN1", "Coin 1", mask=1, player=1)))
    assert (hello.version, hello.machine, hello.description) == ("0.251", "invaders", "Space Invaders")
    assert (hello.picture_width, hello.picture_height) == (224, 256)
    assert (hello.refresh_hz, hello.display_aspect) == (59.5, 0.75)
    coin = hello.fields[0]
    assert (coin.name, coin.port, coin.field, coin.kind, coin.mask) == ("Coin 1", "IN1", "Coin 1", "digital", 1)
    assert (coin.minimum, coin.maximum, coin.player) == (0, 1, 2)


def test_kinds_of_fields() -> None:
    hello = protocol.parse_hello(
        packed_hello(
            packed_field(":P", "Paddle", analog=1, minimum=-5, maximum=5, default=1),
            packed_field(":D", "Difficulty", "dipswitch", mask=3),
            packed_field(":C", "Cabinet", "config", mask=1),
        )
    )
    paddle, difficulty, cabinet = hello.fields
    assert (paddle.kind, paddle.minimum, paddle.maximum, paddle.default) == ("analog", -5, 5, 1)
    assert (difficulty.kind, difficulty.settings) == ("dipswitch", {2: "Hard"})
    assert cabinet.kind == "config"


def test_short_names_only_where_they_are_unique() -> None:
    fields = [packed_field(":A", "Unused"), packed_field(":B", "Unused"), packed_field(":A", "Start")]
    names = [field.name for field in protocol.parse_hello(packed_hello(*fields)).fields]
    assert names == ["A/Unused", "B/Unused", "Start"]


def test_a_greeting_of_something_else_is_refused() -> None:
    with pytest.raises(EmulatorError, match="not quarterup's bridge"):
        protocol.parse_hello(packed_hello(magic=b"SOMEBODY"))


def test_a_greeting_of_another_version_names_both() -> None:
    with pytest.raises(EmulatorError, match=f"protocol 99, this quarterup {protocol.PROTOCOL}"):
        protocol.parse_hello(packed_hello(version=99))


def test_no_cut_of_a_greeting_passes_for_a_whole_one() -> None:
    whole = packed_hello(packed_field(":IN1", "Coin 1", mask=1), packed_field(":D", "Lives", "dipswitch", mask=3))
    protocol.parse_hello(whole)
    for length in range(len(whole)):
        with pytest.raises((struct.error, EmulatorError)):
            protocol.parse_hello(whole[:length])


def test_a_step_is_its_length_and_its_inputs() -> None:
    request = protocol.step(4, switches=[(7, 2)], holds=[(1, 1), (3, -5)])
    (length,) = struct.unpack_from("<I", request)
    assert length == len(request) - 4
    assert struct.unpack_from("<BHHH", request, 4) == (protocol.STEP, 4, 1, 2)
    assert struct.unpack_from("<HiHiHi", request, 11) == (7, 2, 1, 1, 3, -5)


def test_a_write_names_its_place() -> None:
    request = protocol.write(MemoryRange(0x2000, 2, device=":sub", space="io"), b"\x01\x02")
    assert request[4:] == b"\x02" + text(":sub") + text("io") + struct.pack("<QI", 0x2000, 2) + b"\x01\x02"


@pytest.mark.parametrize(("picture", "kind"), [(None, 0), (Picture(84, 84), 1), (Picture(raw=True), 2)])
def test_a_configuration_lists_the_ranges(picture: Picture | None, kind: int) -> None:
    request = protocol.configuration([MemoryRange(0x10, 3, stride=4)], picture)
    place = text(":maincpu") + text("program") + struct.pack("<QII", 0x10, 3, 4)
    assert request[4:] == protocol.MAGIC + struct.pack("<HBB", protocol.PROTOCOL, kind, 1) + place


def test_a_look_says_how_to_turn_the_picture() -> None:
    look = protocol.parse_look(struct.pack("<HHHBB", 2, 1, 270, 1, 0) + b"ABCDEFGH")
    assert (look.width, look.height, look.degrees, look.mirror_x, look.mirror_y) == (2, 1, 270, True, False)
    assert bytes(look.bgra) == b"ABCDEFGH"
