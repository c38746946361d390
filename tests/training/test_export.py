"""What other programs get to see: files that hold what the database holds, and curves that follow it."""

from __future__ import annotations

import csv
import json
import sys
import tracemalloc
from collections.abc import Iterable
from pathlib import Path

import pytest

from quarterup.training import follow
from quarterup.training.errors import ExportError
from quarterup.training.follow import Follower, Note, Point
from quarterup.training.metrics import COLUMNS, Episode, MetricsReader, MetricsWriter, Moment
from quarterup.training.run_folder import RunFolder
from quarterup.training.sinks import TensorBoardSink, WandbSink
from quarterup.training.tables import export_tables
from run_maker import make_run


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return make_run(tmp_path / "run", episodes=30)


def test_tables_hold_what_the_database_holds(run: RunFolder, tmp_path: Path) -> None:
    with MetricsReader(run.metrics) as metrics:
        for kind in ("csv", "jsonl"):
            files = export_tables(metrics, kind, tmp_path)  # type: ignore[arg-type]
            assert [file.name for file in files] == [f"{table}.{kind}" for table in COLUMNS]
        for table, columns in COLUMNS.items():
            expected = [row[1:] for row in metrics.rows(table)]
            with (tmp_path / f"{table}.csv").open() as file:
                header, *rows = csv.reader(file)
            assert tuple(header) == columns
            assert rows == [[str(value) for value in row] for row in expected]
            lines = (tmp_path / f"{table}.jsonl").read_text().splitlines()
            assert [tuple(json.loads(line).items()) for line in lines] == [
                tuple(zip(columns, row, strict=True)) for row in expected
            ]
    assert not list(tmp_path.glob(".*"))


