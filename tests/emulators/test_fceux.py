"""`FceuxEmulator` on real FCEUX: what it is, inputs, steps, memory, resets."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

import numpy as np
import pytest
from real_fceux import (
    ALL_RAM,
    BOOT_FRAMES,
    COUNT,
    COUNTER,
    COUNTER_RAM,
    FALLING,
    LENGTH,
    PAD_1,
    PAD_2,
    PAD_BITS,
    STAR_EVIL,
    MakeFceux,
)

from quarterup.emulators.emulator import EmulatorError, MemoryRange, Picture

CHANGES = [(), ("P1 Left",), ("P1 Right", "P1 A"), ("P1 Start",), ("P1 B", "P2 Up"), ("P1 Up", "P1 A"), ("P1 Down",)]

# ------------------------------------------------------------------------------------------------------- the machine


def test_facts(make_fceux: MakeFceux) -> None:
    facts = make_fceux(FALLING).facts
    assert (facts.machine, facts.description, facts.rom_status) == ("falling", "falling", "own ROM")
    assert facts.emulator.startswith("FCEUX 2.")
    assert (facts.screen_width, facts.screen_height) == (256, 240)
    assert facts.refresh_hz == pytest.approx(60.0988)
    assert facts.display_aspect == pytest.approx(256 / 240 * 8 / 7)
    assert facts.rom_path == str(FALLING)


def test_inputs_have_their_names(make_fceux: MakeFceux) -> None:
    inputs = make_fceux().inputs
    names = ("Up", "Down", "Left", "Right", "A", "B", "Select", "Start")
    assert list(inputs) == [f"P{player} {name}" for player in (1, 2) for name in names]
    assert {field.kind for field in inputs.values()} == {"digital"}
    assert {inputs[f"P2 {name}"].player for name in names} == {2}


@pytest.mark.parametrize(
    ("region", "hz", "least", "most"), [(0, 60.0988, 3500, 3640), (1, 50.0070, 3950, 4100), (3, 50.0070, 4200, 4400)]
)
def test_the_region_decides_how_long_a_frame_is(
    make_fceux: MakeFceux, tmp_path: Path, region: int, hz: float, least: int, most: int
) -> None:
    """The game counts a loop of 8 cycles. NTSC has 29,780.5 a frame, PAL 33,247.5, a Dendy 35,464."""
    content = bytearray(COUNTER.read_bytes())
    content[7] = 8  # NES 2.0
    content[12] = region
    rom = tmp_path / "counter.nes"
    rom.write_bytes(content)
    emulator = make_fceux(rom, watch=[COUNTER_RAM])
    assert emulator.facts.refresh_hz == hz
    memory = emulator.step((), 20).memory
    assert least < int(memory[LENGTH]) + 256 * int(memory[LENGTH + 1]) < most


# ---------------------------------------------------------------------------------------------------------- stepping


def test_a_step_is_exactly_as_many_frames_as_asked_for(make_fceux: MakeFceux) -> None:
    """From the very first on, and none while FCEUX waits for us."""
    emulator = make_fceux(watch=[COUNTER_RAM])
    number = 0
    for frames in (1, 1, 4, 2, 3, 4, 7, 60, 1, 255, 1000, 1):
        time.sleep(0.05)
        frame = emulator.step((), frames)
        number += frames
        assert frame.number == number
        assert int(frame.memory[COUNT]) == max(number - BOOT_FRAMES, 0) % 256


def test_an_input_is_held_in_its_own_step_and_gone_in_the_next(make_fceux: MakeFceux) -> None:
    emulator = make_fceux(watch=[COUNTER_RAM])
    emulator.step((), 20)
    for frames in (1, 3):
        for name, bit in PAD_BITS.items():
            memory = emulator.step((f"P1 {name}",), frames).memory
            assert (memory[PAD_1], memory[PAD_2]) == (bit, 0)
            memory = emulator.step((f"P2 {name}",), frames).memory
            assert (memory[PAD_1], memory[PAD_2]) == (0, bit)
    assert emulator.step(("P1 A", "P1 Left", "P1 Right", "P2 B")).memory[PAD_1 : PAD_2 + 1].tolist() == [128 + 3, 64]
    assert emulator.step().memory[PAD_1 : PAD_2 + 1].tolist() == [0, 0]


def test_an_input_is_held_in_every_frame_of_a_step(make_fceux: MakeFceux) -> None:
    """What is stirred depends on each frame's buttons."""
    whole, parts = make_fceux(watch=[COUNTER_RAM]), make_fceux(watch=[COUNTER_RAM])
    for inputs in CHANGES:
        at_once = whole.step(inputs, 9).memory.tolist()
        for _ in range(9):
            one_by_one = parts.step(inputs, 1).memory.tolist()
        assert at_once == one_by_one


