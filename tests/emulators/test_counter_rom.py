"""The tests' own NES game is what its source says."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from real_fceux import COUNTER, DATA


@pytest.mark.skipif(not (shutil.which("ca65") and shutil.which("ld65")), reason="needs cc65's ca65 and ld65")
def test_it_is_built_byte_for_byte_from_its_source(tmp_path: Path) -> None:
    objects, built = tmp_path / "counter.o", tmp_path / "counter.nes"
    subprocess.run(["ca65", DATA / "counter.s", "-o", objects], check=True)
    subprocess.run(["ld65", "-C", DATA / "counter.cfg", objects, "-o", built], check=True)
    assert built.read_bytes() == COUNTER.read_bytes()
