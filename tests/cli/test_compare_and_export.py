"""`quarterup compare`, `export` and `plot` on run folders, as a person runs them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from quarterup.cli.main import main
from run_maker import make_run


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for seed in range(3):
        make_run(tmp_path / f"far-{seed}", level=1000, seed=seed)
        make_run(tmp_path / f"near-{seed}", level=400, seed=seed, replay_ratio=0.5)
    return tmp_path


def run_json(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> dict[str, Any]:
    assert main([*arguments, "--json"]) == code
    values: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return values


def test_compare_groups_runs_by_their_settings(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = run_json(capsys, "compare", *(str(path) for path in sorted(runs.iterdir())))
    assert set(found["groups"]) == {"rainbow replay_ratio=0.25", "rainbow replay_ratio=0.5"}
    far = found["groups"]["rainbow replay_ratio=0.25"]
    assert len(far["runs"]["space_invaders"]) == len(far["scores"]["space_invaders"]) == 3
    assert far["interquartile_mean"]["low"] <= far["interquartile_mean"]["value"] == pytest.approx(1000, abs=10)
    assert len(far["by_seconds"]["wall_s"]) == len(far["by_seconds"]["low"])
    assert found["probability_of_improvement"][0]["value"] == 1
    assert Image.open(runs / found["plot"]).size == (1760, 1280)


def test_compare_takes_named_groups_and_prints_a_table(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "--group", "far=far-*", "--group", "near=near-0,near-1", "--out", "both.png"]) == 0
    shown = capsys.readouterr().out
    assert "after 10,000 env steps" in shown
    assert "100% to 100%" in shown
    assert "Fewer than 3 runs of a game: intervals of near say next to nothing." in shown
    assert (runs / "both.png").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Name run folders"),
        (("nowhere",), "not a run folder"),
        (("--group", "far"), "is no group"),
        (("--group", "a=far-0", "--group", "a=far-1"), "two groups called 'a'"),
        (("far-0", "--out", "nowhere/plot.png"), "There is no folder nowhere"),
        (("far-0", "--reference", "space_invaders=7"), "is no reference"),
    ],
)
def test_compare_says_what_is_wrong(
    runs: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    assert main(["compare", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_export_writes_tables_into_the_run(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = run_json(capsys, "export", "far-0")
    assert [Path(file).name for file in found["files"]] == ["scalars.csv", "episodes.csv", "events.csv"]
    assert len((runs / "far-0/exports/csv/episodes.csv").read_text().splitlines()) == 201
    assert main(["export", "far-0", "--format", "jsonl", "--out", "mine"]) == 0
    assert (runs / "mine/events.jsonl").exists()


def test_export_follows_only_what_can_be_followed(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "--follow is for tensorboard and wandb" in run_json(capsys, "export", "far-0", "--follow", code=2)["error"]
    assert "not a run folder" in run_json(capsys, "export", str(runs), code=2)["error"]


def test_export_to_tensorboard_follows_until_the_training_ends(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tensorboard", reason="TensorBoard is not installed: `quarterup[tensorboard]` has it")
    found = run_json(capsys, "export", "far-0", "--format", "tensorboard", "--follow")  # nobody trains it: it ends
    assert found["rows"] == 200 * 11 + 2
    assert list((runs / "far-0/exports/tensorboard").glob("events.*"))


@pytest.mark.parametrize("kind", ["curve", "histogram", "report"])
def test_plot_draws_each_kind(runs: Path, capsys: pytest.CaptureFixture[str], kind: str) -> None:
    found = run_json(capsys, "plot", "far-0", "--kind", kind)
    assert (runs / found["plot"]).parent == runs / "far-0" / "plots"
    assert Image.open(runs / found["plot"]).size[0] >= 1280
    if kind == "report":
        assert "report is of one run" in run_json(capsys, "plot", "far-0", "near-0", "--kind", kind, code=2)["error"]
    else:
        assert (runs / run_json(capsys, "plot", "far-0", "near-0", "--kind", kind)["plot"]).exists()
