"""`quarterup play` opens a window, plays in it at the machine's own speed, and leaves nothing behind."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time

import psutil
import pytest

PLAYED_S = 4.0


@pytest.mark.parametrize(("who", "says"), [(["--policy", "expert"], "expert plays"), (["--human"], "inserts a coin")])
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