def test_parquet_holds_what_the_database_holds(run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed: `quarterup[export]` has it")
    monkeypatch.setattr("quarterup.training.tables.ROWS_AT_ONCE", 7)
    with MetricsReader(run.metrics) as metrics:
        for file in export_tables(metrics, "parquet", tmp_path):
            table = parquet.read_table(file)
            assert tuple(table.column_names) == COLUMNS[file.stem]
            rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
            assert list(rows) == [row[1:] for row in metrics.rows(file.stem)]


def test_a_package_that_is_missing_is_named_with_its_extra(
    run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("pyarrow", "torch.utils.tensorboard", "wandb"):
        monkeypatch.setitem(sys.modules, module, None)
    with (
        MetricsReader(run.metrics) as metrics,
        pytest.raises(ExportError, match=r"needs pyarrow.*pip install 'quarterup\[export\]'"),
    ):
        export_tables(metrics, "parquet", tmp_path)
    with pytest.raises(ExportError, match=r"needs tensorboard.*pip install 'quarterup\[tensorboard\]'"):
        TensorBoardSink(run, tmp_path)
    with pytest.raises(ExportError, match=r"needs wandb.*pip install 'quarterup\[wandb\]'"):
        WandbSink(run, tmp_path)
    assert not [path for path in tmp_path.iterdir() if path != run.path]


def test_a_long_table_is_never_whole_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "ROWS_AT_ONCE", 500)
    writer = MetricsWriter(tmp_path / "metrics.db")
    for step in range(20_000):
        writer.scalars(Moment(step, step, step / 1000), {"loss": 0.5})
    writer.close()
    with MetricsReader(tmp_path / "metrics.db") as metrics:
        tracemalloc.start()
        export_tables(metrics, "csv", tmp_path)
        sink = Kept()
        sink.keeps = False
        Follower(metrics, sink).catch_up()
        _, most = tracemalloc.get_traced_memory()
        rows = list(metrics.rows("scalars"))
        whole = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
    assert len(rows) == 20_000
    assert most < whole / 4


class Kept:
    """A sink that remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[Point] = []
        self.notes: list[Note] = []
        self.forgotten: list[int] = []
        self.keeps = True

    def points(self, points: Iterable[Point]) -> None:
        for point in points:
            if self.keeps:
                self.told.append(point)

    def note(self, note: Note) -> None:
        self.notes.append(note)

    def forget_from(self, env_step: int) -> None:
        self.forgotten.append(env_step)
        self.told = [point for point in self.told if point.env_step < env_step]

    def close(self) -> None: ...

    def curve(self, name: str) -> list[tuple[int, float]]:
        return sorted({(point.env_step, point.value) for point in self.told if point.name == name})


def write(writer: MetricsWriter, steps: range, gain: float) -> None:
    for step in steps:
        when = Moment(step, step, step * gain)
        writer.scalars(when, {"loss": step * gain, "speed/env_steps_per_s": 5.0, "speed/act": 0.5})
        writer.episode(when, Episode(0, step * gain, 10, 40, 0, "terminated", 0.0))
        writer.write()


def test_names_are_the_usual_ones_and_means_are_of_a_hundred_episodes(run: RunFolder) -> None:
    sink = Kept()
    with MetricsReader(run.metrics) as metrics:
        Follower(metrics, sink).catch_up()
        scores = metrics.episodes().scores
    names = {point.name for point in sink.told}
    assert {"rollout/ep_rew_mean", "rollout/ep_len_mean", "train/loss", "train/learning_rate", "time/fps"} <= names
    assert {"rollout/exploration_rate", "train/q", "speed/act"} <= names
    assert sink.curve("rollout/ep_rew_mean")[-1] == (1500, pytest.approx(scores.mean()))
    assert [note.kind for note in sink.notes] == ["started", "finished"]


@pytest.mark.parametrize("rows_at_once", [4, 10_000])
def test_a_follower_goes_back_where_a_resumed_run_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows_at_once: int
) -> None:
    monkeypatch.setattr(follow, "ROWS_AT_ONCE", rows_at_once)
    writer = MetricsWriter(tmp_path / "metrics.db")
    sink = Kept()
    with MetricsReader(tmp_path / "metrics.db") as metrics:
        follower = Follower(metrics, sink)
        for end in (8, 15):
            write(writer, range(end - 7, end), 1.0)
            follower.catch_up()
        assert follower.catch_up() == 0
        writer.forget_after(10)  # a checkpoint was at step 10; the rest is played again, otherwise
        write(writer, range(11, 30), 2.0)
        follower.catch_up()
        write(writer, range(30, 33), 2.0)
        follower.catch_up()
        fresh = Kept()
        Follower(metrics, fresh).catch_up()
    assert len(sink.forgotten) == 1
    assert sink.forgotten[0] <= 11
    assert sink.curve("train/loss") == [(step, step * (1.0 if step <= 10 else 2.0)) for step in range(1, 33)]
    for name in ("train/loss", "rollout/ep_rew_mean", "rollout/ep_len_mean"):
        assert sink.curve(name) == fresh.curve(name)
    writer.close()


def test_tensorboard_gets_curves_and_forgets_what_a_resumed_run_does_again(run: RunFolder, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="TensorBoard is not installed: `quarterup[tensorboard]` has it")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    for _ in range(2):  # the second export replaces the first
        with MetricsReader(run.metrics) as metrics:
            sink = TensorBoardSink(run, tmp_path)
            follower = Follower(metrics, sink)
            follower.catch_up()
            sink.close()
    assert len(list(tmp_path.glob("events.*"))) == 1
    read = EventAccumulator(str(tmp_path), size_guidance={"scalars": 0}).Reload()
    with MetricsReader(run.metrics) as metrics:
        loss = metrics.curve("loss")
    events = read.Scalars("train/loss")
    assert [event.step for event in events] == loss.env_steps.tolist()
    assert [event.value for event in events] == pytest.approx(loss.values.tolist())
    assert events[-1].wall_time - events[0].wall_time == pytest.approx(loss.wall_s[-1] - loss.wall_s[0], abs=1e-3)
    assert "events/finished/text_summary" in read.Tags()["tensors"]

    sink = TensorBoardSink(run, tmp_path / "again")
    sink.points([Point("train/loss", step, step, step) for step in range(10)])
    sink.forget_from(5)
    sink.points([Point("train/loss", 100 + step, step, step) for step in range(5, 8)])
    sink.close()
    again = EventAccumulator(str(tmp_path / "again")).Reload().Scalars("train/loss")
    assert [event.value for event in again] == [0, 1, 2, 3, 4, 105, 106, 107]


def test_wandb_gets_a_run_offline(run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("wandb", reason="Weights & Biases is not installed: `quarterup[wandb]` has it")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    with MetricsReader(run.metrics) as metrics:
        sink = WandbSink(run, tmp_path)
        Follower(metrics, sink).catch_up()
        sink.close()
    (kept,) = tmp_path.glob("wandb/offline-run-*/run-*.wandb")
    content = kept.read_bytes()
    for name in (b"rollout/ep_rew_mean", b"train/loss", b"env_step", b"space_invaders"):
        assert name in content