def test_inputs_can_be_named_in_every_way(make_fceux: MakeFceux) -> None:
    emulator = make_fceux(watch=[COUNTER_RAM])
    emulator.step((), 20)
    for inputs in (("P1 B",), ["P1 B"], {"P1 B": 1}, ("pad1/P1 B",), {"P1 B": 1, "P1 A": 0}):
        assert emulator.step(inputs).memory[PAD_1] == 64, inputs
        assert emulator.step({"P1 B": 0}).memory[PAD_1] == 0


def test_steps_can_be_sent_ahead_and_are_answered_in_order(make_fceux: MakeFceux) -> None:
    emulator = make_fceux(watch=[COUNTER_RAM], picture=Picture())
    emulator.step((), 20)
    emulator.send_step(("P1 A",), 2)
    emulator.send_step(("P1 B",), 3)
    for number, pad in ((22, 128), (25, 64)):
        frame = emulator.receive_step()
        assert (frame.number, frame.memory[COUNT], frame.memory[PAD_1]) == (number, number - BOOT_FRAMES, pad)


def test_a_wrong_input_is_explained_and_nothing_is_lost(make_fceux: MakeFceux) -> None:
    emulator = make_fceux()
    with pytest.raises(EmulatorError, match=r"counter has no input 'P1 Fire'\. Nearest: "):
        emulator.step(("P1 Fire",))
    with pytest.raises(EmulatorError, match="'P1 A' goes from 0 to 1, not to 2"):
        emulator.step({"P1 A": 2})
    with pytest.raises(ValueError, match="1 to 65535 frames, not 0"):
        emulator.step((), 0)
    assert emulator.step().number == 1


# ------------------------------------------------------------------------------------------------------------ memory


def test_written_memory_is_read_back(make_fceux: MakeFceux) -> None:
    emulator = make_fceux(watch=[MemoryRange(0x400, 8)])
    emulator.step((), 20)
    emulator.write(0x402, b"\x12\x00\xff")
    assert emulator.step().memory.tolist()[2:5] == [0x12, 0x00, 0xFF]


def test_ranges_come_one_after_another_and_strides_skip(make_fceux: MakeFceux) -> None:
    watch = [MemoryRange(0x400, 16), MemoryRange(0x401, 5, stride=3), MemoryRange(0x40F, 1, stride=64)]
    emulator = make_fceux(watch=watch)
    emulator.step((), 20)
    content = [
        0,
        10,
        37,
        255,
        0,
        13,
        46,
        40,
        41,
        0,
        91,
        45,
        1,
        0,
        2,
        0,
    ]  # zeros and what patterns would take for orders
    emulator.write(0x400, bytes(content))
    assert emulator.step().memory.tolist() == [*content, *content[1:16:3], content[15]]


def test_a_strided_range_may_end_at_the_spaces_last_byte(make_fceux: MakeFceux) -> None:
    memory = make_fceux(watch=[MemoryRange(0xFFFA, 2, stride=5), MemoryRange(0xFFFF, 1)]).step().memory
    assert memory[1] == memory[2] == COUNTER.read_bytes()[16 + 0x3FFF]


def test_the_picture_units_memory_can_be_watched(make_fceux: MakeFceux) -> None:
    def ppu(start: int, size: int) -> MemoryRange:
        return MemoryRange(start, size, device=":ppu", space="videoram")

    emulator = make_fceux(watch=[COUNTER_RAM, ppu(0x2000, 64), ppu(0x3F00, 2), ppu(0x10, 16)])
    memory = emulator.step((), 90).memory
    row, palette, tile = np.split(memory[COUNTER_RAM.size :], [64, 66])
    assert row.tolist() == [1] * 32 + [0] * 32
    assert palette.tolist() == [memory[COUNT] & 0x1F, 0x30]
    assert tile.tolist() == [255] * 16


