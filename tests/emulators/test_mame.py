"""`MameEmulator` on real MAME: what it is, inputs, steps, memory, resets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from real_mame import ATARI_COUNT, ATARI_JOYSTICKS, Make

from quarterup.emulators.emulator import EmulatorError, MemoryRange, Picture
from quarterup.emulators.mame import MameEmulator

WORK_RAM = MemoryRange(0x2000, 0x400)
SHIPS, GAME_MODE = 0x1FF, 0xEF
"""Offsets in the work RAM of the stand-in for `invaders`."""
ATARI_RAM = MemoryRange(0x80, 0x80)


def start_game(emulator: MameEmulator) -> np.ndarray:
    for inputs, frames in (((), 120), (("Coin 1",), 6), ((), 24), (("1 Player Start",), 6), ((), 60)):
        memory = emulator.step(inputs, frames).memory
    assert memory[GAME_MODE] == 1
    return memory


# ------------------------------------------------------------------------------------------------------- the machine


def test_facts(make: Make) -> None:
    facts = make().facts
    assert facts.machine == "invaders"
    assert "Space Invaders" in facts.description
    assert facts.emulator.startswith("MAME 0.")
    assert (facts.screen_width, facts.screen_height) == (224, 260)
    assert facts.refresh_hz == pytest.approx(59.54, abs=0.01)
    assert facts.display_aspect == pytest.approx(3 / 4)
    assert facts.rom_status == "stand-in"
    assert Path(facts.rom_path).is_dir()


def test_a_machine_without_roms(make: Make) -> None:
    facts = make("pong").facts
    assert (facts.rom_status, facts.rom_path) == ("no ROM needed", "")


def test_inputs_of_invaders(make: Make) -> None:
    inputs = make().inputs
    assert all(name == field.name for name, field in inputs.items())
    coin = inputs["Coin 1"]
    assert (coin.port, coin.field, coin.kind, coin.mask, coin.player) == ("IN1", "Coin 1", "digital", 1, 1)
    assert inputs["P2 Left"].player == 2
    lives = inputs["Lives"]
    assert (lives.port, lives.kind, lives.mask, lives.default) == ("IN2", "dipswitch", 3, 0)
    assert lives.settings == {0: "3", 1: "4", 2: "5", 3: "6"}
    assert inputs["Cabinet"].kind == "config"
    assert {"SW5/Unused", "SW6SW7/Unused"} <= inputs.keys()
    assert "Unused" not in inputs


def test_the_same_inputs_in_the_same_order_in_every_process(make: Make) -> None:
    assert list(make().inputs.values()) == list(make().inputs.values())


# ---------------------------------------------------------------------------------------------------------- stepping


def test_a_step_is_exactly_as_many_frames_as_asked_for(make: Make, atari_cart: Path) -> None:
    emulator = make("a2600", media={"cart": atari_cart}, watch=[ATARI_RAM])
    before = emulator.step((), 20)
    number, count = before.number, int(before.memory[ATARI_COUNT])
    for frames in (1, 1, 2, 3, 4, 7, 60, 1, 255):
        frame = emulator.step((), frames)
        number, count = number + frames, (count + frames) % 256
        assert (frame.number, frame.memory[ATARI_COUNT]) == (number, count)


def test_an_input_is_seen_in_its_own_step_and_gone_in_the_next(make: Make, atari_cart: Path) -> None:
    emulator = make("a2600", media={"cart": atari_cart}, watch=[ATARI_RAM])
    emulator.step((), 20)
    left, right = 0x40, 0x80  # of the first joystick, 0 when pressed
    for inputs, seen in (
        (("P1 Left",), 0xFF - left),
        ((), 0xFF),
        (("P1 Right",), 0xFF - right),
        (("P1 Left",), 0xFF - left),
        (("P1 Left",), 0xFF - left),
        ((), 0xFF),
    ):
        assert emulator.step(inputs, 1).memory[ATARI_JOYSTICKS] == seen


def test_inputs_can_be_named_in_every_way(make: Make, atari_cart: Path) -> None:
    emulator = make("a2600", media={"cart": atari_cart}, watch=[ATARI_RAM])
    emulator.step((), 20)
    port = emulator.inputs["P1 Left"].port
    for inputs in (("P1 Left",), ["P1 Left"], {"P1 Left": 1}, (f"{port}/P1 Left",), {"P1 Left": 1, "P1 Right": 0}):
        assert emulator.step(inputs).memory[ATARI_JOYSTICKS] == 0xBF, inputs
        assert emulator.step({"P1 Left": 0}).memory[ATARI_JOYSTICKS] == 0xFF


def test_a_dip_switch_keeps_its_value(make: Make) -> None:
    emulator = make(watch=[WORK_RAM])
    assert start_game(emulator)[SHIPS] == 2
    emulator.reset(hard=True)
    emulator.step({"Lives": 2}, 1)
    assert start_game(emulator)[SHIPS] == 4


def test_steps_can_be_sent_ahead_and_are_answered_in_order(make: Make, atari_cart: Path) -> None:
    emulator = make("a2600", media={"cart": atari_cart}, watch=[ATARI_RAM])
    number = emulator.step((), 20).number
    emulator.send_step(("P1 Left",), 2)
    emulator.send_step((), 3)
    first = emulator.receive_step()
    assert (first.number, first.memory[ATARI_JOYSTICKS]) == (number + 2, 0xBF)
    second = emulator.receive_step()
    assert (second.number, second.memory[ATARI_JOYSTICKS]) == (number + 5, 0xFF)


def test_a_paddle_has_a_range_and_turns(make: Make) -> None:
    emulator = make("pong", picture=Picture(84, 84, gray=True))
    paddle = emulator.inputs["Paddle"]
    assert (paddle.kind, paddle.minimum, paddle.maximum) == ("analog", 0, 255)
    emulator.step((), 30)
    emulator.step(("Coin 1",), 10)

    def height(value: int) -> float:
        screen = emulator.step({"Paddle": value, "Paddle 2": 128}, 12).screen
        assert screen is not None
        return float(np.argwhere(screen[:, 8:16] > 100)[:, 0].mean())

    assert height(60) > height(128) + 20 > height(190) + 30
    assert height(60) == pytest.approx(height(60), abs=2)
    for value in (-1, 256):
        with pytest.raises(EmulatorError, match=f"'Paddle' goes from 0 to 255, not to {value}"):
            emulator.step({"Paddle": value})
    with pytest.raises(EmulatorError, match="needs a value"):
        emulator.step(("Paddle",))


# ------------------------------------------------------------------------------------------------------------ memory


def test_written_memory_is_read_back(make: Make) -> None:
    emulator = make(watch=[MemoryRange(0x2380, 16)])
    emulator.step((), 5)
    emulator.write(0x2384, b"\x12\x34\xff")
    memory = emulator.step((), 1).memory
    assert memory[4:7].tolist() == [0x12, 0x34, 0xFF]


def test_ranges_come_one_after_another_and_strides_skip(make: Make) -> None:
    emulator = make(
        watch=[MemoryRange(0x2380, 16), MemoryRange(0x2381, 5, stride=3), MemoryRange(0x238F, 1, stride=64)]
    )
    emulator.step((), 5)
    emulator.write(0x2380, bytes(range(100, 116)))
    memory = emulator.step((), 1).memory
    assert memory.tolist() == [*range(100, 116), 101, 104, 107, 110, 113, 115]


@pytest.mark.parametrize("machine", ["invaders", "nes", "a2600"])
def test_ram_read_in_one_block_is_what_the_processor_sees(
    make: Make, machine: str, atari_cart: Path, nes_game: Path
) -> None:
    """Without a stride the bridge copies RAM as a block; with one it asks the address space for every byte."""
    start, size = {"invaders": (0x2000, 0x2000), "nes": (0, 0x800), "a2600": (0x80, 0x80)}[machine]
    media = {"invaders": {}, "nes": {"cart": nes_game}, "a2600": {"cart": atari_cart}}[machine]
    halves = [MemoryRange(start, size // 2, stride=2), MemoryRange(start + 1, size // 2, stride=2)]
    emulator = make(machine, media=media, watch=[MemoryRange(start, size), *halves])

    def assert_same() -> None:
        for _ in range(15):
            block, even, odd = np.split(emulator.step((), 7).memory, [size, size + size // 2])
            assert block.any()
            assert (block[::2] == even).all()
            assert (block[1::2] == odd).all()

    emulator.step((), 60)
    assert_same()
    state = emulator.save_state()
    emulator.step((), 100)
    emulator.load_state(state)
    assert_same()
    for hard in (False, True):
        emulator.reset(hard=hard)
        emulator.step((), 60)
        assert_same()


def test_a_strided_range_may_end_at_the_spaces_last_byte(make: Make) -> None:
    last = 0x7FFF  # MAME's map of this board has 15 address lines
    memory = make(watch=[MemoryRange(last - 8, 2, stride=8), MemoryRange(last, 1)]).step().memory
    assert memory[1] == memory[2]


def test_another_device_and_space_can_be_watched(make: Make, atari_cart: Path) -> None:
    riot = make("a2600", media={"cart": atari_cart}, watch=[ATARI_RAM, MemoryRange(0x180, 0x80)])
    memory = riot.step((), 30).memory
    assert memory[ATARI_COUNT] > 0
    assert (memory[:0x80] == memory[0x80:]).all()  # the same RAM is seen at both places
    ports = make(watch=[MemoryRange(0, 4, space="io")])
    assert ports.step((), 1).memory.shape == (4,)


def test_tcp_gives_the_same_bytes_as_pipes(make: Make) -> None:
    seen = []
    for transport in ("pipe", "tcp"):
        emulator = make(watch=[WORK_RAM], picture=Picture(), transport=transport)
        frames = [emulator.step(inputs, 9) for inputs in ((), ("Coin 1",), (), ("1 Player Start",), ())]
        state = emulator.save_state()
        emulator.load_state(state)
        last = emulator.step((), 1)
        assert last.screen is not None
        seen.append((last.number, last.memory.tobytes(), last.screen.tobytes(), len(frames)))
    assert seen[0] == seen[1]


# ------------------------------------------------------------------------------------------------------------ resets


@pytest.mark.parametrize("hard", [False, True])
def test_inputs_memory_and_pictures_work_after_a_reset(make: Make, hard: bool) -> None:
    emulator = make(watch=[WORK_RAM], picture=Picture(84, 84))
    start_game(emulator)
    emulator.step(("P1 Left", "P1 Button 1"), 3)
    emulator.reset(hard=hard)
    assert emulator.step((), 2).memory[GAME_MODE] == 0
    start_game(emulator)
    screen = emulator.step((), 200).screen
    assert screen is not None
    assert screen.any()
    emulator.reset(hard=not hard)
    emulator.load_state(emulator.save_state())
    start_game(emulator)


@pytest.mark.parametrize("hard", [False, True])
def test_nothing_stays_pressed_over_a_reset(make: Make, atari_cart: Path, hard: bool) -> None:
    emulator = make("a2600", media={"cart": atari_cart}, watch=[ATARI_RAM])
    emulator.step(("P1 Left",), 20)
    emulator.reset(hard=hard)
    assert emulator.step((), 20).memory[ATARI_JOYSTICKS] == 0xFF
    assert emulator.step(("P1 Left",), 1).memory[ATARI_JOYSTICKS] == 0xBF


def test_a_watchdog_that_bites_does_not_break_the_bridge(make: Make, tmp_path: Path) -> None:
    """A ROM of zero bytes feeds no watchdog: the board resets itself every 255 frames."""
    roms = tmp_path / "invaders"
    roms.mkdir()
    for name in [path.name for path in Path(make().facts.rom_path).iterdir()]:
        (roms / name).write_bytes(bytes(2048))
    emulator = make(roms=[tmp_path], watch=[WORK_RAM])
    assert emulator.facts.rom_status == "other checksums"
    number = emulator.step((), 1).number
    for frames in (100, 200, 1, 4, 600, 4):
        number += frames
        assert emulator.step(("P1 Left",), frames).number == number
    emulator.load_state(emulator.save_state())
    assert emulator.step((), 1).number == number + 1
    assert emulator._child.output().count("LUA ERROR") == 0


# ------------------------------------------------------------------------------------------------------- determinism


def test_two_processes_with_the_same_inputs_give_the_same_bytes(make: Make) -> None:
    ranges = [WORK_RAM, MemoryRange(0x2400, 0x1C00)]
    first = make(watch=ranges, picture=Picture(84, 84, gray=True))
    second = make(watch=ranges, picture=Picture(84, 84, gray=True))
    choices = [(), ("P1 Left",), ("P1 Right",), ("P1 Button 1",), ("Coin 1",), ("1 Player Start",)]
    rng = np.random.default_rng(5)
    for step in range(500):
        inputs = choices[rng.integers(len(choices))]
        if step == 250:
            second.save_state()  # must not change what follows
        one, other = first.step(inputs, 4), second.step(inputs, 4)
        assert one.number == other.number
        assert (one.memory == other.memory).all(), step
        assert one.screen is not None
        assert other.screen is not None
        assert (one.screen == other.screen).all(), step
