"""Root Cellar's cartridge in the package is what its sources give."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import build_nes

SHIPPED = Path(__file__).resolve().parents[2] / "src" / "quarterup" / "data" / "roms" / "mario_bros.nes"


@pytest.mark.skipif(shutil.which("ca65") is None, reason="the assembler ca65 is not installed")
def test_a_fresh_build_is_the_shipped_cartridge_byte_for_byte(tmp_path: Path) -> None:
    build_nes.build("mario_bros", tmp_path)
    assert (tmp_path / "mario_bros.nes").read_bytes() == SHIPPED.read_bytes()


def test_the_cartridge_is_one_without_a_mapper() -> None:
    image = SHIPPED.read_bytes()
    assert image[:8] == b"NES\x1a\x02\x01\x01\x00"
    assert len(image) == build_nes.ROM_BYTES
