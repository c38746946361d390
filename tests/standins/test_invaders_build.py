"""The stand-in's ROM set in the package is what its sources give."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import build
import build_invaders
from assembler import BuildError

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "src" / "quarterup" / "data" / "roms" / "invaders"


def chip_names() -> list[str]:
    """Every file of the set: each chip has an older and a newer name."""
    return [name for names in build_invaders.CHIPS for name in names]


@pytest.mark.skipif(shutil.which("pasmo") is None, reason="the assembler pasmo is not installed")
def test_a_fresh_build_is_the_shipped_set_byte_for_byte(tmp_path: Path) -> None:
    build_invaders.build("invaders", tmp_path)
    names = chip_names()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)
    assert sorted(path.name for path in SHIPPED.iterdir()) == sorted(names)
    for chip in names:
        assert (tmp_path / chip).read_bytes() == (SHIPPED / chip).read_bytes(), chip


def test_every_chip_has_the_board_s_size() -> None:
    assert {(SHIPPED / chip).stat().st_size for chip in chip_names()} == {build_invaders.CHIP_BYTES}


def test_without_the_assembler_the_message_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert build.main(["invaders", "--out", str(tmp_path / "set")]) == 1
    assert "apt install pasmo" in capsys.readouterr().err
    assert not (tmp_path / "set").exists()


@pytest.mark.skipif(shutil.which("pasmo") is None, reason="the assembler pasmo is not installed")
def test_a_program_that_does_not_fit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_invaders, "ROM_BYTES", 4096)
    with pytest.raises(BuildError, match="only 4096"):
        build_invaders.build("invaders", tmp_path / "set")


@pytest.mark.parametrize(
    ("rows", "columns"),
    [
        (["#.", "..", "..", "..", "..", "..", "..", ".#"], [b"\x80", b"\x01"]),
        (["#"] * 8 + ["."] * 8, [b"\x00\xff"]),
    ],
)
def test_a_picture_becomes_columns_from_the_bottom_up(rows: list[str], columns: list[bytes]) -> None:
    assert build_invaders.columns_of(rows, "here") == columns


def test_a_crooked_picture_is_named() -> None:
    with pytest.raises(BuildError, match=r"art\.txt: moth"):
        build_invaders.columns_of(["..", "."] * 4, "art.txt: moth")
