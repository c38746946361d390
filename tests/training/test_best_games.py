"""The best games of a training: which are kept, that their videos come, and that nothing here can hurt the training."""

from __future__ import annotations

import dataclasses
import os
import signal
import time
from pathlib import Path

import av
import pytest
from cartpole_run import Silence

from quarterup.agents.pqn import PQNSettings
from quarterup.envs.settings import EnvSettings
from quarterup.envs.trace import Trace, read_trace
from quarterup.training import best_games
from quarterup.training.best_games import TROUBLE, VIDEO, BestGames, News
from quarterup.training.evaluation import evaluate
from quarterup.training.metrics import MetricsReader
from quarterup.training.policies import RandomPolicy
from quarterup.training.session import train
from quarterup.training.settings import TrainSettings


@pytest.fixture(scope="module")
def game() -> Trace:
    """Three seconds at random."""
    settings = EnvSettings(max_episode_frames=180)
    return evaluate(RandomPolicy(3), "space_invaders", settings, episodes=1, num_envs=1).best.trace


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(best_games, "WRITE_EVERY_S", 0.0)


def scored(game: Trace, score: float) -> Trace:
    return dataclasses.replace(game, score=score)


def wait_for_video(games: BestGames) -> News:
    news: News = []
    deadline = time.monotonic() + 60
    while not news and time.monotonic() < deadline:
        news = games.work()
        time.sleep(0.01)
    return news


def names(folder: Path, ending: str) -> list[str]:
    return sorted(path.name for path in folder.glob(f"*{ending}"))


def test_games_that_beat_the_record_are_kept_the_best_few_of_them(tmp_path: Path, game: Trace) -> None:
    games = BestGames(tmp_path, 2, ())
    record = None
    for step, score in enumerate([10.0, 5.0, 30.0, 20.0, 30.0, 40.0]):
        games.game_over(score, record, step, lambda score=score: scored(game, score))  # type: ignore[misc]
        record = max(score, record or score)
        games._write([])
    games.close()
    assert names(tmp_path, "") == ["best-30-step2.trace", "best-40-step5.trace"]
    assert read_trace(tmp_path / "best-40-step5.trace").score == 40


def test_the_next_game_is_recorded_when_somebody_asks_whatever_it_scores(tmp_path: Path, game: Trace) -> None:
    games = BestGames(tmp_path, 0, ())
    games.game_over(50.0, None, 1, lambda: game)
    assert not games.work()
    games.record_next()
    for step in (2, 3):
        games.game_over(game.score, 1e6, step, lambda: game)
    (kind, video) = wait_for_video(games)[0]
    games.close()
    assert (kind, Path(video).name) == (VIDEO, f"game-{game.score:.0f}-step2.mp4")
    assert Path(video).exists()
    assert names(tmp_path, ".trace") == [f"game-{game.score:.0f}-step2.trace"]


def test_a_renderer_that_is_killed_is_reported_and_the_best_game_gets_its_video_in_the_end(
    tmp_path: Path, game: Trace
) -> None:
    games = BestGames(tmp_path, 3, ())
    games.game_over(game.score, None, 1, lambda: game)
    assert not games.work()
    assert games._renderer is not None
    os.kill(games._renderer._process.pid, signal.SIGKILL)
    ((kind, text),) = wait_for_video(games)
    assert kind == TROUBLE
    assert f"There is no video of best-{game.score:.0f}-step1.trace" in text
    assert games.work() == []  # it is not tried again while the training goes on
    assert games._renderer is None
    assert games.is_behind()
    assert games.finish() == [(VIDEO, str(tmp_path / f"best-{game.score:.0f}-step1.mp4"))]
    assert not games.is_behind()
    games.close()
    assert len(list(tmp_path.iterdir())) == 2


def test_the_end_of_a_training_does_not_wait_for_processors_that_idle(tmp_path: Path, game: Trace) -> None:
    """The video that is being made with what is left over gets nothing at all here."""
    games = BestGames(tmp_path, 3, ())
    games.game_over(game.score, None, 1, lambda: game)
    games.work()
    assert games._renderer is not None
    os.kill(games._renderer._process.pid, signal.SIGSTOP)
    assert games.finish() == [(VIDEO, str(tmp_path / f"best-{game.score:.0f}-step1.mp4"))]
    games.close()


