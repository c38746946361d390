"""FCEUX's picture of a step: of its last frame, never an older one; of every line; the same bytes every time."""

from __future__ import annotations

import numpy as np
import pytest
from real_fceux import COUNT, COUNTER_RAM, FALLING, MakeFceux

from quarterup.emulators.emulator import Frame, Picture
from quarterup.emulators.pictures import AreaScaler, gray_from_rgbx

SQUARE_LINES = slice(101, 109)
WHITE = 255


def square_left(frame: Frame) -> int:
    """Where the white square begins. Its right part may be beyond the edge."""
    assert frame.screen is not None
    white = (frame.screen[SQUARE_LINES].reshape(8, 256, -1) == WHITE).all(axis=(0, 2))
    return int(np.flatnonzero(white)[0])


def test_no_picture_unless_asked_for(make_fceux: MakeFceux) -> None:
    assert make_fceux().step().screen is None


def test_shapes_and_kinds(make_fceux: MakeFceux) -> None:
    for picture, shape in (
        (Picture(), (240, 256, 3)),
        (Picture(gray=True), (240, 256)),
        (Picture(raw=True), (240, 256, 3)),
        (Picture(84, 60), (60, 84, 3)),
        (Picture(84, 84, gray=True), (84, 84)),
        (Picture(300, 500, gray=True), (500, 300)),
    ):
        screen = make_fceux(picture=picture).step((), 30).screen
        assert screen is not None
        assert (screen.shape, screen.dtype) == (shape, np.uint8)


@pytest.mark.parametrize("gray", [False, True])
def test_the_picture_is_of_the_last_frame_of_the_step(make_fceux: MakeFceux, gray: bool) -> None:
    emulator = make_fceux(watch=[COUNTER_RAM], picture=Picture(gray=gray))
    emulator.step((), 10)
    for step in range(25):
        frame = emulator.step((), (1, 4, 2, 7, 3)[step % 5])
        assert square_left(frame) == frame.memory[COUNT], step
        assert frame.screen is not None
        assert len(np.unique(frame.screen[20:100].reshape(-1, frame.screen[0, 0].size), axis=0)) == 1


def test_no_line_is_cut_off(make_fceux: MakeFceux) -> None:
    screen = make_fceux(picture=Picture()).step((), 60).screen
    assert screen is not None
    assert (screen[:8] == WHITE).all()
    assert (screen[-8:] == WHITE).all()
    assert (screen[8:-8, :50] != WHITE).any(axis=2).all()


@pytest.mark.parametrize("frames", [1, 2, 5])
def test_the_first_picture_after_a_loaded_state_is_fresh_too(make_fceux: MakeFceux, frames: int) -> None:
    emulator = make_fceux(watch=[COUNTER_RAM], picture=Picture())
    emulator.step((), 30)
    state = emulator.save_state()
    emulator.step((), 50)
    emulator.load_state(state)
    frame = emulator.step((), frames)
    assert square_left(frame) == frame.memory[COUNT] == 26 + frames


def test_scaled_and_gray_pictures_are_made_of_the_native_one(make_fceux: MakeFceux) -> None:
    native = make_fceux(FALLING, picture=Picture()).step((), 100).screen
    assert native is not None
    assert len(np.unique(native.reshape(-1, 3), axis=0)) >= 4
    rgbx = np.dstack([native, np.full((240, 256), 99, np.uint8)])
    gray = gray_from_rgbx(rgbx)
    for picture, expected in (
        (Picture(gray=True), gray),
        (Picture(84, 84, gray=True), AreaScaler((240, 256), (84, 84))(gray)),
        (Picture(100, 60), AreaScaler((240, 256), (60, 100))(native)),
    ):
        screen = make_fceux(FALLING, picture=picture).step((), 100).screen
        assert (screen == expected).all()


@pytest.mark.parametrize("picture", [None, Picture(), Picture(84, 84, gray=True)])
def test_a_look_is_of_the_last_frame_and_the_machine_does_not_notice(
    make_fceux: MakeFceux, picture: Picture | None
) -> None:
    emulator, untouched = make_fceux(watch=[COUNTER_RAM], picture=picture), make_fceux(watch=[COUNTER_RAM])
    for step in range(20):
        emulator.prepare_look()
        frame = emulator.step((), 1 + step % 4)
        for seen in (emulator.look(), emulator.screenshot()):
            assert (seen.shape, seen.dtype) == ((240, 256, 3), np.uint8)
            if frame.number > 6:
                assert square_left(Frame(0, frame.memory, seen)) == frame.memory[COUNT]
        assert untouched.step((), 1 + step % 4).memory.tolist() == frame.memory.tolist()
