"""No process, open file or folder is left by emulators that were closed, or that could not start."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

import psutil
import pytest
from real_mame import Make, assert_nothing_left

from quarterup.emulators.child import sweep_dead_folders
from quarterup.emulators.emulator import EmulatorError, MemoryRange, Picture

pytestmark = pytest.mark.skipif(os.name != "posix", reason="named pipes and signals")


def test_many_emulators_leave_nothing(make: Make, private_tmp: Path, atari_cart: Path) -> None:
    def started_and_closed() -> None:
        with make("a2600", media={"cart": atari_cart}, picture=Picture()) as emulator:
            emulator.step()

    def open_files() -> int:
        gc.collect()
        return len(os.listdir("/proc/self/fd") if sys.platform == "linux" else [])  # noqa: PTH208

    started_and_closed()
    before = open_files()
    for _ in range(20):
        started_and_closed()
    assert open_files() == before
    assert_nothing_left(psutil.Process().children(recursive=True), private_tmp)


def test_a_failed_start_leaves_nothing(make: Make, private_tmp: Path) -> None:
    before = len(psutil.Process().open_files()), psutil.Process().num_fds()
    for arguments in (
        {"machine": "nonsense"},
        {"watch": [MemoryRange(1 << 40, 1)]},
        {"media": {"cart": "/nowhere"}},
        {"transport": "tcp", "machine": "nonsense"},
        {"watch": [MemoryRange(0, 1)] * 256},
    ):
        with pytest.raises((EmulatorError, ValueError)):
            make(**arguments)
    gc.collect()
    assert (len(psutil.Process().open_files()), psutil.Process().num_fds()) == before
    assert_nothing_left(psutil.Process().children(recursive=True), private_tmp)


def test_mame_writes_nothing_outside_its_folder(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, private_tmp: Path, nes_game: Path
) -> None:
    home, here = tmp_path / "home", tmp_path / "here"
    home.mkdir()
    here.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.chdir(here)
    for machine, media in (("invaders", {}), ("nes", {"cart": nes_game})):
        with make(machine, media=media, picture=Picture(84, 84)) as emulator:
            emulator.step((), 60)
            emulator.reset(hard=True)
            emulator.step({name: 1 for name, field in emulator.inputs.items() if field.kind == "digital"}, 2)
    for folder in (home, here, private_tmp):
        assert not list(folder.iterdir())


def test_a_home_that_cannot_be_written_is_no_hindrance(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/nowhere/at/all")
    monkeypatch.delenv("XDG_DATA_HOME")
    make().step((), 2)


def test_folders_of_the_dead_are_swept_and_no_others(private_tmp: Path, make: Make) -> None:
    living = Path(make()._child.folder)
    dead = private_tmp / "quarterup-emulator-dead"
    dead.mkdir()
    (dead / "guard.lock").write_bytes(b"")
    unlocked = private_tmp / "quarterup-emulator-killed-before-its-guard-ran"
    starting = private_tmp / "quarterup-emulator-starting"
    for folder in (unlocked, starting):
        folder.mkdir()
    os.utime(unlocked, (0, 0))
    not_ours = private_tmp / "quarterup-run"
    not_ours.mkdir()
    (not_ours / "guard.lock").write_bytes(b"")
    sweep_dead_folders()
    assert sorted(private_tmp.iterdir()) == sorted([living, starting, not_ours])


def test_closing_twice_is_fine(make: Make) -> None:
    emulator = make()
    emulator.close()
    emulator.close()
    assert emulator.fileno() == -1