def test_a_game_that_comes_out_otherwise_is_said_and_leaves_no_video(tmp_path: Path, game: Trace) -> None:
    games = BestGames(tmp_path, 3, ())
    games.game_over(1e6, None, 1, lambda: scored(game, 1e6))
    ((kind, text),) = games.finish()
    games.close()
    assert kind == TROUBLE
    assert "scored 1e+06 when it was played" in text
    assert names(tmp_path, "") == ["best-1000000-step1.trace"]


def test_what_is_closed_while_a_video_is_made_leaves_nothing_unfinished(tmp_path: Path, game: Trace) -> None:
    games = BestGames(tmp_path, 3, ())
    games.game_over(game.score, None, 1, lambda: game)
    games.work()
    assert games._renderer is not None
    process = games._renderer._process
    deadline = time.monotonic() + 30
    while not names(tmp_path, ".part") and time.monotonic() < deadline:
        time.sleep(0.005)
    games.close()
    assert process.poll() is not None
    assert names(tmp_path, "") == [f"best-{game.score:.0f}-step1.trace"]


def test_the_next_session_knows_what_is_kept_and_passes_over_what_is_damaged(tmp_path: Path, game: Trace) -> None:
    games = BestGames(tmp_path, 2, ())
    games.game_over(20.0, None, 1, lambda: scored(game, 20.0))
    games.close()
    (tmp_path / "best-99-step9.trace").write_bytes(b"nonsense")
    (tmp_path / "best-20-step1.mp4.part").write_bytes(b"half a video of a training that was killed")
    games = BestGames(tmp_path, 2, ())
    for step, score in ((2, 30.0), (3, 40.0)):
        games.game_over(score, 20.0, step, lambda score=score: scored(game, score))  # type: ignore[misc]
        games._write([])
    games.close()
    assert names(tmp_path, "") == ["best-30-step2.trace", "best-40-step3.trace", "best-99-step9.trace"]


def test_a_full_disk_is_said_and_hurts_nothing(tmp_path: Path, game: Trace, monkeypatch: pytest.MonkeyPatch) -> None:
    games = BestGames(tmp_path, 3, ())
    games.game_over(20.0, None, 1, lambda: scored(game, 20.0))
    real = Path.write_bytes

    def refuse(path: Path, content: bytes) -> int:
        real(path, content[:10])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", refuse)
        assert games.work() == [(TROUBLE, "The game of 20 points could not be kept: No space left on device.")]
    assert not list(tmp_path.iterdir())
    games.close()


def test_an_environment_without_traces_has_no_best_games(tmp_path: Path) -> None:
    games = BestGames(tmp_path, 3, ())
    games.game_over(20.0, None, 1, lambda: None)
    assert games.work() == games.finish() == []
    games.close()


def test_a_training_ends_with_a_video_of_its_best_game(tmp_path: Path) -> None:
    settings = TrainSettings(
        game="space_invaders",
        agent="pqn",
        steps=700,
        videos=1,
        run=tmp_path / "run",
        env=EnvSettings(max_episode_frames=400),
        agent_settings=PQNSettings(),
    )
    result = train(settings, Silence())
    folder = result.run.videos
    (trace_path,) = folder.glob("best-*.trace")
    trace = read_trace(trace_path)
    assert names(folder, "") == sorted([trace_path.name, trace_path.with_suffix(".mp4").name])
    with MetricsReader(result.run.metrics) as reader:
        assert trace.score == reader.episodes().scores.max()
        assert (VIDEO, str(trace_path.with_suffix(".mp4"))) in [(event.kind, event.text) for event in reader.events()]
    with av.open(str(trace_path.with_suffix(".mp4"))) as container:
        assert (container.streams.video[0].width, container.streams.video[0].height) == (448, 520)
        assert sum(1 for _ in container.decode(video=0)) == trace.frames + 119
