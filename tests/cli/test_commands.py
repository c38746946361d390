"""The commands as a person runs them, on real MAME: what they print, how they fail, what they return."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from quarterup.cli import measure_learner
from quarterup.cli.main import VERBS, main
from quarterup.cli.measure_train import BESIDE, EMULATORS_ALONE

MINE = (
    "demo",
    "dashboard",
    "set",
    "eval",
    "play",
    "demos",
    "record",
    "games",
    "inputs",
    "doctor",
    "bench",
    "plot",
    "compare",
    "export",
)


def run_json(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> dict[str, Any]:
    """What a command prints on the last line of stdout."""
    assert main([*arguments, "--json"]) == code
    values: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return values


def run_failing(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("error: ")
    assert "Traceback" not in captured.err
    return captured.err


@pytest.mark.parametrize("verb", MINE)
def test_every_command_explains_itself(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert verb in VERBS
    with pytest.raises(SystemExit) as ended:
        main([verb, "--help"])
    assert ended.value.code == 0
    assert f"quarterup {verb}" in capsys.readouterr().out


def test_a_dashboard_is_of_runs(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert "at least one run folder" in run_failing(capsys, "dashboard")
    assert "not a run folder" in run_failing(capsys, "dashboard", str(tmp_path))


# ---------------------------------------------------------------------------------------------------------- games


def test_games_says_which_rom_would_run(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (game,) = [row for row in run_json(capsys, "games")["games"] if row["id"] == "space_invaders"]
    assert (game["machine"], game["actions"], game["expert"]) == ("invaders", 6, True)
    (tmp_path / "invaders.zip").write_bytes(b"")
    (game,) = [
        row for row in run_json(capsys, "games", "--roms", str(tmp_path))["games"] if row["id"] == "space_invaders"
    ]
    assert (game["rom"], game["rom_path"]) == ("own", str(tmp_path / "invaders.zip"))


def test_games_needs_no_mame(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUARTERUP_MAME", "/nowhere/mame")
    monkeypatch.delenv("QUARTERUP_ROMS", raising=False)
    assert main(["games"]) == 0
    assert "space_invaders" in capsys.readouterr().out


def test_games_that_share_a_file_take_one_line_until_they_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["games"]) == 0
    printed = capsys.readouterr().out
    assert "104 games" in printed
    assert printed.count("atari_") == 1
    listed = run_json(capsys, "games", "atari")
    assert len(listed["games"]) == 104
    assert listed["families"] == []
    (pong,) = [row for row in listed["games"] if row["id"] == "atari_pong"]
    assert (pong["env"], pong["actions"], pong["rom"]) == ("quarterup/Atari-Pong-v0", 6, "own")


def test_an_atari_game_is_played_by_hand_in_mame_alone(capsys: pytest.CaptureFixture[str]) -> None:
    message = run_failing(capsys, "play", "atari_pong", "--human")
    assert "ale-py, which keeps the score, takes no keyboard" in message
    assert "mame a2600 -cart" in message


# --------------------------------------------------------------------------------------------------------- inputs


def test_inputs_lists_buttons_and_switches_of_a_game(capsys: pytest.CaptureFixture[str]) -> None:
    fields = {field["name"]: field for field in run_json(capsys, "inputs", "space_invaders")["inputs"]}
    assert (fields["P1 Left"]["kind"], fields["P1 Left"]["player"]) == ("digital", 1)
    assert fields["Lives"]["kind"] == "dipswitch"
    assert fields["Lives"]["settings"]["0"] == "3"
    assert main(["inputs", "invaders"]) == 0
    assert "P1 Button 1" in capsys.readouterr().out


def test_inputs_of_an_unknown_name_offers_the_nearest_game(capsys: pytest.CaptureFixture[str]) -> None:
    message = run_failing(capsys, "inputs", "space_invader")
    assert "space_invaders" in message


def test_inputs_of_a_machine_without_its_rom_names_files_and_folders(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    message = run_failing(capsys, "inputs", "pacman", "--roms", str(tmp_path))
    assert "pacman.6e" in message
    assert str(tmp_path) in message


def test_without_mame_the_error_says_how_to_get_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("QUARTERUP_MAME", raising=False)
    monkeypatch.setattr("quarterup.emulators.mame_program.USUAL_PLACES", ())
    message = run_failing(capsys, "inputs", "space_invaders")
    assert "apt install mame" in message


# --------------------------------------------------------------------------------------------------------- doctor


def test_the_doctor_starts_a_game(capsys: pytest.CaptureFixture[str]) -> None:
    report = run_json(capsys, "doctor")
    assert report["ok"]
    found = {finding["name"]: finding for finding in report["findings"]}
    assert found["MAME"]["found"].startswith("MAME 0.")
    assert "starts in" in found["MAME"]["found"]
    assert {"Python", "packages", "torch", "FCEUX", "stable-retro", "display", "disk", "CPU cores"} <= set(found)


def test_the_doctor_starts_a_game_in_fceux_too_and_does_without(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fceux() -> dict[str, str]:
        return next(item for item in run_json(capsys, "doctor")["findings"] if item["name"] == "FCEUX")

    if shutil.which("fceux", path=f"{os.environ['PATH']}:/usr/games"):
        there = fceux()
        assert there["found"].startswith("FCEUX 2.")
        assert "mario_bros starts in" in there["found"]
    monkeypatch.setenv("QUARTERUP_FCEUX", "/nowhere/fceux")
    missing = fceux()
    assert missing["state"] == "without"
    assert "Only for NES games. QUARTERUP_FCEUX names" in missing["advice"]


def test_the_doctor_says_what_is_missing_and_returns_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUARTERUP_MAME", "/nowhere/mame")
    report = run_json(capsys, "doctor", code=1)
    (mame,) = [finding for finding in report["findings"] if finding["name"] == "MAME"]
    assert mame["state"] == "missing"
    assert "QUARTERUP_MAME" in mame["advice"]
    assert not report["ok"]


# ----------------------------------------------------------------------------------------------------------- play


def test_play_without_a_display_says_what_to_do(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    for who in (["--policy", "random"], ["--human"]):
        message = run_failing(capsys, "play", "space_invaders", *who)
        assert "display" in message


# ----------------------------------------------------------------------------------------------------------- eval


def test_eval_of_a_game_needs_a_policy(capsys: pytest.CaptureFixture[str]) -> None:
    assert "--policy expert" in run_failing(capsys, "eval", "space_invaders")


def test_eval_of_something_unknown_offers_the_nearest_game(capsys: pytest.CaptureFixture[str]) -> None:
    message = run_failing(capsys, "eval", "space_invader", "--policy", "random")
    assert "space_invaders" in message
    assert "no run folder" in message


def test_eval_of_a_folder_that_is_no_run_says_so(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert "not a run folder" in run_failing(capsys, "eval", str(tmp_path))


def test_eval_without_episodes_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    message = run_failing(capsys, "eval", "space_invaders", "--policy", "random", "--episodes", "0")
    assert "at least 1" in message


def test_eval_of_random_play_reports_every_game(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = run_json(capsys, "eval", "space_invaders", "--policy", "random", "--episodes", "3")
    assert len(outcome["episodes"]) == 3
    assert outcome["mean"] == pytest.approx(sum(game["score"] for game in outcome["episodes"]) / 3)
    assert outcome["protocol"]["policy"] == "random"
    assert not list(tmp_path.iterdir())


def test_eval_keeps_to_a_protocol_that_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("eval", "space_invaders", "--policy", "random", "--episodes", "2", "--protocol", "machado18")
    protocol = run_json(capsys, *arguments)["protocol"]
    assert (protocol["name"], protocol["sticky"], protocol["noop_max"]) == ("machado18", 0.25, 0)


# ---------------------------------------------------------------------------------------------------------- bench


@pytest.mark.parametrize("what", ["emulator", "env"])
def test_bench_prints_ratios_as_json(
    what: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quarterup.cli.measure.STEPS", 100)
    monkeypatch.setattr("quarterup.cli.measure.BENCH_SECONDS", 5)
    monkeypatch.setattr("quarterup.cli.measure.RESETS", 3)
    monkeypatch.setattr("quarterup.cli.measure.STARTS", 1)
    assert main(["bench", what, "--repetitions", "1"]) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert all(speed > 60 for speed in result["frames_per_second"].values())
    speeds = result["frames_per_second"]
    if what == "env":
        assert result["reset_ms"]["median"] > 0
        over_default = result["ratios"]["env_features_over_mame_default"]
        fast, slow = speeds["one env, features"], speeds["mame -bench, default flags"]
    else:
        over_default = result["ratios"]["emulator_memory_over_mame_default"]
        fast, slow = speeds["emulator, memory"], speeds["mame -bench, default flags"]
    assert over_default["median"] == pytest.approx(fast / slow, rel=0.01)


def test_bench_replay_prints_microseconds_and_sizes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quarterup.cli.measure_replay.FEATURE_ROWS", 5000)
    monkeypatch.setattr("quarterup.cli.measure_replay.PIXEL_ROWS", 1000)
    monkeypatch.setattr("quarterup.cli.measure_replay.CALLS", 20)
    assert main(["bench", "replay", "--repetitions", "1"]) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert len(result["microseconds"]) == 4
    assert all(value["median"] > 0 for value in result["microseconds"].values())
    assert all(0 < value["size"] <= value["wanted_at_most"] for value in result["gib"].values())


def test_bench_train_says_how_busy_emulators_and_learner_keep_each_other(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quarterup.cli.measure_train.SETTLING_S", 0.5)
    monkeypatch.setattr("quarterup.cli.measure_train.MEASURED_S", 2.0)
    assert main(["bench", "train", "--repetitions", "1"]) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert all(speed["env_steps_per_second"] > 0 for speed in result["speeds"].values())
    updates = [speed["updates_per_second"] for speed in result["speeds"].values()]
    assert updates[0] == 0
    assert min(updates[1:]) > 0
    figures = result["figures"]
    alone, beside = result["speeds"][EMULATORS_ALONE], result["speeds"][BESIDE]
    ratio = beside["env_steps_per_second"] / alone["env_steps_per_second"]
    assert figures["emulators' speed beside the learner / alone"]["median"] == pytest.approx(ratio, abs=0.01)
    if Path("/proc").is_dir():
        assert 0.2 < figures["processors in use"]["median"] <= result["cores"] + 0.1


def test_bench_learner_prints_updates_per_second(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = {name: dataclasses.replace(size, updates=2) for name, size in measure_learner.SIZES.items()}
    monkeypatch.setattr(measure_learner, "SIZES", sizes)
    monkeypatch.setattr(measure_learner, "TRANSITIONS", 800)
    monkeypatch.setattr(measure_learner, "PIXEL_TRANSITIONS", 200)
    monkeypatch.setattr(measure_learner, "ACTS", 3)
    assert main(["bench", "learner", "--repetitions", "1"]) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert len(result["sizes"]) == 3
    for size in result["sizes"].values():
        assert size["updates_per_s"] == pytest.approx(
            1e6 / size["update_us"], rel=0.01, abs=0.05
        )  # printed with one decimal
        assert size["share_of_bare_loop"] == pytest.approx(size["bare_loop_us"] / size["update_us"], rel=0.01)
        assert size["act_1_us"] > 0
        assert size["act_8_us"] > 0


# ----------------------------------------------------------------------------------------------------------- plot


def test_plot_without_a_run_is_an_error(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert "not a run folder" in run_failing(capsys, "plot", str(tmp_path))
    assert "does not exist" in run_failing(capsys, "plot", str(tmp_path / "nothing"))
