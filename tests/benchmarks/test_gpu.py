"""The benchmark for GPUs, where there is none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "gpu.py"


def test_without_a_gpu_it_says_so_and_fails() -> None:
    hidden = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run([sys.executable, SCRIPT], env=hidden, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert "no CUDA device found" in done.stderr
    assert done.stdout == ""