def test_the_games_file_can_be_watched(make_fceux: MakeFceux) -> None:
    content = STAR_EVIL.read_bytes()[16:]
    watch = [MemoryRange(0, 300, device=":rom"), MemoryRange(len(content) - 90, 10, stride=9, device=":rom")]
    memory = make_fceux(STAR_EVIL, watch=watch).step().memory
    assert bytes(memory) == content[:300] + content[-90::9]


@pytest.mark.parametrize(
    ("watch", "message"),
    [
        (MemoryRange(0, 1, device=":maincpuu"), "no device ':maincpuu' .*:ppu with videoram"),
        (MemoryRange(0, 1, space="videoram"), "no device ':maincpu' with space 'videoram'"),
        (MemoryRange(0xFFFF, 2), "0x10000 is outside the space, which ends at 0xFFFF"),
        (MemoryRange(0xFFF0, 3, stride=8), "0x10000 is outside"),
        (MemoryRange(1 << 40, 1), "is outside the space"),
        (MemoryRange(0x3FFF, 2, device=":ppu", space="videoram"), "0x4000 is outside the space, which ends at 0x3FFF"),
        (MemoryRange(24_576, 1, device=":rom"), "0x6000 is outside the space, which ends at 0x5FFF"),
    ],
)
def test_memory_that_is_not_there(make_fceux: MakeFceux, watch: MemoryRange, message: str) -> None:
    with pytest.raises(EmulatorError, match=message):
        make_fceux(watch=[watch])


def test_a_write_that_cannot_be_changes_nothing(make_fceux: MakeFceux) -> None:
    emulator = make_fceux(watch=[MemoryRange(0x7FE, 2)])
    with pytest.raises(EmulatorError, match="0x10001 is outside"):
        emulator.write(0xFFFF, b"\x01\x02\x03")
    with pytest.raises(EmulatorError, match="only the memory of :maincpu"):
        emulator.write(0x10, b"\x01", device=":rom")
    emulator.step()


# ------------------------------------------------------------------------------------------------------------ resets


def test_switched_off_and_on_it_begins_anew_to_the_byte(make_fceux: MakeFceux) -> None:
    """But for the picture of the first frames: FCEUX's picture unit keeps 16 pixels, which one of them may show."""
    emulator = make_fceux(FALLING, watch=[ALL_RAM], picture=Picture(84, 84))

    def played() -> list[tuple[int, bytes, bytes]]:
        frames = (emulator.step(CHANGES[step % len(CHANGES)], 10) for step in range(40))
        return [(f.number, f.memory.tobytes(), f.screen.tobytes() if f.screen is not None else b"") for f in frames]

    first = played()
    emulator.reset(hard=True)
    assert played() == first


@pytest.mark.parametrize("hard", [False, True])
def test_a_reset_starts_the_game_and_nothing_stays_pressed(make_fceux: MakeFceux, hard: bool) -> None:
    emulator = make_fceux(watch=[COUNTER_RAM])
    emulator.step(("P1 A",), 100)
    emulator.reset(hard=hard)
    memory = emulator.step((), 30).memory
    assert (memory[COUNT], memory[PAD_1]) == (30 - BOOT_FRAMES, 0)


# ------------------------------------------------------------------------------------------------------- determinism


@pytest.mark.parametrize("rom", [FALLING, STAR_EVIL], ids=["falling", "starevil"])
def test_two_processes_with_the_same_inputs_give_the_same_bytes(make_fceux: MakeFceux, rom: Path) -> None:
    digests = []
    for _ in range(2):
        emulator = make_fceux(rom, watch=[ALL_RAM], picture=Picture(84, 84, gray=True))
        rng = np.random.default_rng(5)
        emulator.step((), 120)
        emulator.step(("P1 Start",), 5)
        digest, memories = hashlib.sha256(), set()
        for step in range(719):
            frame = emulator.step(CHANGES[rng.integers(len(CHANGES))], 4)
            assert frame.screen is not None
            digest.update(frame.memory)
            digest.update(frame.screen)
            memories.add(hash(frame.memory.tobytes()))
            if step == 300 and digests:
                emulator.drop_state(emulator.save_state())  # must not change what follows
        assert frame.number == 120 + 5 + 4 * 719
        assert len(memories) > 200, "nothing happens here: any emulator would pass"
        digests.append(digest.hexdigest())
    assert digests[0] == digests[1]
