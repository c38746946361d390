"""Save states are exact: the same inputs from the same state give the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from real_mame import Make

from quarterup.emulators.emulator import EmulatorError, HeldInputs, MemoryRange, Picture
from quarterup.emulators.mame import MameEmulator

INVADERS = (MemoryRange(0x2000, 0x2000),)


def record(emulator: MameEmulator, inputs: Sequence[HeldInputs], steps: int = 200) -> list[tuple[int, bytes, bytes]]:
    """Number, memory and picture after each of `steps` frames, each input held for a few of them."""
    seen = []
    for step in range(steps):
        frame = emulator.step(inputs[step // 7 % len(inputs)], 1)
        assert frame.screen is not None
        seen.append((frame.number, frame.memory.tobytes(), frame.screen.tobytes()))
    assert len({memory for _, memory, _ in seen}) > 20, "nothing happens here: any state would do"
    return seen


def assert_exact(emulator: MameEmulator, inputs: Sequence[HeldInputs]) -> None:
    state = emulator.save_state()
    first = record(emulator, inputs)
    for _ in range(2):
        emulator.load_state(state)
        again = record(emulator, inputs)
        different = [frame for frame, (one, other) in enumerate(zip(first, again, strict=True)) if one != other]
        assert different == []


def test_exact_on_invaders(make: Make) -> None:
    emulator = make(watch=INVADERS, picture=Picture(84, 84, gray=True))
    for inputs, frames in (((), 120), (("Coin 1",), 6), ((), 24), (("1 Player Start",), 6), ((), 200)):
        emulator.step(inputs, frames)
    assert_exact(emulator, [("P1 Left", "P1 Button 1"), (), ("P1 Right",), ("P1 Button 1",)])


def test_exact_on_the_atari_2600(make: Make, atari_cart: Path) -> None:
    emulator = make("a2600", media={"cart": atari_cart}, watch=[MemoryRange(0x80, 0x80)], picture=Picture(84, 84))
    emulator.step((), 60)
    assert_exact(emulator, [("P1 Left",), (), ("P1 Right", "P1 Up"), ("P1 Button 1",)])


def test_exact_on_the_nes(make: Make, nes_game: Path) -> None:
    emulator = make("nes", media={"cart": nes_game}, watch=[MemoryRange(0, 0x800)], picture=Picture(84, 84))
    start = next(name for name in emulator.inputs if "Start" in name)
    left, right = (next(name for name in emulator.inputs if name.endswith(f"P1 {way}")) for way in ("Left", "Right"))
    for inputs, frames in (((), 60), ((start,), 5), ((), 60)):
        emulator.step(inputs, frames)
    assert_exact(emulator, [(left,), (), (right,), (left,)])


def test_exact_in_the_middle_of_a_held_input(make: Make) -> None:
    emulator = make(watch=INVADERS, picture=Picture(84, 84))
    for inputs, frames in (((), 120), (("Coin 1",), 6), ((), 24), (("1 Player Start",), 6), ((), 200)):
        emulator.step(inputs, frames)
    emulator.step(("P1 Left", "P1 Button 1"), 3)
    assert_exact(emulator, [("P1 Right",), ("P1 Left",)])


def test_states_do_not_disturb_each_other(make: Make) -> None:
    emulator = make(watch=INVADERS)
    states = {}
    for frames in (100, 150, 175):
        emulator.step((), frames)
        state = emulator.save_state()
        states[state] = emulator.step((), 1).memory.tobytes()
    for state, after in reversed(states.items()):
        emulator.load_state(state)
        assert emulator.step((), 1).memory.tobytes() == after


def test_a_loaded_state_brings_its_frame_number_back(make: Make) -> None:
    emulator = make()
    number = emulator.step((), 50).number
    state = emulator.save_state()
    emulator.step((), 200)
    emulator.load_state(state)
    assert emulator.step((), 3).number == number + 3


def test_a_dropped_state_is_gone_and_the_others_stay(make: Make) -> None:
    emulator = make()
    kept, dropped = emulator.save_state(), emulator.save_state()
    emulator.drop_state(dropped)
    with pytest.raises(EmulatorError, match="no such state"):
        emulator.load_state(dropped)
    emulator.load_state(kept)
    emulator.step()


def test_a_state_goes_through_a_file_into_another_process(make: Make, tmp_path: Path) -> None:
    first = make(watch=INVADERS)
    first.step((), 333)
    state = first.save_state()
    first.export_state(state, tmp_path / "a.state")
    after = first.step(("Coin 1",), 9)
    number, memory = after.number, after.memory.tobytes()
    assert [path.name for path in tmp_path.iterdir() if "state" in path.name] == ["a.state"]
    second = make(watch=INVADERS)
    second.load_state(second.import_state(tmp_path / "a.state"))
    again = second.step(("Coin 1",), 9)
    assert (again.number, again.memory.tobytes()) == (number, memory)


def test_a_damaged_file_is_refused_and_the_emulator_goes_on(make: Make, tmp_path: Path) -> None:
    emulator = make()
    good = tmp_path / "good.state"
    emulator.export_state(emulator.save_state(), good)
    content = good.read_bytes()
    damaged = tmp_path / "damaged.state"
    for bad in (
        content[: len(content) // 2],
        content[:-100] + bytes([content[-100] ^ 1]) + content[-99:],
        content.partition(b"\n")[0] + b"\n",
        content.partition(b"\n")[0] + b"\n[1]\n" + content[-100:],
        b"",
        b"\x00" * 500,
    ):
        damaged.write_bytes(bad)
        with pytest.raises(EmulatorError, match=r"damaged|no save state"):
            emulator.import_state(damaged)
    emulator.load_state(emulator.import_state(good))


def test_a_state_of_another_machine_or_game_is_refused(make: Make, tmp_path: Path, atari_cart: Path) -> None:
    file = tmp_path / "a.state"
    invaders = make()
    invaders.export_state(invaders.save_state(), file)
    atari = make("a2600", media={"cart": atari_cart})
    with pytest.raises(EmulatorError, match="is a state of machine invaders, this is a2600"):
        atari.import_state(file)
    atari.export_state(atari.save_state(), file)
    other_cart = tmp_path / "other.a26"
    other_cart.write_bytes(atari_cart.read_bytes().replace(b"\xe6\x80", b"\xe6\x81"))
    with pytest.raises(EmulatorError, match="is a state of media"):
        make("a2600", media={"cart": other_cart}).import_state(file)
