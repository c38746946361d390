"""What cannot work in FCEUX is refused before anything starts, with an error that says what to do."""

from __future__ import annotations

import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from real_fceux import COUNTER, MakeFceux

from quarterup.emulators.emulator import EmulatorError, EmulatorNotFound, MemoryRange, RomError
from quarterup.emulators.fceux_program import fceux_version, find_fceux

PutFceux = Callable[[str], Path]


@pytest.fixture
def put_fceux(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PutFceux:
    """Puts a Python script in FCEUX's place."""

    def put(script: str) -> Path:
        program = tmp_path / "fceux"
        program.write_text(f"#!{sys.executable}\n{script}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("QUARTERUP_FCEUX", str(program))
        return program

    return put


def test_the_version_is_that_of_the_program() -> None:
    assert fceux_version(find_fceux())[:2] == "2."


def test_no_fceux(make_fceux: MakeFceux, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("QUARTERUP_FCEUX", str(tmp_path / "fceux"))
    with pytest.raises(EmulatorNotFound, match=f"QUARTERUP_FCEUX names {tmp_path / 'fceux'}"):
        make_fceux()
    monkeypatch.delenv("QUARTERUP_FCEUX")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("quarterup.emulators.mame_program.USUAL_PLACES", ())
    with pytest.raises(EmulatorNotFound, match=r"not installed, or not on PATH\..*apt install fceux"):
        make_fceux()


def test_an_fceux_without_lua(make_fceux: MakeFceux, put_fceux: PutFceux) -> None:
    put_fceux("print('Starting FCEUX 2.6.4...\\n\\nUsage is as follows:\\n--sound  x')")
    with pytest.raises(EmulatorNotFound, match=r"FCEUX 2\.6\.4, was built without Lua.*QUARTERUP_FCEUX"):
        make_fceux()


def test_something_else_of_that_name(make_fceux: MakeFceux, put_fceux: PutFceux) -> None:
    program = put_fceux("print('I play chess')")
    with pytest.raises(EmulatorNotFound, match=r"does not say which FCEUX it is"):
        make_fceux()
    program.write_bytes(b"\x7fELF nonsense")
    fceux_version.cache_clear()
    with pytest.raises(EmulatorNotFound, match="cannot be run"):
        make_fceux()


def with_mapper(path: Path, mapper: int) -> Path:
    content = bytearray(COUNTER.read_bytes())
    content[6], content[7], content[8] = mapper << 4 & 0xF0, mapper & 0xF0 | 8, mapper >> 8
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("mapper", [20, 4000])
def test_a_cartridge_board_that_fceux_does_not_know(
    make_fceux: MakeFceux, tmp_path: Path, private_tmp: Path, mapper: int
) -> None:
    """FCEUX itself would wait for ever."""
    with pytest.raises(RomError, match=rf"a\.nes is for a cartridge board .* \(mapper {mapper}, submapper 0\)"):
        make_fceux(with_mapper(tmp_path / "a.nes", mapper), start_timeout_s=40)
    assert not list(private_tmp.iterdir())


def test_a_game_that_does_not_start_for_another_reason(make_fceux: MakeFceux, put_fceux: PutFceux) -> None:
    put_fceux(
        "import sys, time\n"
        "if '--help' in sys.argv: sys.exit(print('Starting FCEUX 2.6.5...\\n--loadlua'))\n"
        "print('Qt Warning: …', file=sys.stderr, flush=True)\n"
        "time.sleep(60)"
    )
    with pytest.raises(RomError, match=r"did not start .*counter\.nes in time(.*\n)*.*Qt Warning"):
        make_fceux(start_timeout_s=0.5)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", COUNTER.read_bytes()[:9000]])
def test_files_that_are_no_game(make_fceux: MakeFceux, tmp_path: Path, content: bytes) -> None:
    rom = tmp_path / "a.nes"
    rom.write_bytes(content)
    with pytest.raises(RomError, match=r"a\.nes is (no NES game|cut short)"):
        make_fceux(rom)


def test_too_many_ranges(make_fceux: MakeFceux) -> None:
    with pytest.raises(ValueError, match="at most 255"):
        make_fceux(watch=[MemoryRange(0, 1)] * 256)


def test_a_window_needs_a_display(make_fceux: MakeFceux, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(EmulatorError, match="needs a display"):
        make_fceux(visible=True)


@pytest.mark.parametrize("name", ["with spaces", "semi;colon", "$HOME", "~", 'quo"te', "ümläut (E)", "a|b", "-dash"])
def test_games_with_strange_names(make_fceux: MakeFceux, tmp_path: Path, name: str) -> None:
    rom = tmp_path / name / f"{name}.nes"
    rom.parent.mkdir()
    rom.write_bytes(COUNTER.read_bytes())
    emulator = make_fceux(rom, watch=[MemoryRange(0, 1)])
    assert (emulator.facts.machine, emulator.facts.rom_path) == (name, str(rom))
    assert emulator.step((), 9).memory[0] == 5
