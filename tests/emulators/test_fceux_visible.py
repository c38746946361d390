"""A window of FCEUX: it opens, plays at the machine's own speed, and plays the same game."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from real_fceux import ALL_RAM, FALLING, MakeFceux

from quarterup.emulators.emulator import Picture

pytestmark = pytest.mark.skipif(not shutil.which("Xvfb"), reason="needs Xvfb")
FRAMES = 240
WINDOW_PATIENCE_FRAMES = 1200
"""The game runs before its window is on the screen."""


def test_a_window_opens_and_runs_at_normal_speed(display: None, make_fceux: MakeFceux) -> None:
    emulator = make_fceux(FALLING, visible=True)
    windows = ""
    for _ in range(WINDOW_PATIENCE_FRAMES // 10):
        emulator.step((), 10)
        windows = subprocess.run(["xwininfo", "-root", "-tree"], capture_output=True, text=True, check=True).stdout
        if "FCEUX" in windows:
            break
    assert "FCEUX" in windows
    began = time.monotonic()
    for _ in range(FRAMES // 4):
        emulator.step((), 4)
    seconds = time.monotonic() - began
    assert seconds > FRAMES / 60.0988 * 0.9


def test_the_game_is_heard(
    display: None, make_fceux: MakeFceux, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """SDL can write into a file what it would play."""
    monkeypatch.setenv("SDL_AUDIODRIVER", "disk")
    monkeypatch.setenv("SDL_DISKAUDIOFILE", str(tmp_path / "sound"))
    emulator = make_fceux(FALLING, visible=True)
    for inputs in ((), ("P1 Start",), (), ("P1 Left",), ("P1 Right",)):
        emulator.step(inputs, 60)
    heard = np.frombuffer((tmp_path / "sound").read_bytes()[: 1 << 20], np.int16)
    assert len(np.unique(heard)) > 50


def test_what_is_played_in_a_window_is_what_is_played_without(display: None, make_fceux: MakeFceux) -> None:
    """Sound, speed and keyboard change nothing."""
    shown = make_fceux(FALLING, watch=[ALL_RAM], picture=Picture(), visible=True)
    hidden = make_fceux(FALLING, watch=[ALL_RAM], picture=Picture())
    for step in range(60):
        inputs = [(), ("P1 Start",), ("P1 Left", "P1 A"), ("P1 Right",)][step // 3 % 4]
        one, other = shown.step(inputs, 4), hidden.step(inputs, 4)
        assert one.number == other.number
        assert (one.memory == other.memory).all(), step
        assert one.screen is not None
        assert other.screen is not None
        assert (one.screen == other.screen).all(), step
