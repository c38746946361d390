"""Who holds a run, and who only looks whether somebody does."""

from __future__ import annotations

import fcntl
import threading
import time
from pathlib import Path

import pytest

from quarterup.training.errors import RunFolderError
from quarterup.training.locks import LOOK_PATIENCE_S, RUN_LOCK, is_run_in_use
from quarterup.training.run_folder import RunFolder, describe
from quarterup.training.settings import TrainSettings, to_json


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path / "run", describe(to_json(TrainSettings("space_invaders")), None))


def test_two_who_look_do_not_take_each_other_for_a_training(run: RunFolder) -> None:
    assert not is_run_in_use(run.path)
    with (run.path / RUN_LOCK).open("a+") as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        assert not is_run_in_use(run.path)


def test_a_training_that_begins_while_somebody_looks_waits_for_that_moment(run: RunFolder) -> None:
    looking = (run.path / RUN_LOCK).open("a+")
    fcntl.flock(looking, fcntl.LOCK_SH)
    threading.Timer(LOOK_PATIENCE_S / 4, looking.close).start()
    run.lock()
    assert is_run_in_use(run.path)
    run.unlock()
    assert not is_run_in_use(run.path)


def test_a_second_training_is_refused(run: RunFolder) -> None:
    run.lock()
    began = time.monotonic()
    with pytest.raises(RunFolderError, match="Another training, process"):
        RunFolder.open(run.path).lock()
    assert time.monotonic() - began >= LOOK_PATIENCE_S
    run.unlock()
