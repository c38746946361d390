"""`RetroEmulator` on stable-retro's own NES core: what every emulator must do, and what this one refuses."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from nes_program import BITS, BUTTONS_1, BUTTONS_2, COUNT, write_nes_program
from real_mame import assert_nothing_left

from quarterup.emulators import retro_core
from quarterup.emulators.area import AreaResize
from quarterup.emulators.emulator import (
    EmulatorDied,
    EmulatorError,
    EmulatorNotFound,
    MemoryRange,
    Picture,
    RomError,
    StateId,
)
from quarterup.emulators.launch import launch
from quarterup.emulators.pictures import gray_from_bgra
from quarterup.emulators.retro import RetroEmulator
from quarterup.emulators.retro_worker import SLOTS

pytest.importorskip("stable_retro", reason="stable-retro is not installed: `quarterup[retro]` has it")

FALLING = Path(__file__).parents[1] / "data" / "falling.nes"
RAM = MemoryRange(0, 0x800)
Make = Callable[..., RetroEmulator]


@pytest.fixture
def program(tmp_path: Path) -> Path:
    return write_nes_program(tmp_path / "program.nes")


@pytest.fixture
def make(program: Path) -> Iterator[Make]:
    """Make emulators that are closed after the test, whatever it did."""
    made: list[RetroEmulator] = []

    def make_one(rom: Path = program, **arguments: object) -> RetroEmulator:
        made.append(RetroEmulator(rom, **{"watch": [RAM], **arguments}))  # type: ignore[arg-type]
        return made[-1]

    yield make_one
    for emulator in made:
        emulator.close()


def worker_of(emulator: RetroEmulator) -> psutil.Process:
    (worker,) = psutil.Process(emulator._child._guard.pid).children()
    return worker


# ----------------------------------------------------------------------------------------------------------- stepping


def test_facts_and_inputs(make: Make, program: Path) -> None:
    emulator = make()
    facts = emulator.facts
    assert facts.machine == "program"
    assert facts.emulator.startswith("stable-retro 1.")
    assert facts.emulator.endswith(" (fceumm)")
    assert (facts.screen_width, facts.screen_height) == (240, 224)
    assert facts.refresh_hz == pytest.approx(60.0988, abs=0.002)
    assert facts.display_aspect == pytest.approx(240 / 224 * 8 / 7)
    assert facts.rom_path == str(program)
    assert set(emulator.inputs) == {f"P{player} {name}" for player in (1, 2) for name in BITS}
    assert emulator.inputs["P2 Left"].player == 2


def test_a_step_is_exactly_as_many_frames_as_asked_for(make: Make) -> None:
    emulator = make()
    before = emulator.step((), 20)
    number, count = before.number, int(before.memory[COUNT])
    for frames in (1, 1, 2, 3, 4, 7, 60, 1, 255):
        frame = emulator.step((), frames)
        number, count = number + frames, (count + frames) % 256
        assert (frame.number, frame.memory[COUNT]) == (number, count)


@pytest.mark.parametrize("transport", ["pipe", "tcp"])
def test_an_input_is_seen_in_its_own_step_and_gone_in_the_next(make: Make, transport: str) -> None:
    emulator = make(transport=transport)
    emulator.step((), 20)
    for name, bit in BITS.items():
        assert emulator.step((f"P1 {name}",), 1).memory[BUTTONS_1] == bit
        memory = emulator.step([f"P2 {name}"], 1).memory
        assert (memory[BUTTONS_1], memory[BUTTONS_2]) == (0, bit)
        assert not emulator.step((), 1).memory[[BUTTONS_1, BUTTONS_2]].any()
    assert emulator.step({"P1 A": 1, "P1 Up": 1, "P1 B": 0}, 3).memory[BUTTONS_1] == BITS["A"] | BITS["Up"]


def test_steps_can_be_sent_ahead_and_are_answered_in_order(make: Make) -> None:
    emulator = make(picture=Picture())
    number = emulator.step((), 20).number
    names = list(BITS)
    for turn in range(SLOTS - 1):
        emulator.send_step((f"P1 {names[turn % 8]}",), turn + 1)
    with pytest.raises(EmulatorError, match=f"at most {SLOTS - 1} steps"):
        emulator.send_step()
    for turn in range(SLOTS - 1):
        frame = emulator.receive_step()
        number += turn + 1
        assert (frame.number, frame.memory[BUTTONS_1]) == (number, BITS[names[turn % 8]])
    assert emulator.step(("P1 B",)).number == number + 1


def test_the_same_inputs_give_the_same_memory_and_pictures_in_every_process(make: Make) -> None:
    def played() -> list[bytes]:
        emulator = make(FALLING, picture=Picture())
        rng = np.random.default_rng(3)
        names = list(emulator.inputs)[:8]
        frames = (emulator.step((names[rng.integers(8)],), 4) for _ in range(200))
        return [frame.memory.tobytes() + frame.screen.tobytes() for frame in frames]  # type: ignore[union-attr]

    first = played()
    assert first == played()
    assert len(set(first)) > 50


# ------------------------------------------------------------------------------------------------------------- memory


def test_ranges_strides_and_mirrors(make: Make) -> None:
    mirrors = [MemoryRange(COUNT, 1), MemoryRange(0x1800 + COUNT, 1), MemoryRange(COUNT, 3, 0x800)]
    memory = make(watch=[*mirrors, MemoryRange(0x6000, 4)]).step((), 30).memory
    assert memory.shape == (9,)
    assert (memory[:5] == memory[0]).all()
    assert memory[0] > 20


@pytest.mark.parametrize(
    "watch",
    [
        MemoryRange(0x2000, 1),
        MemoryRange(0x1FFF, 2),
        MemoryRange(0x8000, 1),
        MemoryRange(0, 1, device=":ppu"),
        MemoryRange(0, 1, space="videoram"),
    ],
)
def test_memory_that_is_not_shown_is_refused_with_what_is(make: Make, watch: MemoryRange) -> None:
    with pytest.raises(EmulatorError, match="its core shows :maincpu's memory at 0x0 to 0x7FF, 0x6000 to 0x7FFF"):
        make(watch=[watch])


def test_a_write_is_seen_and_one_elsewhere_changes_nothing(make: Make) -> None:
    emulator = make()
    emulator.step((), 20)
    emulator.write(0x7FE, b"\x11\x22\x33")
    memory = emulator.step().memory
    assert memory[[0x7FE, 0x7FF, 0]].tolist() == [0x11, 0x22, 0x33]
    with pytest.raises(EmulatorError, match="can't be written"):
        emulator.write(0x1FFF, b"\x01\x02")
    assert emulator.step().memory[0x7FF] == 0x22


# ------------------------------------------------------------------------------------------------------------- states


def test_a_state_goes_on_byte_for_byte(make: Make) -> None:
    emulator = make(FALLING, picture=Picture())
    emulator.step((), 100)
    emulator.step(("P1 Start",), 30)
    early = emulator.save_state()
    rng = np.random.default_rng(1)
    held = [(list(emulator.inputs)[rng.integers(8)],) for _ in range(100)]

    def play() -> list[bytes]:
        frames = (emulator.step(inputs, 4) for inputs in held)
        return [frame.memory.tobytes() + frame.screen.tobytes() for frame in frames]  # type: ignore[union-attr]

    first = play()
    late = emulator.save_state()
    number = emulator.step().number
    emulator.load_state(early)
    assert play() == first
    emulator.load_state(late)
    assert emulator.step().number == number


def test_a_dropped_state_is_gone_and_the_others_stay(make: Make) -> None:
    emulator = make()
    first, second = emulator.save_state(), emulator.save_state()
    emulator.drop_state(first)
    with pytest.raises(EmulatorError, match=f"no saved state {first}"):
        emulator.load_state(first)
    emulator.load_state(second)
    with pytest.raises(EmulatorError, match="no saved state 99"):
        emulator.load_state(StateId(99))
    assert emulator.step().number == 2


# ----------------------------------------------------------------------------------------------------------- pictures


def test_pictures_of_every_kind_are_of_the_last_frame(make: Make) -> None:
    native, gray = make(FALLING, picture=Picture()), make(FALLING, picture=Picture(gray=True))
    small, small_gray = make(FALLING, picture=Picture(84, 100)), make(FALLING, picture=Picture(84, 84, gray=True))
    for emulator in (native, gray, small, small_gray):
        emulator.step((), 150)
    for _ in range(3):
        shown = native.step((), 7).screen
        assert shown is not None
        assert shown.shape == (224, 240, 3)
        assert np.array_equal(native.look(), shown)
        assert np.array_equal(native.screenshot(), shown)
        luma = gray_from_bgra(np.dstack([shown[:, :, ::-1], np.zeros((224, 240, 1), np.uint8)]).copy())
        assert np.array_equal(gray.step((), 7).screen, luma)
        expected = np.zeros((84, 84), np.uint8)
        AreaResize(224, 240, 84, 84)(luma, expected)
        assert np.array_equal(small_gray.step((), 7).screen, expected)
        red = np.zeros((100, 84), np.uint8)
        AreaResize(224, 240, 100, 84)(np.ascontiguousarray(shown[:, :, 0]), red)
        scaled = small.step((), 7).screen
        assert scaled is not None
        assert np.array_equal(scaled[:, :, 0], red)


def test_the_picture_belongs_to_the_frame_of_the_memory_even_when_steps_are_sent_ahead(make: Make) -> None:
    emulator = make(picture=Picture())
    emulator.step((), 20)
    colours = {int(emulator.step().memory[COUNT]) % 64: emulator.look()[100, 100].tolist() for _ in range(64)}
    assert len({tuple(colour) for colour in colours.values()}) > 30
    for _ in range(10):
        emulator.send_step()
    for _ in range(10):
        frame = emulator.receive_step()
        assert frame.screen is not None
        assert frame.screen[100, 100].tolist() == colours[int(frame.memory[COUNT]) % 64]


def test_a_look_does_not_need_a_picture_and_a_screenshot_does(make: Make) -> None:
    emulator = make()
    assert emulator.step((), 10).screen is None
    emulator.prepare_look()
    emulator.step((), 10)
    assert emulator.look().shape == (224, 240, 3)
    with pytest.raises(EmulatorError, match="without a picture"):
        emulator.screenshot()


# ----------------------------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"visible": True}, "no window and no sound"),
        ({"picture": Picture(raw=True)}, "no raw picture"),
        ({"picture": Picture(300, 84)}, "can't be made larger"),
    ],
)
def test_what_it_cannot_do_is_refused(make: Make, arguments: dict[str, object], message: str) -> None:
    with pytest.raises(EmulatorError, match=message):
        make(**arguments)


def test_inputs_that_are_not_there(make: Make) -> None:
    emulator = make()
    with pytest.raises(EmulatorError, match=r"program has no input 'P1 Fire'\. Nearest: 'P1 "):
        emulator.step(("P1 Fire",))
    with pytest.raises(EmulatorError, match="from 0 to 1, not to 2"):
        emulator.step({"P1 A": 2})
    with pytest.raises(EmulatorError, match="not the text 'P1 A'"):
        emulator.step("P1 A")
    with pytest.raises(ValueError, match="1 to 65535 frames, not 0"):
        emulator.step((), 0)
    assert emulator.step().number == 2, "nothing of it came to the core, which has run a frame by itself"


def test_files_that_are_no_games(make: Make, tmp_path: Path) -> None:
    with pytest.raises(RomError, match=r"there is no file .*missing\.nes"):
        make(tmp_path / "missing.nes")
    text = tmp_path / "text.nes"
    text.write_text("This is no game.")
    with pytest.raises(RomError, match="no NES game: it has 16 bytes and begins with 54 68 69 73"):
        make(text)
    cut = tmp_path / "cut.nes"
    cut.write_bytes(FALLING.read_bytes()[:20])
    with pytest.raises(RomError, match="cut short: it has 20 bytes, and its header says 40,976"):
        make(cut)
    other = tmp_path / "other.dat"
    other.write_bytes(bytes(100))
    with pytest.raises(RomError, match="stable-retro cannot run"):
        make(other)


def test_a_mapper_that_the_core_does_not_know(make: Make, tmp_path: Path) -> None:
    with pytest.raises(RomError, match="stable-retro cannot run"):
        make(write_nes_program(tmp_path / "mapper.nes", mapper=247))


def test_without_stable_retro_it_says_what_to_do(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retro_core, "has_retro", lambda: False)
    with pytest.raises(EmulatorNotFound, match="pip install"):
        make()


# --------------------------------------------------------------------------------------------------------------- death


def test_a_killed_core_is_noticed_and_leaves_nothing(make: Make, private_tmp: Path) -> None:
    emulator = make(picture=Picture())
    emulator.step()
    worker = worker_of(emulator)
    processes = [worker, psutil.Process(emulator._child._guard.pid)]
    worker.kill()
    with pytest.raises(EmulatorDied, match="ended"):
        emulator.step()
    assert_nothing_left(processes, private_tmp)
    with pytest.raises(EmulatorDied, match="closed"):
        emulator.step()


def test_a_frozen_core_is_ended_in_time(make: Make, private_tmp: Path) -> None:
    emulator = make(timeout_s=0.5)
    worker = worker_of(emulator)
    os.kill(worker.pid, signal.SIGSTOP)
    with pytest.raises(EmulatorDied, match=r"did not answer for 0\.5 s"):
        emulator.step()
    assert_nothing_left([worker], private_tmp)


def test_an_answer_is_never_taken_for_a_later_one(make: Make) -> None:
    emulator = make()
    emulator.send_step()
    with pytest.raises(EmulatorDied, match="interrupted"):
        emulator.save_state()


def test_closing_twice_is_fine_and_a_failed_start_leaves_nothing(make: Make, private_tmp: Path, tmp_path: Path) -> None:
    emulator = make()
    emulator.close()
    emulator.close()
    with pytest.raises(RomError):
        make(write_nes_program(tmp_path / "mapper.nes", mapper=247))
    assert_nothing_left([], private_tmp)


def test_a_game_is_launched_under_its_own_name() -> None:
    with launch("nes", "falling", emulator="retro", roms=[FALLING.parent], watch=[RAM]) as emulator:  # type: ignore[attr-defined]
        assert (emulator.facts.machine, emulator.facts.rom_status) == ("falling", "own ROM")
        assert emulator.step((), 60).memory.any()
