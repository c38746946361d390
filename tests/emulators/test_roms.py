"""Which ROM set is taken, and where it is looked for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from quarterup.emulators import roms
from quarterup.emulators.roms import STAND_INS, find_rom_set, rom_folders, user_data_folder


def with_set(folder: Path, name: str = "invaders.zip") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"")
    return folder


def test_order_of_the_search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUARTERUP_ROMS", os.pathsep.join((str(tmp_path / "b"), str(tmp_path / "c"))))
    monkeypatch.setattr(roms.sys, "platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "d"))
    folders = rom_folders([tmp_path / "a"], [tmp_path / "e"])
    assert [str(folder.relative_to(tmp_path)) for folder in folders] == ["a", "b", "c", "d/quarterup/roms", "e"]


def test_a_folder_named_twice_is_searched_once_and_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUARTERUP_ROMS", f"{tmp_path / 'a'}{os.pathsep}{os.pathsep}{tmp_path / 'b'}")
    folders = rom_folders([tmp_path / "b"])
    assert folders[:2] == [tmp_path / "b", tmp_path / "a"]
    assert len(folders) == 3


def test_home_and_relative_folders_are_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert rom_folders([Path("~/mine"), Path("here")])[:2] == [tmp_path / "mine", tmp_path / "here"]


def test_no_home_is_no_reason_to_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", no_home)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    assert user_data_folder().is_absolute()


@pytest.mark.parametrize("name", ["invaders.zip", "invaders.7z"])
def test_the_first_set_wins_and_its_folder_is_searched_first(tmp_path: Path, name: str) -> None:
    empty, first, second = tmp_path / "empty", with_set(tmp_path / "1", name), with_set(tmp_path / "2")
    found = find_rom_set("invaders", [empty, first, second])
    assert found.path == first / name
    assert not found.stand_in
    assert found.search == (first, empty, second)


def test_a_folder_is_a_set_too(tmp_path: Path) -> None:
    (tmp_path / "invaders").mkdir()
    assert find_rom_set("invaders", [tmp_path]).path == tmp_path / "invaders"


def test_the_stand_in_is_the_last_resort(tmp_path: Path) -> None:
    found = find_rom_set("invaders", [tmp_path])
    assert found.stand_in
    assert found.path == STAND_INS / "invaders"


def test_a_users_set_and_the_stand_in_are_never_mixed(tmp_path: Path) -> None:
    users = find_rom_set("invaders", [with_set(tmp_path)])
    assert STAND_INS not in users.search
    assert find_rom_set("invaders", []).search == (STAND_INS,)


def test_a_machine_without_a_set_is_searched_everywhere(tmp_path: Path) -> None:
    found = find_rom_set("pong", [tmp_path])
    assert (found.path, found.stand_in, found.search) == (None, False, (tmp_path,))
