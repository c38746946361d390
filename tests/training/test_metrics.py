from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from quarterup.training import metrics as metrics_module
from quarterup.training.errors import RunFolderError
from quarterup.training.metrics import Episode, MetricsReader, MetricsWriter, Moment

WRITE_UNTIL_KILLED = """
import sys
from pathlib import Path
from quarterup.training.metrics import MetricsWriter, Moment
writer = MetricsWriter(Path(sys.argv[1]))
step = 0
while True:
    step += 1
    writer.scalars(Moment(step, 4 * step, 0.1 * step), {"loss": 1.0 / step, "q": float(step)})
    writer.write()
    if step == 50:
        print("going", flush=True)
"""


WRITE_LIKE_A_TRAINING = """
import sys, time
from pathlib import Path
from quarterup.training.metrics import MetricsWriter, Moment
writer = MetricsWriter(Path(sys.argv[1]))
step = 0
while True:
    step += 1
    writer.scalars(Moment(step, 4 * step, time.time()), {"loss": 1.0 / step})
    writer.write_if_due()
    time.sleep(0.01)
    if step == 250:
        print("going", flush=True)
"""


def at(env_step: int) -> Moment:
    return Moment(env_step, 4 * env_step, env_step / 100)


def episode(score: float) -> Episode:
    return Episode(env=1, score=score, steps=50, frames=200, level=2, end="terminated", expert_share=0.25)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "metrics.db"


def test_what_is_written_is_read_while_the_writer_goes_on(path: Path) -> None:
    writer = MetricsWriter(path)
    writer.scalars(at(10), {"loss": 0.5, "q": 3.0})
    writer.scalars(at(20), {"loss": 0.25})
    writer.episode(at(15), episode(120))
    writer.event(at(0), "started", "MAME 0.251")
    with MetricsReader(path) as reader:
        assert reader.names() == []
        writer.write()
        assert reader.names() == ["loss", "q"]
        curve = reader.curve("loss")
        assert curve.env_steps.tolist() == [10, 20]
        assert curve.frames.tolist() == [40, 80]
        assert curve.wall_s.tolist() == [0.1, 0.2]
        assert curve.values.tolist() == [0.5, 0.25]
        episodes = reader.episodes()
        assert episodes.scores.tolist() == [120]
        assert episodes.env_steps.tolist() == [15]
        assert episodes.frames.tolist() == [60]
        assert episodes.lengths.tolist() == [50]
        assert episodes.levels.tolist() == [2]
        assert episodes.ends.tolist() == ["terminated"]
        assert episodes.expert_shares.tolist() == [0.25]
        assert [(event.env_step, event.kind, event.text) for event in reader.events()] == [(0, "started", "MAME 0.251")]
        assert len(reader.curve("nothing").values) == 0
    writer.close()


def test_rows_are_written_together_and_not_before_it_is_time(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = MetricsWriter(path)
    writer.scalars(at(1), {"loss": 1.0})
    writer.write_if_due()
    with MetricsReader(path) as reader:
        assert reader.names() == []
        monkeypatch.setattr(metrics_module.time, "monotonic", lambda: 1e12)
        writer.write_if_due()
        assert reader.names() == ["loss"]


def test_a_resumed_run_forgets_what_it_will_do_again(path: Path) -> None:
    writer = MetricsWriter(path)
    for env_step in (10, 20, 30):
        writer.scalars(at(env_step), {"loss": float(env_step)})
        writer.episode(at(env_step), episode(env_step))
        writer.event(at(env_step), "saved", "")
    writer.write()
    writer.forget_after(20)
    with MetricsReader(path) as reader:
        assert reader.curve("loss").env_steps.tolist() == [10, 20]
        assert reader.episodes().scores.tolist() == [10, 20]
        assert [event.env_step for event in reader.events()] == [10, 20]


def test_the_database_is_sound_after_kill_9(path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITE_UNTIL_KILLED, str(path)], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "going\n"
        writer.kill()
    with MetricsReader(path) as reader:
        loss, q = reader.curve("loss"), reader.curve("q")
        assert reader._select("PRAGMA integrity_check") == [("ok",)]
    assert len(loss.values) >= 50
    assert loss.env_steps.tolist() == q.env_steps.tolist() == list(range(1, len(loss.values) + 1))


def test_kill_9_loses_at_most_two_seconds(path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITE_LIKE_A_TRAINING, str(path)], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "going\n"
        time.sleep(random.Random(7).uniform(0, metrics_module.WRITE_EVERY_S))
        killed = time.time()
        writer.kill()
    with MetricsReader(path) as reader:
        assert killed - reader.curve("loss").wall_s[-1] < 2.0


def test_a_full_disk_loses_nothing_once_there_is_room(path: Path) -> None:
    writer = MetricsWriter(path)
    pages = writer._database.execute("PRAGMA page_count").fetchone()[0]
    writer._database.execute(f"PRAGMA max_page_count={pages}")
    for env_step in range(500):
        writer.scalars(at(env_step), {"loss": 1.0})
    writer.write()
    assert writer.trouble is not None
    assert "full" in writer.trouble
    writer._database.execute("PRAGMA max_page_count=100000")
    writer.write()
    assert writer.trouble is None
    with MetricsReader(path) as reader:
        assert len(reader.curve("loss").values) == 500


def test_what_is_no_database_is_said(path: Path) -> None:
    with pytest.raises(RunFolderError, match="There are no metrics"):
        MetricsReader(path)
    path.write_text("this is a letter and not a database, as can be seen from its first bytes " * 30)
    with pytest.raises(RunFolderError, match="cannot be written: file is not a database"):
        MetricsWriter(path)
