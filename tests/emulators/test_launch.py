"""Which emulator a game's machine is started in, and with which ROM."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from quarterup.emulators import launch as launch_module
from quarterup.emulators.emulator import EmulatorError, MemoryRange, RomError
from quarterup.emulators.launch import (
    choose_emulator,
    emulator_titled,
    find_rom,
    launch,
    launch_mame,
    mame_machine,
    require_rom,
)
from quarterup.emulators.systems import SYSTEMS, TITLES

ROMS = Path(__file__).parent.parent / "data"


def test_every_system_has_an_emulator_and_every_emulator_a_title() -> None:
    for system, facts in SYSTEMS.items():
        assert choose_emulator(system) in facts.emulators
        assert set(facts.emulators) <= set(TITLES.values())


def test_an_emulator_that_cannot_run_the_system_is_refused() -> None:
    with pytest.raises(EmulatorError, match=r"does not run arcade games\. Those that do: mame"):
        choose_emulator("arcade", "fceux")  # type: ignore[arg-type]


def test_emulators_are_known_by_their_title() -> None:
    assert emulator_titled("MAME 0.251") == "mame"
    with pytest.raises(EmulatorError, match=r"ZSNES 1\.5 is no emulator"):
        emulator_titled("ZSNES 1.5")


def test_what_is_not_installed_or_has_no_window_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch_module, "has_retro", lambda: True)
    assert "retro" in SYSTEMS["nes"].emulators
    assert choose_emulator("nes", visible=True) != "retro"
    assert choose_emulator("nes", "retro", visible=True) == "retro"
    monkeypatch.setattr(launch_module, "has_retro", lambda: False)
    assert choose_emulator("nes") != "retro"


def test_an_arcade_machine_starts() -> None:
    with contextlib.closing(launch("arcade", "invaders")) as emulator:
        assert emulator.facts.machine == "invaders"
        assert emulator.step((), 4).number == 4


def test_a_console_game_runs_in_mame_under_its_own_name() -> None:
    watch = [MemoryRange(0, 0x800)]
    with launch_mame("nes", "falling", roms=[ROMS], watch=watch) as emulator:
        facts = emulator.facts
        assert (facts.machine, facts.rom_status) == ("falling", "own ROM")
        assert facts.rom_path == str(ROMS / "falling.nes")
        assert {"P1 Up", "P1 Down", "P1 Left", "P1 Right", "P1 A", "P1 B", "P1 Select", "P1 Start"} <= set(
            emulator.inputs
        )
        before = emulator.step((), 120).memory.copy()
        assert before.any()
        emulator.step(("P1 Start",), 10)
        assert (emulator.step((), 60).memory != before).any()


def test_a_rom_is_found_under_the_names_that_people_give_it(tmp_path: Path) -> None:
    rom = tmp_path / "Falling (World) [!].NES"
    rom.write_bytes((ROMS / "falling.nes").read_bytes())
    assert require_rom("nes", "falling", [tmp_path]) == rom
    assert mame_machine("nes", "falling", [tmp_path]) == ["nes", "-cart", str(rom)]
    assert mame_machine("arcade", "invaders") == ["invaders"]


def test_a_file_of_another_kind_is_no_rom(tmp_path: Path) -> None:
    (tmp_path / "falling.txt").write_text("its licence")
    (tmp_path / "falling.nes").mkdir()
    assert find_rom("nes", "falling", [tmp_path]).path is None


def test_without_a_rom_the_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(RomError, match=r"no ROM of no_such_game\. Put it, as no_such_game\.nes") as problem:
        require_rom("nes", "no_such_game", [tmp_path])
    assert str(tmp_path) in str(problem.value)
