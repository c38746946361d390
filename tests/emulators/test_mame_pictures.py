"""The picture of a step: of its last frame, never an older one."""

from __future__ import annotations

import numpy as np
import pytest
from real_mame import Make

from quarterup.emulators import bridge_protocol as protocol
from quarterup.emulators.emulator import EmulatorError, MemoryRange, Picture

VIDEO_RAM = MemoryRange(0x2400, 0x1C00)
BOOT_FRAMES = 300
"""Then the stand-in's attract screen moves in every frame."""


def bit_map(memory: np.ndarray) -> np.ndarray:
    """The board's one-bit screen, upright: 224 columns of 32 bytes, from the bottom up."""
    columns = np.unpackbits(memory.reshape(224, 32), axis=1, bitorder="little")
    return columns.T[::-1].astype(bool)


def lit(picture: np.ndarray | None) -> np.ndarray:
    assert picture is not None
    return picture[:256].reshape(256, 224, -1).max(axis=2) > 0


def test_no_picture_unless_asked_for(make: Make) -> None:
    assert make().step().screen is None


def test_shapes_and_kinds(make: Make) -> None:
    for picture, shape in (
        (Picture(), (260, 224, 3)),
        (Picture(gray=True), (260, 224)),
        (Picture(raw=True), (260, 224, 3)),
        (Picture(gray=True, raw=True), (260, 224)),
        (Picture(84, 84), (84, 84, 3)),
        (Picture(84, 60, gray=True), (60, 84)),
    ):
        screen = make(picture=picture).step((), 120).screen
        assert screen is not None
        assert (screen.shape, screen.dtype) == (shape, np.uint8)


@pytest.mark.parametrize("gray", [False, True])
def test_the_picture_shows_the_last_frame_of_the_step_pixel_for_pixel(make: Make, gray: bool) -> None:
    emulator = make(watch=[VIDEO_RAM], picture=Picture(gray=gray))
    emulator.step((), BOOT_FRAMES)
    changed = 0
    before = None
    for step in range(120):
        frame = emulator.step((), (1, 4, 2, 7, 3)[step % 5])
        now = bit_map(frame.memory)
        assert (lit(frame.screen) == now).all(), step
        changed += before is not None and bool((before != now).any())
        before = now
    assert changed > 30, "this attract screen hardly moves, so the test would not see a stale picture"


def test_the_first_picture_after_a_loaded_state_is_fresh_too(make: Make) -> None:
    emulator = make(watch=[VIDEO_RAM], picture=Picture())
    emulator.step((), BOOT_FRAMES)
    state = emulator.save_state()
    emulator.step((), 200)
    for frames in (1, 2, 5):
        emulator.load_state(state)
        frame = emulator.step((), frames)
        assert (lit(frame.screen) == bit_map(frame.memory)).all()


def test_a_scaled_picture_is_the_native_one_made_smaller(make: Make) -> None:
    native = make(picture=Picture(gray=True)).step((), BOOT_FRAMES).screen
    small = make(picture=Picture(56, 65, gray=True)).step((), BOOT_FRAMES).screen
    assert native is not None
    assert small is not None
    means = native.reshape(65, 4, 56, 4).mean(axis=(1, 3))
    assert np.corrcoef(means.ravel(), small.ravel())[0, 1] > 0.9


def test_a_screenshot_stands_upright_and_is_one_drawn_frame_behind(make: Make) -> None:
    emulator = make(watch=[VIDEO_RAM], picture=Picture())
    frame = emulator.step((), BOOT_FRAMES)
    for _ in range(20):
        before = lit(frame.screen)
        frame = emulator.step((), 1)
        screenshot = emulator.screenshot()
        assert screenshot.shape == (260, 224, 3)
        assert (lit(screenshot) == before).all()


@pytest.mark.parametrize("frames", [2, 3, 7])
def test_a_raw_picture_shows_the_frame_before_the_last_whatever_the_frame_skip(make: Make, frames: int) -> None:
    emulator = make(watch=[VIDEO_RAM], picture=Picture(raw=True))
    emulator.step((), BOOT_FRAMES)
    for _ in range(10):
        start = emulator.save_state()
        before = bit_map(emulator.step((), frames - 1).memory)
        emulator.load_state(start)
        assert (lit(emulator.step((), frames).screen) == before).all()
        emulator.step((), 9)


def test_a_raw_picture_is_the_machines_own_bitmap_one_frame_old(make: Make) -> None:
    every_frame = make(watch=[VIDEO_RAM])
    before = every_frame.step((), BOOT_FRAMES)
    emulator = make(picture=Picture(raw=True))
    emulator.step((), BOOT_FRAMES)
    for step in range(60):
        frames = (1, 4, 2, 7, 3)[step % 5]
        before = every_frame.step((), frames - 1) if frames > 1 else before
        one_frame_old = bit_map(before.memory)
        before = every_frame.step((), 1)
        screen = emulator.step((), frames).screen
        assert screen is not None
        assert screen.shape == (260, 224, 3)
        assert (lit(screen) == one_frame_old).all(), step


def test_without_a_picture_no_frame_is_drawn(make: Make) -> None:
    emulator = make(watch=[VIDEO_RAM])
    memory = emulator.step((), BOOT_FRAMES).memory
    look = protocol.parse_look(emulator._ask(protocol.look()))
    assert memory.any()
    assert not np.frombuffer(look.bgra, np.uint8).reshape(-1, 4)[:, :3].any()
    with pytest.raises(EmulatorError, match="without a picture"):
        emulator.screenshot()


@pytest.mark.parametrize(("width", "height"), [(84, None), (None, 84), (0, 84), (-3, -4), (1 << 13, 1 << 13)])
def test_impossible_sizes_are_refused(width: int | None, height: int | None) -> None:
    with pytest.raises(ValueError, match="picture"):
        Picture(width, height)
