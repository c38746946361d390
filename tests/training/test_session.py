"""Whole runs, in processes of their own where they are killed."""

from __future__ import annotations

import dataclasses
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import torch
from cartpole_run import SMALL, Silence, scalars_and_weights, settings, train_cartpole

from quarterup.agents.replay import storage
from quarterup.agents.replay.storage import ReplayTooLargeError
from quarterup.agents.schedules import Linear
from quarterup.training import run_folder
from quarterup.training.environment import TrainingEnv
from quarterup.training.errors import RunFolderError, SettingsError
from quarterup.training.locks import open_and_lock
from quarterup.training.metrics import MetricsReader
from quarterup.training.run_folder import RunFolder
from quarterup.training.session import train
from quarterup.training.settings import EnvSettings, TrainSettings

SCRIPT = Path(__file__).with_name("cartpole_run.py")
FOREVER = 10**9
PATIENCE_S = 60.0


def start(run: Path, steps: int, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(SCRIPT), str(run), str(steps), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_until(holds: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def checkpoints(run: Path) -> list[int]:
    return RunFolder.open(run).checkpoints.env_steps() if (run / "config.json").exists() else []


def assert_sound(run: Path) -> None:
    """No metric twice, no half checkpoint, no gap between what is saved and what is written."""
    folder = RunFolder.open(run)
    newest = folder.checkpoints.load_newest()
    assert newest is not None
    checkpoint, problems = newest
    assert problems == []
    assert all(folder.checkpoints.load(step) for step in folder.checkpoints.env_steps())
    with MetricsReader(folder.metrics) as reader:
        assert reader._select("PRAGMA integrity_check") == [("ok",)]
        steps = reader.curve("loss").env_steps
        episodes = reader.episodes()
    assert len(set(steps.tolist())) == len(steps)
    assert episodes.env_steps.tolist() == sorted(episodes.env_steps.tolist())
    assert len({*zip(episodes.env_steps.tolist(), episodes.env.tolist(), strict=True)}) == len(episodes.env)
    saved_episodes = int((episodes.env_steps <= checkpoint.env_step).sum())
    assert saved_episodes == checkpoint.trainer["episodes"]


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_a_run_goes_on_after_kill_9_at_any_moment(tmp_path: Path, mode: str) -> None:
    run = tmp_path / "run"
    how = f'mode="{mode}"'
    chance = random.Random(5)
    reached = written_too_much = 0
    for kill in range(3):
        process = start(run, FOREVER, "save_every_steps=200", how, *(["--resume"] if kill else []))
        before = checkpoints(run)
        wait_until(lambda before=before: checkpoints(run) not in (before, []), process)  # type: ignore[misc]
        time.sleep(chance.uniform(0, 0.7))
        process.kill()
        process.communicate()
        assert_sound(run)
        newest = checkpoints(run)[-1]
        assert newest > reached
        with MetricsReader(RunFolder.open(run).metrics) as reader:
            written_too_much += int(reader.curve("loss").env_steps[-1]) > newest
        reached = newest
    result, _ = train_cartpole(run, reached + 300, resume=True, save_every_steps=200, mode=mode)
    assert result.finished
    assert result.env_steps >= reached + 300
    assert written_too_much, "no kill came between a checkpoint and the metrics after it: this tests nothing"
    assert_sound(run)
    with MetricsReader(RunFolder.open(run).metrics) as reader:
        kinds = [event.kind for event in reader.events()]
        wall_s = reader.curve("loss").wall_s
    assert (kinds.count("started"), kinds.count("resumed"), kinds.count("finished")) == (1, 3, 1)
    assert (wall_s[1:] >= wall_s[:-1]).all()


def test_a_run_that_died_before_its_first_checkpoint_begins_again(tmp_path: Path) -> None:
    run = tmp_path / "run"
    process = start(run, FOREVER, f"save_every_steps={FOREVER}")

    def has_learned() -> bool:
        if not (run / "metrics.db-wal").exists():
            return False
        with MetricsReader(run / "metrics.db") as reader:
            return "loss" in reader.names()

    wait_until(has_learned, process)
    process.kill()
    process.communicate()
    result, display = train_cartpole(run, 400, resume=True, save_every_steps=FOREVER)
    assert result.env_steps >= 400
    assert "The run had no checkpoint yet: it begins again." in display.notes
    fresh, _ = train_cartpole(tmp_path / "fresh", 400, save_every_steps=FOREVER)
    assert result.mean_score == fresh.mean_score
    again, first = scalars_and_weights(run), scalars_and_weights(tmp_path / "fresh")
    assert again[:2] == first[:2]
    assert all(torch.equal(tensor, first[2][name]) for name, tensor in again[2].items())
    assert_sound(run)


def assert_ends_cleanly(process: subprocess.Popen[str], run: Path, number: int, code: int) -> None:
    process.send_signal(number)
    out, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == code, errors
    report = json.loads(out.splitlines()[-1])
    assert not report["finished"]
    assert checkpoints(run)[-1] == report["env_steps"]
    assert_sound(run)


def test_sigterm_saves_and_stops(tmp_path: Path) -> None:
    process = start(tmp_path / "run", FOREVER)
    wait_until(lambda: checkpoints(tmp_path / "run") != [], process)
    assert_ends_cleanly(process, tmp_path / "run", signal.SIGTERM, 143)


def test_two_trainings_never_share_a_folder_and_ctrl_c_saves_and_stops(tmp_path: Path) -> None:
    run = tmp_path / "run"
    first = start(run, FOREVER)
    try:
        wait_until(lambda: checkpoints(run) != [], first)
        with pytest.raises(RunFolderError, match=f"Another training, process {first.pid}, is using"):
            train_cartpole(run, FOREVER, resume=True)
        with pytest.raises(RunFolderError, match="holds a run already"):
            train_cartpole(run, FOREVER)
        assert_ends_cleanly(first, run, signal.SIGINT, 130)
    finally:
        first.kill()
        first.communicate()


def test_when_the_learner_is_killed_the_run_says_so_and_can_go_on(tmp_path: Path) -> None:
    run = tmp_path / "run"
    process = start(run, FOREVER, 'mode="async"')
    wait_until(lambda: len(checkpoints(run)) > 1, process)
    learners = [child for child in psutil.Process(process.pid).children() if "learner_worker" in str(child.cmdline())]
    assert len(learners) == 1
    learners[0].kill()
    _, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 2
    assert "The learner process was ended by signal 9" in errors
    assert_sound(run)
    reached = checkpoints(run)[-1]
    result, _ = train_cartpole(run, reached + 200, resume=True, mode="async")
    assert result.finished


def test_a_new_session_waits_for_the_learner_of_one_that_was_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    train_cartpole(run, 150)
    folder = RunFolder.open(run)
    still_writing, locked = open_and_lock(folder.learner_lock)
    assert locked
    monkeypatch.setattr(run_folder, "LEARNER_PATIENCE_S", 0.2)
    with pytest.raises(RunFolderError, match="learner process of an earlier training still writes"):
        train_cartpole(run, 300, resume=True)
    monkeypatch.setattr(run_folder, "LEARNER_PATIENCE_S", PATIENCE_S)
    threading.Timer(0.5, still_writing.close).start()
    result, _ = train_cartpole(run, 300, resume=True)
    assert result.finished


def test_a_replay_larger_than_the_disk_is_refused_before_there_is_a_run(tmp_path: Path) -> None:
    huge = dataclasses.replace(SMALL, replay_capacity=10**13)
    with pytest.raises(ReplayTooLargeError, match=r"are free on the disk of .*About [\d,]+ transitions fit"):
        train_cartpole(tmp_path / "run", 300, agent_settings=huge)
    assert not (tmp_path / "run").exists()


def test_a_replay_larger_than_the_memory_is_told_before_the_run_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "available_memory", lambda: 10_000)
    with pytest.warns(UserWarning, match="learning waits for the disk"):
        _, display = train_cartpole(tmp_path / "run", 150)
    assert "transitions fit. Beyond that, learning waits for the disk." in display.notes[0]


def test_a_damaged_checkpoint_is_passed_over(tmp_path: Path) -> None:
    run = tmp_path / "run"
    train_cartpole(run, 600)
    folder = RunFolder.open(run)
    older, newest = folder.checkpoints.env_steps()[-2:]
    os.truncate(folder.checkpoints.path(newest) / "tensors.safetensors", 100)
    result, display = train_cartpole(run, newest, resume=True)
    assert any("is damaged" in note and "Going on from an older one" in note for note in display.notes)
    assert result.env_steps >= newest
    with MetricsReader(folder.metrics) as reader:
        assert [event.env_step for event in reader.events() if event.kind == "resumed"] == [older]
    assert_sound(run)


def test_a_run_of_something_else_is_refused_with_what_differs(tmp_path: Path) -> None:
    run = tmp_path / "run"
    train_cartpole(run, 150)
    with pytest.raises(RunFolderError, match="game: cartpole in the run, acrobot now"):
        train_cartpole(run, 300, resume=True, game="acrobot")
    other = dataclasses.replace(SMALL, gamma=0.5)
    with pytest.raises(
        RunFolderError, match=r"seed: 1 in the run, 2 now\n  agent_settings.gamma: 0.99 in the run, 0.5"
    ):
        train_cartpole(run, 300, resume=True, seed=2, agent_settings=other)
    with pytest.raises(SettingsError, match="There is no agent 'sarsa'"):
        train_cartpole(run, 300, resume=True, agent="sarsa")
    assert checkpoints(run)[-1] >= 150


def test_a_finished_run_goes_on_only_with_more_steps(tmp_path: Path) -> None:
    run = tmp_path / "run"
    train_cartpole(run, 150)
    with pytest.raises(SettingsError, match=r"it is finished\. Give more --steps"):
        train_cartpole(run, 150, resume=True)
    result, _ = train_cartpole(run, 300, resume=True)
    assert result.env_steps >= 300
    assert_sound(run)


def test_a_folder_without_a_run_cannot_be_resumed(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="is not a run folder: it does not exist"):
        train_cartpole(tmp_path / "nothing", 100, resume=True)
    with pytest.raises(SettingsError, match="--resume needs to know which run"):
        train_cartpole(None, 100, resume=True)  # type: ignore[arg-type]


def test_no_folder_is_made_when_the_emulator_does_not_start(tmp_path: Path) -> None:
    def fail(wanted: TrainSettings) -> TrainingEnv:
        raise SettingsError("no such game")

    with pytest.raises(SettingsError, match="no such game"):
        train(settings(tmp_path / "run", 100), Silence(), fail)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"steps": 0}, "--steps must be above 0"),
        ({"envs": 0}, "--envs must be above 0"),
        ({"replay_ratio": -1.0}, "--replay-ratio"),
        ({"expert_ratio": 1.5}, "--expert-ratio must be from 0 to 1, not 1.5"),
        ({"expert_ratio": Linear(0.5, 0.0, 10)}, "cartpole has no rule-based player"),
        ({"device": "abacus"}, "--device abacus cannot be used here"),
    ],
)
def test_settings_that_cannot_work_are_said_before_anything_is_made(
    tmp_path: Path, changes: dict[str, float], message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        train_cartpole(tmp_path / "run", **{"steps": 100, **changes})  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_two_runs_on_the_arcade_machine_are_the_same_to_the_last_bit(tmp_path: Path) -> None:
    env = EnvSettings(sticky=0.25)
    agent = dataclasses.replace(SMALL, learning_starts=200)
    for name in ("a", "b"):
        wanted = settings(tmp_path / name, 900, game="space_invaders", expert_ratio=0.3, env=env, agent_settings=agent)
        train(wanted, Silence())
    (scalars, episodes, weights), again = (scalars_and_weights(tmp_path / name) for name in ("a", "b"))
    assert len(scalars) > 100
    assert scalars == again[0]
    assert episodes == again[1]
    assert all(torch.equal(tensor, again[2][name]) for name, tensor in weights.items())
