"""Arrays that two processes share: what one writes the other reads whole, in order, and without loss."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from quarterup.agents.agent import Transitions
from quarterup.training import shared_arrays
from quarterup.training.errors import TrainingError
from quarterup.training.shared_arrays import Layout, SharedArrays, num_weight_bytes

WEIGHTS = [torch.zeros(300, 70), torch.zeros(70), torch.zeros((), dtype=torch.int64), torch.zeros(5, dtype=torch.uint8)]
LAYOUT = Layout(2, (3, 4), np.dtype(np.uint8).str, queue_steps=5, num_weight_bytes=num_weight_bytes(WEIGHTS))
STEPS = 3_000

OTHER = """
import sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from test_shared_arrays import LAYOUT, STEPS, WEIGHTS, transitions
from quarterup.training.shared_arrays import SharedArrays
shared = SharedArrays(Path({path!r}), LAYOUT)
print("ready", flush=True)
if {task!r} == "publish":
    for number in range(1, STEPS + 1):
        for tensor in WEIGHTS:
            tensor.fill_(number % 100)
        shared.publish(WEIGHTS)
else:
    for number in range(STEPS):
        while shared.queue.is_full:
            pass
        shared.queue.put(transitions(number))
"""


def transitions(number: int) -> Transitions:
    """A step that can be told from its neighbours by every array."""
    odd = np.full(2, number % 2, np.bool_)
    observations = np.full((2, 3, 4), number % 251, np.uint8)
    return Transitions(observations, np.full(2, number), np.full(2, number, np.float32), odd, ~odd, odd, ~odd)


def start_other(shared: SharedArrays, task: str) -> subprocess.Popen[bytes]:
    script = OTHER.format(tests=str(Path(__file__).parent), path=str(shared.path), task=task)
    other = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert other.stdout is not None
    other.stdout.readline()
    shared.forget_name()
    return other


def test_weights_are_always_of_one_set_and_get_newer() -> None:
    shared = SharedArrays.create(LAYOUT)
    other = start_other(shared, "publish")
    mine = [torch.zeros_like(tensor) for tensor in WEIGHTS]
    version, taken = 0, 0
    while version < STEPS:
        newest = shared.take_up(mine, version)
        assert newest >= version
        if newest > version:
            version, taken = newest, taken + 1
            assert {float(value) for tensor in mine for value in tensor.flatten()} == {version % 100}
    assert taken > 3
    assert other.wait() == 0


def test_every_step_comes_through_the_queue_whole_and_in_order() -> None:
    shared = SharedArrays.create(LAYOUT)
    other = start_other(shared, "put")
    for number in range(STEPS):
        while shared.queue.is_empty:
            pass
        found, expected = shared.queue.first(), transitions(number)
        for name, array in vars(expected).items():
            np.testing.assert_array_equal(getattr(found, name), array)
        shared.queue.remove_first()
    assert shared.queue.is_empty
    assert other.wait() == 0


def test_the_queue_is_full_when_there_is_no_room() -> None:
    shared = SharedArrays.create(LAYOUT)
    shared.forget_name()
    for number in range(LAYOUT.queue_steps):
        assert not shared.queue.is_full
        shared.queue.put(transitions(number))
    assert shared.queue.is_full
    shared.queue.remove_first()
    assert not shared.queue.is_full


def test_arrays_never_overlap_and_begin_where_processors_like_it() -> None:
    places, size = LAYOUT.places()
    end = 0
    for offset, shape, dtype in places.values():
        assert offset >= end
        assert offset % shared_arrays.ALIGNMENT == 0
        end = offset + int(np.prod(shape)) * dtype.itemsize
    assert end <= size


def test_without_room_in_memory_the_disk_is_taken_and_without_any_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = shared_arrays._reserve
    monkeypatch.setattr(shared_arrays.tempfile, "gettempdir", lambda: str(tmp_path))

    def only_on_disk(folder: Path, size: int) -> Path:
        if folder == shared_arrays.MEMORY_FOLDER:
            raise OSError(28, "No space left on device")
        return whole(folder, size)

    monkeypatch.setattr(shared_arrays, "_reserve", only_on_disk)
    assert SharedArrays.create(LAYOUT).path.parent == tmp_path
    huge = Layout(2, (2**40,), "<f4", queue_steps=5, num_weight_bytes=0)
    with pytest.raises(TrainingError, match="--mode sync"):
        SharedArrays.create(huge)
    assert len(list(tmp_path.iterdir())) == 1
