"""The commands around demonstrations, on real MAME: kept by an evaluation, listed, and handed to a training."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from quarterup.agents.rainbow_settings import RainbowSettings
from quarterup.cli import train
from quarterup.cli.main import main
from quarterup.training.errors import SettingsError
from quarterup.training.presets import CLONED_AT_FIRST


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data" / "quarterup" / "demonstrations"


def test_games_of_an_evaluation_are_kept_and_listed(capsys: pytest.CaptureFixture[str], own_folder: Path) -> None:
    command = ["eval", "space_invaders", "--policy", "random", "--episodes", "2", "--traces", str(own_folder), "--json"]
    assert main(command) == 0
    outcome = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert len(outcome["traces"]) == 2
    (own_folder / "space_invaders" / "broken.trace").write_bytes(b"no trace")
    assert main(["demos", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert listed["folder"] == str(own_folder)
    good = [one for one in listed["demos"] if "problem" not in one]
    assert sorted(one["path"] for one in good) == sorted(outcome["traces"])
    assert sorted(one["score"] for one in good) == sorted(episode["score"] for episode in outcome["episodes"])
    assert {one["frame_skip"] for one in good} == {4}
    (broken,) = [one for one in listed["demos"] if "problem" in one]
    assert "broken.trace is damaged" in broken["problem"]
    assert main(["demos", str(own_folder)]) == 0
    assert "--demos" in capsys.readouterr().out


def test_where_there_is_none_it_says_how_to_make_one(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["demos", str(tmp_path)]) == 0
    assert "quarterup play GAME --page" in capsys.readouterr().out


def test_a_training_with_demonstrations_clones_them_at_first_and_one_that_goes_on_takes_none() -> None:
    with_them = train.defaults(["space_invaders", "--demos", "a", "b"]).agent_settings
    without = train.defaults(["space_invaders"]).agent_settings
    assert isinstance(with_them, RainbowSettings)
    assert isinstance(without, RainbowSettings)
    assert (with_them.cloning_weight, without.cloning_weight) == (CLONED_AT_FIRST, 0.0)
    with pytest.raises(SettingsError, match="--demos is for a new run"):
        train.defaults(["space_invaders", "--resume", "--run", "x", "--demos", "a"])


def test_what_is_no_demonstration_is_one_message(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "broken.trace").write_bytes(b"no trace")
    run = tmp_path / "run"
    command = ["train", "space_invaders", "--run", str(run), "--demos"]
    assert main([*command, str(tmp_path / "broken.trace")]) == 2
    assert "is damaged, or no trace" in capsys.readouterr().err
    assert main([*command, str(tmp_path / "nothing")]) == 2
    assert "There is no trace" in capsys.readouterr().err
    assert not run.exists()
