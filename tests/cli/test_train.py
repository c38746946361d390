"""`quarterup train` as people call it, on the real arcade machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from quarterup.cli.main import main
from quarterup.training.metrics import MetricsReader
from quarterup.training.presets import PRESETS
from quarterup.training.run_folder import RunFolder

PATIENCE_S = 90.0
SMALL = ("--envs", "2", "--agent.learning-starts", "200", "--agent.batch-size", "8", "--agent.replay-capacity", "5000")


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "quarterup.cli.main", "train", "--no-dashboard", *arguments]


def train(folder: Path, *arguments: str) -> tuple[int, dict[str, Any], str]:
    """Exit code, the JSON report and what was said beside it."""
    done = subprocess.run(command(*arguments, "--json"), cwd=folder, capture_output=True, text=True, timeout=PATIENCE_S)
    last = done.stdout.splitlines()[-1] if done.stdout else "{}"
    return done.returncode, json.loads(last), done.stderr


def emulators_of(process: subprocess.Popen[str]) -> list[psutil.Process]:
    children = psutil.Process(process.pid).children(recursive=True)
    return [child for child in children if child.name().startswith("mame")]


def wait_until(holds: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_game_is_trained_evaluated_and_drawn_and_the_run_goes_on(tmp_path: Path) -> None:
    first = ("space_invaders", "--steps", "1500", "--run", "run", "--eval-episodes", "2", "--expert-ratio", "0.5")
    code, report, said = train(tmp_path, *first, "--max-episode-frames", "1600", *SMALL)
    assert code == 0, said
    assert report["finished"]
    assert 1500 <= report["env_steps"] <= 1502
    assert report["frames"] == 4 * report["env_steps"]
    assert report["updates"] == pytest.approx(PRESETS["space_invaders"].replay_ratio * 1300, abs=2)
    assert report["episodes"] >= 2
    assert len(report["evaluation"]["episodes"]) == 2
    assert report["evaluation"]["protocol"]["rom_status"] == report["rom_status"]
    assert (tmp_path / report["plot"]).read_bytes().startswith(b"\x89PNG")
    run = RunFolder.open(tmp_path / "run")
    assert run.config.settings["agent_settings"]["learning_starts"] == 200
    assert run.config.machine["machine"] == "invaders"
    assert run.config.machine["rom_sha256"]
    assert list(run.evaluations.glob("*.json"))

    # Only what is different is said again; everything else is the run's own.
    code, report, said = train(tmp_path, "--resume", "--run", "run", "--steps", "1800", "--eval-episodes", "0")
    assert code == 0, said
    assert report["env_steps"] >= 1800
    code, report, said = train(tmp_path, "--resume", "--run", "run", "--steps", "1900", "--frame-skip", "3")
    assert code == 2
    assert "env.frame_skip: 4 in the run, 3 now" in report["error"]


def test_a_killed_emulator_is_replaced_and_ctrl_c_leaves_nothing_behind(tmp_path: Path) -> None:
    arguments = ("space_invaders", "--steps", "100000000", "--run", "run", "--save-every-s", "0.5", *SMALL)
    process = subprocess.Popen(
        command(*arguments), cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    run = tmp_path / "run"
    wait_until(lambda: (run / "config.json").exists() and bool(RunFolder.open(run).checkpoints.env_steps()), process)
    emulators = emulators_of(process)
    assert len(emulators) == 2
    os.kill(emulators[0].pid, signal.SIGKILL)

    def died() -> int:
        with MetricsReader(run / "metrics.db") as reader:
            return sum(event.kind == "emulator died" for event in reader.events())

    wait_until(lambda: died() == 1, process)
    before = RunFolder.open(run).checkpoints.env_steps()
    wait_until(lambda: RunFolder.open(run).checkpoints.env_steps()[-1] > before[-1], process)
    children = emulators_of(process)
    assert len(children) == 2
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130, errors
    assert "Saved. Go on with: quarterup train --resume --run run" in out
    assert "An emulator was replaced" in out
    _, alive = psutil.wait_procs([*emulators, *children], timeout=5)
    assert alive == []


def test_set_changes_a_run_that_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("space_invaders", "--steps", "100000000", "--run", "run", "--save-every-s", "0.5", *SMALL)
    process = subprocess.Popen(
        command(*arguments), cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    run = tmp_path / "run"
    wait_until(lambda: (run / "config.json").exists() and bool(RunFolder.open(run).checkpoints.env_steps()), process)
    assert main(["set", str(run)]) == 0
    assert "learning_rate" in capsys.readouterr().out
    assert main(["set", str(run), "learning-rate=1e-7", "expert-ratio=linear(0.5, 0, 1_000_000)"]) == 0
    assert "within a second" in capsys.readouterr().out

    def events() -> list[str]:
        with MetricsReader(run / "metrics.db") as reader:
            return [event.text for event in reader.events() if event.kind == "adjusted"]

    wait_until(lambda: bool(events()), process)
    assert "learning_rate: 0.0003 → 1e-07" in events()[0]
    assert "expert_ratio: 0 → linear(0.5, 0, 1_000_000)" in events()[0]
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130, errors
    assert " → " in out
    for wrong, said in (
        ("epsilon", "is a schedule: give its value, too, such as epsilon=0.1"),
        ("epsilon=half", "is no schedule"),
        ("epsilon=7", "epsilon must be from 0 to 1"),
        ("gama=0.5", "gama cannot be changed while the run goes on"),
    ):
        assert main(["set", str(run), wrong]) == 2
        assert said in capsys.readouterr().err
    assert main(["set", str(run), "epsilon=0.1"]) == 0
    assert "nobody trains it now" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("agent", "setting", "said"),
    [
        ("rainbow", "--agent.n-step", "Higher carries rewards back faster"),
        ("pqn", "--agent.q-lambda", "How much the returns rely on the rewards that followed"),
    ],
)
def test_help_shows_the_settings_of_the_agent_that_was_named(
    agent: str, setting: str, said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    with pytest.raises(SystemExit) as ended:
        main(["train", "space_invaders", "--agent", agent, "--help"])
    shown = capsys.readouterr().out
    assert ended.value.code == 0
    assert setting in shown
    assert said in shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("space_invader",), "space_invaders"),
        (("space_invaders", "--agent", "sarsa"), "There is no agent 'sarsa'. There are: pqn, rainbow"),
        (("space_invaders", "--preset", "bt"), "There is no preset 'bt'. There are the algorithms dqn, rainbow, btr"),
        (("space_invaders", "--steps", "-5"), "--steps must be above 0, not -5."),
        (("space_invaders", "--run", "letter.txt"), "letter.txt is a file"),
        (("--resume", "--run", "nowhere"), "nowhere is not a run folder: it does not exist"),
    ],
)
def test_bad_input_is_one_clear_message(
    tmp_path: Path,
    arguments: tuple[str, ...],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "letter.txt").write_text("dear")
    assert main(["train", *arguments, "--json"]) == 2
    shown = capsys.readouterr()
    assert message in json.loads(shown.out.splitlines()[-1])["error"]
    assert message in shown.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["letter.txt"]
