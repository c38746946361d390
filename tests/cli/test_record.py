"""`quarterup record` as a person runs it, on real MAME."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import av
import pytest

from quarterup.cli.console import late_progress, make_console
from quarterup.cli.main import main
from quarterup.envs.settings import EnvSettings
from quarterup.envs.trace import Trace, read_trace, trace_to_bytes
from quarterup.training.evaluation import evaluate
from quarterup.training.policies import RandomPolicy


@pytest.fixture(scope="module")
def trace() -> Trace:
    settings = EnvSettings(max_episode_frames=120)
    return evaluate(RandomPolicy(3), "space_invaders", settings, episodes=1, num_envs=1).best.trace


def run_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["record", *arguments, "--json"]) == 0
    values: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return values


def test_a_trace_becomes_a_video_and_a_recording_of_inputs_beside_it(
    trace: Trace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a game.trace"
    path.write_bytes(trace_to_bytes(trace))
    outcome = run_json(capsys, str(path), "--inp", "--overlay")
    assert (outcome["score"], outcome["steps"], outcome["whole"]) == (trace.score, 30, True)
    assert outcome["video"] == str(tmp_path / "a game.mp4")
    assert outcome["inp"] == str(tmp_path / "a game.inp")
    assert Path(outcome["inp"]).read_bytes().startswith(b"MAMEINP\0")
    assert "-playback 'a game.inp'" in outcome["playback"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a game.inp", "a game.mp4", "a game.trace"]


def test_a_gif_goes_where_it_is_told(trace: Trace, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "game.trace"
    path.write_bytes(trace_to_bytes(trace))
    out = tmp_path / "new" / "shared.gif"
    assert main(["record", str(path), "--format", "gif", "--scale", "1", "--out", str(out)]) == 0
    assert f"video: {out}" in capsys.readouterr().out
    with av.open(str(out)) as container:
        assert container.streams.video[0].codec_context.name == "gif"


def test_the_best_of_some_games_is_recorded_and_its_trace_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = run_json(capsys, "space_invaders", "--policy", "random", "--episodes", "2", "--scale", "1")
    video = Path(outcome["video"])
    assert video.name == f"space_invaders-random-{outcome['score']:.0f}-seed{video.stem[-7:]}.mp4"
    assert read_trace(video.with_suffix(".trace")).score == outcome["score"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing.trace"], "There is no trace nothing.trace"),
        (["space_invaders"], "is a game, not a run"),
        (["space_invaders", "--policy", "expert", "--episodes", "0"], "must be at least 1"),
        (["space_invaders", "--policy", "expert", "--scale", "0"], "at least 1 is needed"),
    ],
)
def test_what_cannot_be_recorded_is_said(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["record", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_a_damaged_trace_is_said(trace: Trace, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.trace").write_bytes(trace_to_bytes(trace)[:-3])
    assert main(["record", str(tmp_path / "a.trace")]) == 2
    assert "is damaged, or no trace" in capsys.readouterr().err


def test_a_bar_comes_only_when_it_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    console = make_console(json=True)
    shown: list[bool] = []
    for late in (60.0, 0.0):
        monkeypatch.setattr("quarterup.cli.console.LATE_S", late)
        monkeypatch.setattr("rich.progress.Progress.start", lambda bar: shown.append(True))
        with late_progress("work", console) as show:
            show(1, 10)
        assert bool(shown) is (late == 0.0)
