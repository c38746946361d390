"""What charts are made of, while the metrics grow and when a run goes back to its checkpoint."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from quarterup.dashboard.history import History
from quarterup.training.metrics import Episode, MetricsWriter, Moment


def moment(env_step: int) -> Moment:
    return Moment(env_step, env_step * 4, env_step / 10)


def write(metrics: MetricsWriter, *env_steps: int) -> None:
    for env_step in env_steps:
        metrics.scalars(moment(env_step), {"loss": env_step / 100, "q": 1.0})
        metrics.episode(moment(env_step), Episode(0, float(env_step), 7, 28, 0, "terminated", 0.0))
    metrics.write()


@pytest.fixture
def metrics(tmp_path: Path) -> MetricsWriter:
    return MetricsWriter(tmp_path / "metrics.db")


def test_what_is_written_meanwhile_is_read_and_means_are_of_the_last_games(
    metrics: MetricsWriter, tmp_path: Path
) -> None:
    history = History(tmp_path / "metrics.db")
    assert history.series(["loss"])["loss"].values.tolist() == []
    write(metrics, 100, 200)
    assert history.series(["loss"])["loss"].values.tolist() == [1.0, 2.0]
    write(metrics, 300)
    series = history.series(["loss", "score", "score/2", "nothing"])
    assert series["loss"].env_steps.tolist() == [100, 200, 300]
    assert series["score"].values.tolist() == [100, 200, 300]
    assert series["score/2"].values.tolist() == [100, 150, 250]
    assert series["nothing"].values.tolist() == []
    assert history.names() == ["loss", "q"]


def test_a_run_that_goes_back_shows_nothing_twice(metrics: MetricsWriter, tmp_path: Path) -> None:
    history = History(tmp_path / "metrics.db")
    metrics.event(moment(0), "started", "")
    write(metrics, 100, 200, 300)
    assert len(history.series(["loss"])["loss"].values) == 3
    metrics.forget_after(150)
    metrics.event(moment(150), "resumed", "")
    write(metrics, 160, 170, 180, 190)
    assert history.series(["loss"])["loss"].env_steps.tolist() == [100, 160, 170, 180, 190]
    assert history.series(["score"])["score"].values.tolist() == [100, 160, 170, 180, 190]
    assert [event["kind"] for event in history.events()] == ["started", "resumed"]


def test_a_part_leaves_the_picture_at_both_ends(metrics: MetricsWriter, tmp_path: Path) -> None:
    write(metrics, *range(0, 1000, 100))
    series = History(tmp_path / "metrics.db").series(["loss"])["loss"]
    assert series.between(250, 450, by_time=False).env_steps.tolist() == [200, 300, 400, 500]
    assert series.between(25, 45, by_time=True).env_steps.tolist() == [200, 300, 400, 500]


def test_frequent_events_do_not_hide_the_others(metrics: MetricsWriter, tmp_path: Path) -> None:
    metrics.event(moment(1), "adjusted", "epsilon")
    for env_step in range(2, 2000):
        metrics.event(moment(env_step), "saved", "")
    metrics.write()
    events = History(tmp_path / "metrics.db").events()
    assert events[0]["kind"] == "adjusted"
    assert len(events) == 21


def test_ten_million_steps_are_read_in_less_than_a_second(metrics: MetricsWriter, tmp_path: Path) -> None:
    names = ["loss", "q", "gradient_norm", "learning_rate", "epsilon", "speed/frames_per_s"]
    for env_step in range(0, 10_000_000, 400):
        metrics.scalars(moment(env_step), dict.fromkeys(names, 1.0))
        metrics.episode(moment(env_step), Episode(0, float(env_step), 7, 28, 0, "terminated", 0.0))
    metrics.write()
    history = History(tmp_path / "metrics.db")
    began = time.process_time()
    series = {name: one.thinned(600) for name, one in history.series([*names, "score", "score/100"]).items()}
    assert time.process_time() - began < 1
    assert all(2 <= len(one.values) <= 604 for one in series.values())
