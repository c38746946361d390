"""What the header of a NES game says, and files that are none."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from real_fceux import COUNTER, FALLING, STAR_EVIL

from quarterup.emulators.emulator import RomError
from quarterup.emulators.nes_rom import read_nes_rom


def written(path: Path, *header: int, content: int = 1 << 20) -> Path:
    path.write_bytes((b"NES\x1a" + bytes(header)).ljust(16, b"\0") + bytes(content))
    return path


@pytest.mark.parametrize(("path", "prg_bytes"), [(COUNTER, 16_384), (FALLING, 32_768), (STAR_EVIL, 32_768)])
def test_real_files(path: Path, prg_bytes: int) -> None:
    rom = read_nes_rom(str(path))
    assert (rom.path, rom.mapper, rom.submapper, rom.prg_bytes, rom.chr_bytes) == (path, 0, 0, prg_bytes, 8192)
    assert (rom.trainer, rom.battery, rom.region) == (False, False, "ntsc")
    assert rom.content == path.read_bytes()
    assert rom.sha1 == hashlib.sha1(rom.content[16:]).hexdigest()


def test_the_hash_does_not_depend_on_the_header(tmp_path: Path) -> None:
    one = read_nes_rom(written(tmp_path / "one.nes", 1, 1, 0x10))
    other = read_nes_rom(written(tmp_path / "other.nes", 1, 1, 0x13, 0x48))
    assert one.sha1 == other.sha1


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ((2, 1, 0x10, 0), (1, 0, 32_768, 8192, False, False)),
        ((1, 0, 0x46, 0x50), (0x54, 0, 16_384, 0, True, True)),
        ((1, 0, 0x21, *b"DiskDude!"), (2, 0, 16_384, 0, False, False)),  # a tool's name where upper digits would be
        ((1, 2, 0x10, 0x48, 0x32), (0x241, 3, 16_384, 16_384, False, False)),  # NES 2.0
        ((0x01, 0x09, 0x00, 0x08, 0, 0xFF), (0, 0, 3, 12, False, False)),  # sizes as 2^exponent × (1 or 3)
        ((0x02, 0x01, 0x00, 0x08, 0, 0x01), (0, 0, (256 + 2) * 16_384, 8192, False, False)),
    ],
)
def test_what_headers_say(tmp_path: Path, header: tuple[int, ...], expected: tuple[object, ...]) -> None:
    rom = read_nes_rom(written(tmp_path / "a.nes", *header, content=5 << 20))
    assert (rom.mapper, rom.submapper, rom.prg_bytes, rom.chr_bytes, rom.trainer, rom.battery) == expected


@pytest.mark.parametrize(
    ("name", "header", "region"),
    [
        ("Game (USA).nes", (1, 1), "ntsc"),
        ("Game (Europe).nes", (1, 1), "pal"),
        ("Game (E) [!].nes", (1, 1), "pal"),
        ("Game.nes", (1, 1, 0, 0, 0, 1), "pal"),
        ("Game (Europe).nes", (1, 1, 0, 8, 0, 0, 0, 0, 0), "ntsc"),  # NES 2.0 knows better than a name
        ("Game.nes", (1, 1, 0, 8, 0, 0, 0, 0, 1), "pal"),
        ("Game.nes", (1, 1, 0, 8, 0, 0, 0, 0, 2), "dual"),
        ("Game.nes", (1, 1, 0, 8, 0, 0, 0, 0, 3), "dendy"),
    ],
)
def test_regions(tmp_path: Path, name: str, header: tuple[int, ...], region: str) -> None:
    assert read_nes_rom(written(tmp_path / name, *header)).region == region


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"is no NES game: it has 0 bytes and begins with nothing"),
        (b"hello, world", r"is no NES game: it has 12 bytes and begins with 68 65 6c 6c"),
        (b"NES\x1a\x01", r"is no NES game: it has 5 bytes"),
        (b"PK\x03\x04" + bytes(90), "is no NES game: it is a zip archive: unpack it"),
        (b"FDS\x1a" + bytes(90), "Famicom Disk System"),
        (b"UNIF" + bytes(90), "UNIF"),
        (COUNTER.read_bytes()[:-1], "is cut short: it has 24,591 bytes, and its header says 24,592"),
        (COUNTER.read_bytes()[:16], "is cut short"),
        (b"NES\x1a\x00\x01\x00\x08" + bytes(9000), "its header says that it holds no program"),
    ],
)
def test_files_that_are_none(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "a.nes"
    path.write_bytes(content)
    with pytest.raises(RomError, match=message) as caught:
        read_nes_rom(path)
    assert str(path) in str(caught.value)


def test_a_file_that_is_not_there_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(RomError, match=r"there is no file .*nothing\.nes"):
        read_nes_rom(tmp_path / "nothing.nes")
    with pytest.raises(RomError, match="cannot be read: Is a directory"):
        read_nes_rom(tmp_path)
