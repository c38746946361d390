"""Real MAME, with the stand-in game, a cartridge of our own for the Atari 2600, and a free NES game. Real FCEUX."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from real_fceux import COUNTER, MakeFceux
from real_mame import ATARI_PROGRAM, Make

from quarterup.emulators.emulator import EmulatorNotFound
from quarterup.emulators.fceux import FceuxEmulator
from quarterup.emulators.fceux_program import find_fceux
from quarterup.emulators.mame import MameEmulator
from quarterup.emulators.mame_program import find_mame

DATA = Path(__file__).parents[1] / "data"

collect_ignore_glob: list[str] = []
for find, files in ((find_mame, ["test_mame*.py", "test_processors.py"]), (find_fceux, ["test_fceux*.py"])):
    try:
        find()
    except EmulatorNotFound as missing:
        collect_ignore_glob += files
        print(missing)


@pytest.fixture
def make() -> Iterator[Make]:
    """Make emulators that are closed after the test, whatever it did."""
    made: list[MameEmulator] = []

    def make_one(machine: str = "invaders", **arguments: object) -> MameEmulator:
        made.append(MameEmulator(machine, **arguments))  # type: ignore[arg-type]
        return made[-1]

    yield make_one
    for emulator in made:
        emulator.close()


@pytest.fixture
def make_fceux() -> Iterator[MakeFceux]:
    """The same for FCEUX: with our own game, if no other is named."""
    made: list[FceuxEmulator] = []

    def make_one(rom: Path = COUNTER, **arguments: object) -> FceuxEmulator:
        made.append(FceuxEmulator(rom, **arguments))  # type: ignore[arg-type]
        return made[-1]

    yield make_one
    for emulator in made:
        emulator.close()


@pytest.fixture(autouse=True)
def nobody_elses_roms(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The stand-in is what runs, also on the machine of somebody who owns the original."""
    monkeypatch.delenv("QUARTERUP_ROMS", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data home"))


@pytest.fixture
def private_tmp(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty folder for temporary files, so that what is left in it is ours."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def nes_game() -> Path:
    """Falling, by tragicmuffin: MIT licence, beside it."""
    return DATA / "falling.nes"


@pytest.fixture
def atari_cart(tmp_path: Path) -> Path:
    """4 KiB for the Atari 2600. Each frame it counts in $80, copies the joysticks to $81, and stirs both into $82."""
    path = tmp_path / "counter.a26"
    path.write_bytes(ATARI_PROGRAM.ljust(4096 - 6, b"\xea") + b"\x00\xf0" * 3)
    return path
