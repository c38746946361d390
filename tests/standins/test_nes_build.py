"""The build of NES stand-ins: text pictures become tiles, sources one cartridge."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import build_nes
import nes_art
from assembler import BuildError

needs_ca65 = pytest.mark.skipif(shutil.which("ca65") is None, reason="the assembler ca65 is not installed")

BALL = ["..1111..", ".122221.", "12333321", "12333321", "12333321", "12333321", ".122221.", "..1111.."]
EMPTY = ["........"] * 8
PROGRAM = """
.include "art.inc"
.segment "HEADER"
        .byte "NES", $1A, 2, 1, 1, 0
.segment "CODE"
start:  lda #BALL
        jmp start
.segment "VECTORS"
        .word start, start, start
"""


def art_of(folder: Path, text: str) -> nes_art.Art:
    (folder / "art.txt").write_text(text, encoding="ascii")
    return nes_art.read_art(folder)


def side_by_side(*pictures: list[str]) -> list[str]:
    return ["".join(rows) for rows in zip(*pictures, strict=True)]


def test_a_tile_is_the_low_bits_then_the_high_ones(tmp_path: Path) -> None:
    art = art_of(tmp_path, "\n".join(["table background", "tile BALL", *BALL]))
    tile = art.halves["background"][art.names["BALL"]]
    assert tile[:3] == bytes([0b00111100, 0b01000010, 0b10111101])
    assert tile[8:11] == bytes([0b00000000, 0b00111100, 0b01111110])
    assert art.patterns()[art.names["BALL"] * 16 :][:16] == tile
    assert len(art.patterns()) == 0x2000


def test_letters_have_their_ascii_numbers_and_others_keep_clear_of_them(tmp_path: Path) -> None:
    letters = [" ".join(["#" * 8] * 2).replace("#", "1")] * 8
    art = art_of(tmp_path, "\n".join(["table background", "tile BALL", *BALL, "glyphs AB", *letters]))
    assert art.halves["background"][ord("A")] == art.halves["background"][ord("B")] == bytes([255] * 8 + [0] * 8)
    assert art.names["BALL"] not in (ord("A"), ord("B"), ord(" "))


def test_a_sprite_leaves_out_empty_tiles_and_shares_equal_ones(tmp_path: Path) -> None:
    rows = side_by_side(BALL, EMPTY, BALL)
    art = art_of(tmp_path, "\n".join(["table sprites", "sprite pair mirrored", *rows]))
    count, left, right = art.rows["pair"]
    assert (count, left[:2], right[:2]) == (b"\x02", b"\x00\x00", b"\x10\x00")
    assert left[2] == right[2]
    assert [row[:1] for row in art.rows["pair_mirrored"]] == [b"\x02", b"\x10", b"\x00"]


def test_a_picture_is_its_size_and_its_tiles(tmp_path: Path) -> None:
    rows = side_by_side(EMPTY, BALL) + side_by_side(BALL, BALL)
    art = art_of(tmp_path, "\n".join(["table background", "picture field", *rows]))
    ball = art.rows["field"][1][1]
    assert art.rows["field"] == [b"\x02\x02", bytes([ord(" "), ball]), bytes([ball, ball])]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tile BALL\n1", "has to say 'table background'"),
        ("table floor\ntile BALL\n1", "'background' or 'sprites', not 'floor'"),
        ("table sprites\ntile BALL\n1111", "all as long"),
        ("table sprites\n11111111", "begins with one of"),
        ("table sprites\nglyphs AB\n" + "11111111\n" * 8, "one cell for each letter of AB"),
        ("table sprites\ntile A\n" + "........\n" * 8 + "tile A\n" + "........\n" * 8, "'A' is no name"),
    ],
)
def test_crooked_art_is_named_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(BuildError, match=message) as error:
        art_of(tmp_path, text)
    assert "art.txt, line" in str(error.value)


def test_more_tiles_than_there_is_room_for_are_refused(tmp_path: Path) -> None:
    text = "\n".join(f"tile T{number}\n" + "\n".join(["........"] * 64) for number in range(33))
    with pytest.raises(BuildError, match="no room"):
        art_of(tmp_path, "table sprites\n" + text)


@needs_ca65
def test_sources_and_art_become_one_cartridge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tiny" / "art").mkdir(parents=True)
    (tmp_path / "tiny" / "main.s").write_text(PROGRAM, encoding="ascii")
    (tmp_path / "tiny" / "art" / "art.txt").write_text("\n".join(["table background", "tile BALL", *BALL]), "ascii")
    monkeypatch.setattr(build_nes, "HERE", tmp_path)
    assert ": 5 of 32768 bytes of program used, 2 of 512 tiles" in build_nes.build("tiny", tmp_path / "out")
    image = (tmp_path / "out" / "tiny.nes").read_bytes()
    assert image[:6] == b"NES\x1a\x02\x01"
    assert len(image) == 16 + 0x8000 + 0x2000
    assert image[16:18] == bytes([0xA9, 0])
    assert image[16 + 0x8000 :][:3] == bytes([0b00111100, 0b01000010, 0b10111101])


@needs_ca65
def test_a_warning_of_the_assembler_ends_the_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tiny" / "art").mkdir(parents=True)
    (tmp_path / "tiny" / "main.s").write_text("        ldx #\n", encoding="ascii")
    monkeypatch.setattr(build_nes, "HERE", tmp_path)
    with pytest.raises(BuildError, match=r"ca65 did not accept .*main\.s"):
        build_nes.build("tiny", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_without_the_assembler_the_message_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BuildError, match="apt install cc65"):
        build_nes.build("mario_bros", tmp_path / "out")
