"""A replay in a directory: it survives its process, and what is not that replay is refused."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from quarterup.agents.agent import Transitions
from quarterup.agents.replay import storage
from quarterup.agents.replay.batch import Batch
from quarterup.agents.replay.layout import replay_bytes
from quarterup.agents.replay.replay import Replay
from quarterup.agents.replay.storage import LAYOUT_FILE, ReplayDirectoryError, ReplayTooLargeError
from quarterup.agents.replay.sum_tree import sum_bytes


def make_replay(directory: Path, *, capacity: int = 200, n_step: int = 3) -> Replay:
    return Replay(
        observation_shape=(2, 3),
        observation_dtype=np.float16,
        num_envs=2,
        capacity=capacity,
        n_step=n_step,
        gamma=0.9,
        directory=directory,
    )


def fill(replay: Replay, rows: int) -> None:
    rng = np.random.default_rng(0)
    ended = np.zeros(2, dtype=bool)
    for _ in range(rows):
        terminated = (rng.random(2) < 0.1) & ~ended
        replay.add(
            Transitions(
                rng.random((2, 2, 3)).astype(np.float16),
                rng.integers(4, size=2),
                rng.random(2).astype(np.float32),
                terminated,
                np.zeros(2, dtype=bool),
                ~ended,
                rng.random(2) < 0.5,
            )
        )
        ended = terminated
    slots = np.unique(replay.sample(500, 1.0, rng).indices)
    replay.update_priorities(slots, rng.random(slots.size) * 9)


def assert_same(first: Batch, second: Batch) -> None:
    for name, value in vars(first).items():
        np.testing.assert_array_equal(np.asarray(value), np.asarray(getattr(second, name)), err_msg=name)


@pytest.mark.parametrize("rows", [40, 250])
def test_a_reopened_replay_gives_the_same_samples(tmp_path: Path, rows: int) -> None:
    replay = make_replay(tmp_path / "replay")
    fill(replay, rows)
    again = make_replay(tmp_path / "replay")
    assert again.rows_written.tolist() == [rows, rows]
    assert again.max_priority == replay.max_priority > 1
    assert_same(replay.sample(50, 0.5, np.random.default_rng(1)), again.sample(50, 0.5, np.random.default_rng(1)))


def test_a_replay_survives_the_kill_of_its_process(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys; from pathlib import Path; sys.path.insert(0, sys.argv[2]);"
        "from test_storage import *; replay = make_replay(Path(sys.argv[1])); fill(replay, 90);"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "killed"), str(Path(__file__).parent)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    survivor = make_replay(tmp_path / "killed")
    twin = make_replay(tmp_path / "twin")
    fill(twin, 90)
    assert_same(survivor.sample(50, 0.5, np.random.default_rng(1)), twin.sample(50, 0.5, np.random.default_rng(1)))
    fill(survivor, 20)
    assert survivor.rows_written.tolist() == [110, 110]


def test_replay_bytes_is_what_the_files_hold(tmp_path: Path) -> None:
    make_replay(tmp_path)
    on_disk = sum(np.load(path, mmap_mode="r").nbytes for path in tmp_path.glob("*.npy"))
    said = replay_bytes(observation_shape=(2, 3), observation_dtype=np.float16, num_envs=2, capacity=200)
    assert said == on_disk + sum_bytes(200)


def test_a_replay_of_other_settings_is_refused_by_name(tmp_path: Path) -> None:
    make_replay(tmp_path)
    with pytest.raises(ReplayDirectoryError, match="n_step' is 3 there and 5 here"):
        make_replay(tmp_path, n_step=5)
    with pytest.raises(ReplayDirectoryError, match="another replay: fields 'actions'"):
        make_replay(tmp_path, capacity=300)


def test_a_directory_with_other_files_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(ReplayDirectoryError, match=r"thesis\.txt"):
        make_replay(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"facts": 1, "fields": 2}', "\x00"])
def test_a_description_that_is_none_is_refused(tmp_path: Path, content: str) -> None:
    make_replay(tmp_path)
    (tmp_path / LAYOUT_FILE).write_text(content)
    with pytest.raises(ReplayDirectoryError, match="not the description of a replay"):
        make_replay(tmp_path)


def test_a_reopened_replay_begins_new_episodes(tmp_path: Path) -> None:
    fill(make_replay(tmp_path), 40)
    again = make_replay(tmp_path)
    fill(again, 20)
    sampled = again.sample(1000, 1.0, np.random.default_rng(0))
    rows = set((sampled.indices % 100).tolist())
    assert 39 not in rows
    assert {37, 38, 40, 41} <= rows
    # What follows row 38 is row 39, however many steps a target has.
    before = sampled.discounts.numpy()[sampled.indices % 100 == 38]
    assert set(before.tolist()) <= {0.0, np.float32(0.9)}


@pytest.mark.parametrize("damage", ["missing", "empty", "short", "other type"])
def test_a_damaged_file_is_refused(tmp_path: Path, damage: str) -> None:
    fill(make_replay(tmp_path), 30)
    path = tmp_path / "rewards.npy"
    if damage == "missing":
        path.unlink()
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "short":
        path.write_bytes(path.read_bytes()[:-4])
    else:
        np.save(path, np.zeros(200, dtype=np.float64))
    with pytest.raises(ReplayDirectoryError, match=r"rewards\.npy"):
        make_replay(tmp_path)


@pytest.mark.parametrize("priority", [np.nan, -1.0])
def test_damaged_priorities_are_refused(tmp_path: Path, priority: float) -> None:
    fill(make_replay(tmp_path), 30)
    priorities = np.load(tmp_path / "priorities.npy", mmap_mode="r+")
    priorities[-1] = priority
    del priorities
    with pytest.raises(ReplayDirectoryError, match="damaged"):
        make_replay(tmp_path)


def test_an_interrupted_creation_is_begun_again(tmp_path: Path) -> None:
    make_replay(tmp_path)
    (tmp_path / LAYOUT_FILE).unlink()
    assert make_replay(tmp_path).rows_written.tolist() == [0, 0]
    assert json.loads((tmp_path / LAYOUT_FILE).read_text())["facts"]["n_step"] == 3


@pytest.mark.filterwarnings("ignore:.*waits for the disk")
def test_a_disk_too_small_is_an_error_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ReplayTooLargeError, match=r"1,000,000,000,000,000 transitions needs .* fit\."):
        make_replay(tmp_path, capacity=10**15)
    assert list(tmp_path.iterdir()) == []


def test_a_replay_larger_than_memory_says_what_would_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "available_memory", lambda: 10**6)
    with pytest.raises(ReplayTooLargeError) as refused:
        make_replay_in_memory(100_000)
    said = re.search(r"About ([\d,]+) transitions fit", str(refused.value))
    assert said is not None
    fits = int(said[1].replace(",", ""))
    make_replay_in_memory(fits)
    with pytest.raises(ReplayTooLargeError):
        make_replay_in_memory(int(fits * 1.2))


def make_replay_in_memory(capacity: int) -> Replay:
    return Replay(
        observation_shape=(2, 3), observation_dtype=np.float16, num_envs=2, capacity=capacity, n_step=3, gamma=0.9
    )


def test_files_larger_than_memory_are_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "available_memory", lambda: 10**6)
    with pytest.warns(UserWarning, match=r"About \d\d,000 transitions fit.*waits for the disk"):
        make_replay(tmp_path, capacity=100_000)
