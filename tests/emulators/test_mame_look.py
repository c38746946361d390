"""Looking in on an emulator that draws nothing: the picture is right, and the machine does not notice."""

from __future__ import annotations

import numpy as np
import pytest
from real_mame import Make
from test_mame_pictures import BOOT_FRAMES, VIDEO_RAM, bit_map, lit

from quarterup.emulators.emulator import MemoryRange, Picture

RAM = MemoryRange(0x2000, 0x2000)
SIZES = (1, 4, 2, 7, 3)


def test_a_look_shows_the_last_frame_of_a_step_that_nobody_else_sees(make: Make) -> None:
    emulator = make(watch=[VIDEO_RAM])
    emulator.step((), BOOT_FRAMES)
    changed = 0
    for step in range(60):
        emulator.prepare_look()
        frame = emulator.step((), SIZES[step % 5])
        assert frame.screen is None
        picture = emulator.look()
        assert (picture.shape, picture.dtype) == ((260, 224, 3), np.uint8)
        now = bit_map(frame.memory)
        assert (lit(picture) == now).all(), step
        after = emulator.step((), 5)
        changed += bool((bit_map(after.memory) != now).any())
    assert changed > 15, "this attract screen hardly moves, so the test would not see a stale picture"


def test_a_look_beside_scaled_pictures_is_of_native_size_and_a_frame_older(make: Make) -> None:
    emulator = make(watch=[VIDEO_RAM], picture=Picture(84, 84, gray=True))
    emulator.step((), BOOT_FRAMES)
    for frames in (2, 3, 7):
        start = emulator.save_state()
        before = bit_map(emulator.step((), frames - 1).memory)
        emulator.load_state(start)
        emulator.prepare_look()
        screen = emulator.step((), frames).screen
        assert screen is not None
        assert screen.shape == (84, 84)
        assert (lit(emulator.look()) == before).all()


@pytest.mark.parametrize("picture", [None, Picture(84, 84, gray=True)])
def test_the_machine_does_not_notice_that_somebody_looks(make: Make, picture: Picture | None) -> None:
    inputs = [("Coin 1",), (), ("1 Player Start",), (), ("P1 Left",), ("P1 Right", "P1 Button 1")]
    memories = []
    for looks in (False, True):
        emulator = make(watch=[RAM], picture=picture)
        emulator.step((), BOOT_FRAMES)
        seen = []
        for step in range(150):
            if looks and step % 3:
                emulator.prepare_look()
            frame = emulator.step(inputs[step // 5 % len(inputs)], SIZES[step % 5])
            seen.append(
                (frame.number, frame.memory.tobytes(), None if frame.screen is None else frame.screen.tobytes())
            )
            if looks and step % 3:
                emulator.look()
        memories.append(seen)
    assert memories[0] == memories[1]
