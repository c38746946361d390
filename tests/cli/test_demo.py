"""The demo, cut short: everything it leaves is there, and its run can be evaluated, plotted and gone on with."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image

from quarterup.cli.main import main


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of a demo with a training too short to learn anything."""
    folder = tmp_path_factory.mktemp("demo") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("quarterup.cli.demo.VIDEO_MINUTES", 0.05)
        assert main(["demo", "--run", str(folder), "--steps", "4000", "--episodes", "3"]) == 0
    return folder


def last_json(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return values


def test_it_leaves_a_plot_a_video_and_three_evaluations(demo: Path) -> None:
    assert Image.open(demo / "plots" / "learning_curve.png").size == (1280, 720)
    (video,) = (demo / "videos").glob("best_game-*.mp4")
    with av.open(str(video)) as container:
        assert sum(1 for _ in container.decode(video=0)) == int(0.05 * 60 * 59.541985)
    means = {}
    for policy in ("random", "expert", "agent"):
        evaluation = json.loads((demo / "evaluations" / f"{policy}-1.json").read_text())
        assert len(evaluation["episodes"]) == 3
        means[policy] = evaluation["mean"]
    assert means["expert"] > means["random"]


def test_its_agent_can_be_evaluated_again_and_scores_the_same(demo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", str(demo), "--episodes", "3", "--json"]) == 0
    outcome = last_json(capsys)
    first = json.loads((demo / "evaluations" / "agent-1.json").read_text())
    assert outcome["file"].endswith("agent-2.json")
    assert outcome["episodes"] == first["episodes"]


def test_a_checkpoint_can_be_named_by_its_folder(demo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (checkpoint,) = (demo / "checkpoints").glob("step-*")
    assert main(["eval", str(checkpoint), "--episodes", "1", "--envs", "1", "--json"]) == 0
    assert last_json(capsys)["protocol"]["policy"] == "agent"


def test_a_checkpoint_that_is_not_there_is_an_error(demo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", str(demo), "--checkpoint", "7"]) == 2
    assert "no checkpoint '7'" in capsys.readouterr().err


def test_it_can_be_plotted_alone_and_beside_another(
    demo: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["plot", str(demo), "--out", str(tmp_path / "one.png"), "--json"]) == 0
    assert last_json(capsys)["plot"] == str(tmp_path / "one.png")
    assert main(["plot", str(demo), str(demo), "--out", str(tmp_path / "two.png")]) == 0
    assert {path.name for path in tmp_path.iterdir()} == {"one.png", "two.png"}


def test_runs_under_other_rules_do_not_share_a_plot(
    demo: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    other = tmp_path / "other"
    shutil.copytree(demo, other)
    config = json.loads((other / "config.json").read_text())
    config["settings"]["env"]["sticky"] = 0.0
    (other / "config.json").write_text(json.dumps(config))
    assert main(["plot", str(demo), str(other), "--out", str(tmp_path / "both.png")]) == 2
    assert "sticky is 0.25 and 0.0" in capsys.readouterr().err
    assert not (tmp_path / "both.png").exists()


def test_a_second_demo_into_the_same_folder_is_refused(demo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--run", str(demo), "--steps", "10"]) == 2
    assert "holds a run already" in capsys.readouterr().err
