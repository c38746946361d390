"""FCEUX's save states are exact: the same inputs from the same state give the same bytes."""

from __future__ import annotations

from pathlib import Path

import pytest
from real_fceux import ALL_RAM, COUNTER, FALLING, STAR_EVIL, MakeFceux

from quarterup.emulators.emulator import EmulatorError, HeldInputs, Picture
from quarterup.emulators.fceux import FceuxEmulator

INPUTS: list[HeldInputs] = [("P1 Left", "P1 A"), (), ("P1 Right",), ("P1 B", "P1 Up"), ("P1 Down",)]


def record(emulator: FceuxEmulator, steps: int = 150) -> list[tuple[int, bytes, bytes]]:
    """Number, memory and picture after each of `steps` frames, each input held for a few of them."""
    seen = []
    for step in range(steps):
        frame = emulator.step(INPUTS[step // 7 % len(INPUTS)], 1)
        assert frame.screen is not None
        seen.append((frame.number, frame.memory.tobytes(), frame.screen.tobytes()))
    assert len({memory for _, memory, _ in seen}) > 20, "nothing happens here: any state would do"
    return seen


@pytest.mark.parametrize("rom", [COUNTER, FALLING, STAR_EVIL], ids=lambda rom: rom.stem)
def test_exact(make_fceux: MakeFceux, rom: Path) -> None:
    emulator = make_fceux(rom, watch=[ALL_RAM], picture=Picture(84, 84, gray=True))
    for inputs, frames in (((), 100), (("P1 Start",), 5), ((), 90), (("P1 Left", "P1 A"), 3)):
        emulator.step(inputs, frames)
    state = emulator.save_state()
    first = record(emulator)
    for _ in range(2):
        emulator.load_state(state)
        again = record(emulator)
        assert [frame for frame, (one, other) in enumerate(zip(first, again, strict=True)) if one != other] == []


def test_the_very_first_state_is_the_machine_just_switched_on(make_fceux: MakeFceux) -> None:
    emulator = make_fceux(FALLING, watch=[ALL_RAM], picture=Picture(84, 84))
    state = emulator.save_state()
    first = record(emulator)
    emulator.load_state(state)
    assert [memory for _, memory, _ in record(emulator)] == [memory for _, memory, _ in first]


def test_states_do_not_disturb_each_other(make_fceux: MakeFceux) -> None:
    emulator = make_fceux(watch=[ALL_RAM])
    states = {}
    for frames in (100, 150, 175):
        number = emulator.step((), frames).number
        state = emulator.save_state()
        states[state] = (number + 1, emulator.step((), 1).memory.tobytes())
    for state, after in reversed(states.items()):
        emulator.load_state(state)
        frame = emulator.step((), 1)
        assert (frame.number, frame.memory.tobytes()) == after


def test_a_dropped_state_is_gone_and_the_others_stay(make_fceux: MakeFceux) -> None:
    emulator = make_fceux()
    kept, dropped = emulator.save_state(), emulator.save_state()
    emulator.drop_state(dropped)
    with pytest.raises(EmulatorError, match="no such state"):
        emulator.load_state(dropped)
    with pytest.raises(EmulatorError, match="no such state"):
        emulator.export_state(dropped, Path("never written"))
    emulator.load_state(kept)
    assert emulator.step().number == 1


def test_thousands_of_states_that_were_dropped_take_no_memory(make_fceux: MakeFceux) -> None:
    import psutil
    from real_mame import mame_of

    emulator = make_fceux(FALLING)
    process = psutil.Process(mame_of(emulator).pid)

    def saved_and_dropped(times: int) -> int:
        for _ in range(times):
            emulator.drop_state(emulator.save_state())
        return int(process.memory_info().rss)

    before = saved_and_dropped(100)
    assert saved_and_dropped(1500) < before + (30 << 20)  # kept, they were 120 MiB


def test_a_state_goes_through_a_file_into_another_process(make_fceux: MakeFceux, tmp_path: Path) -> None:
    first = make_fceux(FALLING, watch=[ALL_RAM], picture=Picture(84, 84))
    first.step(("P1 Start",), 333)
    first.export_state(first.save_state(), tmp_path / "a.state")
    after = record(first, 60)
    assert [path.name for path in tmp_path.iterdir() if "state" in path.name] == ["a.state"]
    second = make_fceux(FALLING, watch=[ALL_RAM], picture=Picture(84, 84))
    state = second.import_state(tmp_path / "a.state")
    second.load_state(state)
    assert record(second, 60) == after
    second.load_state(state)
    assert record(second, 60) == after


def test_a_state_of_another_game_is_refused(make_fceux: MakeFceux, tmp_path: Path) -> None:
    file = tmp_path / "a.state"
    falling = make_fceux(FALLING)
    falling.export_state(falling.save_state(), file)
    with pytest.raises(EmulatorError, match="is a state of machine falling, this is starevil"):
        make_fceux(STAR_EVIL).import_state(file)
    renamed = tmp_path / "falling.nes"
    renamed.write_bytes(STAR_EVIL.read_bytes())
    with pytest.raises(EmulatorError, match="is a state of media"):
        make_fceux(renamed).import_state(file)
    file.write_bytes(file.read_bytes()[:-50])
    with pytest.raises(EmulatorError, match="damaged"):
        falling.import_state(file)
    assert falling.step().number == 1
