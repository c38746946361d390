"""Demonstrations: kept, found again, and put into the replay of a training on the real machine."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from cartpole_run import Silence, scalars_and_weights

from quarterup.agents.rainbow_settings import RainbowSettings
from quarterup.envs.settings import EnvSettings
from quarterup.envs.trace import Trace
from quarterup.training.demonstrations import DemonstrationError, all_in, keep, read_demonstrations
from quarterup.training.errors import SettingsError
from quarterup.training.evaluation import evaluate
from quarterup.training.metrics import MetricsReader
from quarterup.training.policies import ExpertPolicy
from quarterup.training.presets import CLONED_AT_FIRST, settings_for, with_demonstrations
from quarterup.training.session import train
from quarterup.training.settings import TrainSettings, from_json, to_json

GAME = "space_invaders"
SMALL = RainbowSettings(
    hidden_sizes=(16,), head_size=16, atoms=11, batch_size=8, learning_starts=100, replay_capacity=4000, metrics_every=5
)


@pytest.fixture(scope="module")
def games() -> list[Trace]:
    """Two games of twenty seconds by the rule-based player."""
    settings = EnvSettings(max_episode_frames=1200)
    return [episode.trace for episode in evaluate(ExpertPolicy(), GAME, settings, episodes=2, num_envs=2).episodes]


@pytest.fixture
def folder(games: list[Trace], tmp_path: Path) -> Path:
    for trace in games:
        keep(trace, tmp_path / "demos")
    return tmp_path / "demos"


def settings(run: Path, *demos: Path, **changes: object) -> TrainSettings:
    plain = TrainSettings(
        GAME, steps=600, run=run, mode="sync", threads=1, device="cpu", videos=0, demos=demos, agent_settings=SMALL
    )
    return dataclasses.replace(plain, **changes)  # type: ignore[arg-type]


def test_games_are_kept_below_their_games_name_and_found_there(folder: Path, games: list[Trace]) -> None:
    found = read_demonstrations([folder], GAME)
    assert sorted(trace.score for trace in found.values()) == sorted(trace.score for trace in games)
    assert all(path.parent == folder / GAME for path in found)
    assert found.keys() == read_demonstrations([folder / GAME], GAME).keys()
    (first, *_) = found
    assert list(read_demonstrations([first], GAME)) == [first]
    same = [keep(games[0], folder) for _ in range(3)]
    assert len(set(same)) == 3
    assert len(list(all_in(folder))) == 5


def test_damaged_ones_are_listed_with_the_reason_and_not_learned_from(folder: Path) -> None:
    damaged = folder / GAME / "0-damaged.trace"
    content = bytearray(next((folder / GAME).iterdir()).read_bytes())
    content[-40] ^= 1
    damaged.write_bytes(content)
    (problem,) = [one.problem for one in all_in(folder) if one.trace is None]
    assert "does not match its checksum" in problem
    with pytest.raises(DemonstrationError, match=r"0-damaged\.trace is damaged"):
        read_demonstrations([folder], GAME)
    with pytest.raises(DemonstrationError, match="no demonstration in"):
        read_demonstrations([folder.parent], GAME)
    with pytest.raises(DemonstrationError, match="There is no trace"):
        read_demonstrations([folder / "nothing.trace"], GAME)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full disk here")
def test_a_full_disk_is_told_with_the_games_score(games: list[Trace], tmp_path: Path) -> None:
    home = tmp_path / GAME
    home.mkdir()
    (home / "x").symlink_to("/dev/full")

    def full(path: Path, content: bytes) -> None:
        with Path("/dev/full").open("wb", buffering=0) as file:
            file.write(content)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("quarterup.training.demonstrations.replace_file", full)
        with pytest.raises(DemonstrationError, match=r"points could not be kept .*: No space left on device"):
            keep(games[0], tmp_path)


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_they_are_in_the_replay_before_the_training_begins_and_marked_as_an_experts(
    folder: Path, games: list[Trace], tmp_path: Path, mode: str
) -> None:
    display = Silence()
    result = train(settings(tmp_path / "run", folder, mode=mode), display)
    steps = sum(trace.steps for trace in games)
    assert f"Demonstrations in the replay: 2 games, {steps} steps" in "\n".join(display.notes)
    assert result.env_steps == 600  # The agent's own.
    replay = np.load(result.run.replay / "flags.npy", mmap_mode="r").ravel()
    expert = 8
    assert np.count_nonzero(replay & expert) == steps
    with MetricsReader(result.run.metrics) as reader:
        assert [event.text for event in reader.events() if event.kind == "demonstrations"]


def test_the_same_demonstrations_give_the_same_training_and_others_another(folder: Path, tmp_path: Path) -> None:
    agent = dataclasses.replace(SMALL, cloning_weight=0.5)
    for name in ("a", "b"):
        train(settings(tmp_path / name, folder, agent_settings=agent), Silence())
    train(settings(tmp_path / "c", agent_settings=agent), Silence())
    (a, _, weights), (b, _, same), (c, _, other) = (scalars_and_weights(tmp_path / name) for name in "abc")
    assert a == b != c
    assert all(torch.equal(tensor, same[name]) for name, tensor in weights.items())
    assert any(not torch.equal(tensor, other[name]) for name, tensor in weights.items())


def test_a_run_that_goes_on_is_not_shown_them_again(folder: Path, tmp_path: Path) -> None:
    train(settings(tmp_path / "run", folder), Silence())
    for path in (folder / GAME).iterdir():
        path.unlink()
    display = Silence()
    result = train(settings(tmp_path / "run", folder, steps=700, resume=True), display)
    assert result.env_steps == 700
    assert not [note for note in display.notes if "Demonstrations" in note]


def test_what_cannot_be_learned_from_is_said_before_a_run_folder_is_made(
    folder: Path, games: list[Trace], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    other_rom = keep(dataclasses.replace(games[0], rom_sha256={"a": "b"}), tmp_path / "other")
    with pytest.raises(DemonstrationError, match=r"another ROM set .* Point --roms"):
        train(settings(run, other_rom), Silence())
    elsewhere = keep(dataclasses.replace(games[0], emulator="FCEUX 2.6"), tmp_path / "elsewhere")
    with pytest.raises(DemonstrationError, match=r"played in FCEUX 2\.6, and here is MAME"):
        train(settings(run, elsewhere), Silence())
    with pytest.raises(DemonstrationError, match=r"every 4 frames, which cannot become steps of 6.* --frame-skip"):
        train(settings(run, folder, env=EnvSettings(frame_skip=6)), Silence())
    other_game = keep(dataclasses.replace(games[0], game="pong"), tmp_path / "pong")
    with pytest.raises(DemonstrationError, match="a game of pong"):
        train(settings(run, other_game), Silence())
    with pytest.raises(SettingsError, match="pqn has none"):
        train(settings(run, folder, agent="pqn", agent_settings=None), Silence())
    assert not run.exists()


def test_one_that_comes_out_otherwise_ends_the_training_with_the_reason(games: list[Trace], tmp_path: Path) -> None:
    path = keep(dataclasses.replace(games[0], memory_sha256="12"), tmp_path / "demos")
    with pytest.raises(DemonstrationError, match=f"{path} cannot be learned from: it did not come out as it was"):
        train(settings(tmp_path / "run", path), Silence())


def test_settings_keep_them_and_they_are_cloned_at_first_unless_told_otherwise(tmp_path: Path) -> None:
    wanted = with_demonstrations(settings_for(GAME))
    assert isinstance(wanted.agent_settings, RainbowSettings)
    assert wanted.agent_settings.cloning_weight == CLONED_AT_FIRST
    named = settings(tmp_path, tmp_path / "a", agent_settings=dataclasses.replace(SMALL, cloning_weight=0.2))
    assert with_demonstrations(named) == named
    assert from_json(to_json(named), RainbowSettings) == named
    older = to_json(named)
    del older["demos"]
    assert from_json(older, RainbowSettings).demos == ()
