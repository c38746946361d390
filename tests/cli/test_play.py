"""`quarterup play` opens a window, plays in it at the machine's own speed, and leaves nothing behind."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from quarterup.envs.trace import read_trace
from quarterup.training.playback import Playback

PLAYED_S = 4.0


@pytest.mark.parametrize(("who", "says"), [(["--policy", "expert"], "expert plays"), (["--human"], "arrow keys move")])
def test_a_window_opens_and_ctrl_c_closes_it(display: None, who: list[str], says: str) -> None:
    command = [sys.executable, "-m", "quarterup.cli.main", "play", "space_invaders", *who]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as program:
        assert program.stdout is not None
        assert says in program.stdout.readline()
        time.sleep(PLAYED_S)
        children = psutil.Process(program.pid).children(recursive=True)
        windows = subprocess.run(["xwininfo", "-root", "-tree"], capture_output=True, text=True, check=True).stdout
        program.send_signal(signal.SIGINT)
        output = program.stdout.read()
        assert program.wait(timeout=20) == 130
    assert re.search(r"MAME|Space Invaders", windows)
    assert "Traceback" not in output
    _, alive = psutil.wait_procs(children, timeout=5)
    assert not alive


def test_a_game_by_keys_in_the_window_is_kept_and_comes_out_the_same_again(display: None, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "quarterup.cli.main",
        "play",
        "space_invaders",
        "--human",
        "--demos",
        str(tmp_path),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as program:
        assert program.stdout is not None
        assert "arrow keys move" in program.stdout.readline()
        assert str(tmp_path) in program.stdout.readline()
        (window,) = subprocess.run(
            ["xdotool", "search", "--class", "mame"], capture_output=True, text=True, check=True
        ).stdout.split()
        for words in (["windowfocus", window], ["keydown", "Right"], ["keydown", "Control_L"]):
            subprocess.run(["xdotool", *words], check=True)
        said = program.stdout.readline()
        program.send_signal(signal.SIGINT)
        program.communicate(timeout=30)
    found = re.fullmatch(r"game over: ([\d,]+) points, kept: (\S+)\n", said)
    assert found, said
    trace = read_trace(Path(found[2]))
    assert f"{trace.score:,.0f}" == found[1]
    held = np.bincount(trace.holds & 0xFF, minlength=6)
    assert held[5] > 0.9 * trace.steps  # right and fire
    with Playback(trace, pictures=False) as playback:
        assert list(playback.play())[-1].score == trace.score
