"""What cannot work is refused with an error that says what to do."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pytest
from real_mame import Make

from quarterup.emulators.emulator import EmulatorError, EmulatorNotFound, MemoryRange, RomError
from quarterup.emulators.roms import STAND_INS

SET = STAND_INS / "invaders"


FIRST_CHIP = ("invaders.h", "9316b-0869_m739h.h1")
"""Older and newer MAMEs call it by these names."""


# ------------------------------------------------------------------------------------------------- fields and memory


def test_an_unknown_field_names_the_nearest(make: Make) -> None:
    emulator = make()
    with pytest.raises(EmulatorError, match=r"invaders has no input 'Coin'.*Nearest:.*'Coin 1'"):
        emulator.step(("Coin",))
    with pytest.raises(EmulatorError, match="has no input 'zzzzzz'"):
        emulator.step(("zzzzzz",))
    emulator.step(("Coin 1",))


def test_one_name_alone_is_not_a_list_of_letters(make: Make) -> None:
    with pytest.raises(EmulatorError, match="not the text 'Coin 1'"):
        make().step("Coin 1")


@pytest.mark.parametrize("frames", [0, -1, 65_536])
def test_impossible_numbers_of_frames(make: Make, frames: int) -> None:
    emulator = make()
    with pytest.raises(ValueError, match=f"1 to 65535 frames, not {frames}"):
        emulator.step((), frames)
    emulator.step()


def test_values_outside_a_fields_range(make: Make) -> None:
    emulator = make()
    with pytest.raises(EmulatorError, match="'Coin 1' goes from 0 to 1, not to 2"):
        emulator.step({"Coin 1": 2})
    with pytest.raises(EmulatorError, match=r"'Lives' has no setting 4. It has 0 \(3\), 1 \(4\)"):
        emulator.step({"Lives": 4})
    with pytest.raises(EmulatorError, match="'Lives' needs a value"):
        emulator.step(("Lives",))
    emulator.step()


@pytest.mark.parametrize(
    ("watch", "message"),
    [
        (MemoryRange(0, 1, device=":maincpuu"), "no device ':maincpuu'"),
        (MemoryRange(0, 1, space="programm"), "has no space 'programm', only: .*program"),
        (MemoryRange(0xFFFFFF, 1), "0xFFFFFF is outside the space, which ends at 0x7FFF"),
        (MemoryRange(0x7FFF, 2), "0x8000 is outside"),
        (MemoryRange(0x7FF0, 3, stride=8), "0x8000 is outside"),
    ],
)
def test_memory_that_is_not_there(make: Make, watch: MemoryRange, message: str) -> None:
    with pytest.raises(EmulatorError, match=message):
        make(watch=[watch])


def test_a_write_outside_the_space_changes_nothing(make: Make) -> None:
    emulator = make(watch=[MemoryRange(0x2380, 4)])
    emulator.step((), 5)
    with pytest.raises(EmulatorError, match="outside the space"):
        emulator.write(0x7FFE, b"\x01\x02\x03")
    with pytest.raises(EmulatorError, match="no device ':sub'"):
        emulator.write(0x2380, b"\x01", device=":sub")
    emulator.step()


@pytest.mark.parametrize("arguments", [(-1, 1), (0, 0), (0, 1, 0)])
def test_impossible_ranges(arguments: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        MemoryRange(*arguments)


def test_too_many_ranges(make: Make) -> None:
    with pytest.raises(ValueError, match="at most 255"):
        make(watch=[MemoryRange(0x2000, 1)] * 256)


# -------------------------------------------------------------------------------------------- machines, media, ROM sets


def test_an_unknown_machine_is_answered_with_similar_ones(make: Make) -> None:
    with pytest.raises(EmulatorError, match=r"MAME knows no machine 'invadrs'. Did you mean .*invaders"):
        make("invadrs")


def test_missing_media(make: Make, tmp_path: Path) -> None:
    with pytest.raises(RomError, match=r"cart: there is no file .*nothing\.a26"):
        make("a2600", media={"cart": tmp_path / "nothing.a26"})


def test_a_missing_set_names_its_files_and_every_folder(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUARTERUP_ROMS", str(tmp_path / "mine"))
    with pytest.raises(RomError) as caught:
        make("pacman", roms=[tmp_path / "given"])
    message = str(caught.value)
    for part in ("lacks ", "pacman.6e", str(tmp_path / "given"), str(tmp_path / "mine"), "data home/quarterup/roms"):
        assert part in message
    assert message.index("given") < message.index("mine") < message.index("data home")


def test_every_missing_file_is_named_not_only_the_last(make: Make) -> None:
    with pytest.raises(RomError) as caught:
        make("sf2")
    assert str(caught.value).count(", ") > 20


def test_a_partial_set_is_not_filled_up_from_the_stand_in(make: Make, tmp_path: Path) -> None:
    mine = tmp_path / "invaders"
    shutil.copytree(SET, mine)
    for name in FIRST_CHIP:
        (mine / name).unlink()
    with pytest.raises(RomError, match=rf"lacks ({'|'.join(FIRST_CHIP)})\. .*invaders is there, but incomplete"):
        make(roms=[tmp_path])


def test_a_damaged_archive_is_called_damaged(make: Make, tmp_path: Path) -> None:
    archive = tmp_path / "invaders.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(SET.iterdir()):
            file.write(path, path.name)
    assert make(roms=[tmp_path]).facts.rom_path == str(archive)
    archive.write_bytes(archive.read_bytes()[:1000])
    with pytest.raises(RomError, match=r"invaders\.zip is there, but is damaged"):
        make(roms=[tmp_path])


def test_another_set_runs_and_says_so(make: Make, tmp_path: Path) -> None:
    shutil.copytree(SET, tmp_path / "invaders")
    emulator = make(roms=[tmp_path])
    assert emulator.facts.rom_status == "other checksums"
    assert emulator.facts.rom_path == str(tmp_path / "invaders")
    emulator.step()


@pytest.mark.parametrize("name", ["with spaces", "semi;colon", "$HOME", "~", 'quo"te', "ümläut", "%PATH%", "-dash"])
def test_folders_with_strange_names(make: Make, tmp_path: Path, atari_cart: Path, name: str) -> None:
    folder = tmp_path / name
    shutil.copytree(SET, folder / "invaders")
    assert make(roms=[folder]).facts.rom_path == str(folder / "invaders")
    cart = folder / f"{name}.a26"
    shutil.copy(atari_cart, cart)
    assert make("a2600", media={"cart": cart}, watch=[MemoryRange(0x80, 1)]).step((), 20).memory[0] > 0


def test_an_unknown_option_is_shown_as_mame_says_it(make: Make) -> None:
    with pytest.raises(EmulatorError, match=r"unknown option: -nonsense"):
        make(arguments=["-nonsense"])


def test_pipes_or_tcp_and_nothing_else(make: Make) -> None:
    with pytest.raises(ValueError, match="transport"):
        make(transport="pigeon")


def test_no_mame(make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("QUARTERUP_MAME", str(tmp_path / "mame"))
    with pytest.raises(EmulatorNotFound, match=f"QUARTERUP_MAME names {tmp_path / 'mame'}"):
        make()
