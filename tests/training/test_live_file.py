"""The file between a trainer and those who watch it."""

from __future__ import annotations

from pathlib import Path

import pytest

from quarterup.training import live_file
from quarterup.training.live_file import LIVE_FILE, SLOTS_AT, LiveFile, Wish


@pytest.fixture
def trainers(tmp_path: Path) -> LiveFile:
    return LiveFile.create(tmp_path, 4, 4096)


@pytest.fixture
def viewers(trainers: LiveFile, tmp_path: Path) -> LiveFile:
    return LiveFile(tmp_path / LIVE_FILE)


def test_what_is_written_is_read(trainers: LiveFile, viewers: LiveFile) -> None:
    assert (viewers.progress(), viewers.env(3), viewers.generation(3)) == (None, None, 0)
    trainers.write_about(b"about")
    trainers.write_progress(b"progress")
    trainers.write_env(3, b"numbers", b"picture")
    assert (viewers.about(), viewers.progress(), viewers.env(3)) == (b"about", b"progress", b"numberspicture")
    assert viewers.env(2) is None
    trainers.write_env(3, b"next")
    assert (viewers.env(3), viewers.generation(3)) == (b"next", 2)


def test_half_of_something_is_never_read(trainers: LiveFile, viewers: LiveFile) -> None:
    trainers.write_about(b"whole")
    viewers._map[SLOTS_AT + live_file.SLOT.size] ^= 1
    assert viewers.about() is None


def test_what_does_not_fit_is_left_out(trainers: LiveFile, viewers: LiveFile) -> None:
    trainers.write_env(0, b"small")
    trainers.write_env(0, b"x" * 5000)
    assert viewers.env(0) == b"small"


def test_a_wish_is_forgotten_unless_it_is_renewed(
    trainers: LiveFile, viewers: LiveFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert trainers.wish() is None
    viewers.wish_for(Wish(10, (1, 3, 99)))
    assert trainers.wish() == Wish(10, (1, 3))
    viewers.wish_for(Wish(1000, (0,)))
    assert trainers.wish() == Wish(live_file.MAX_RATE, (0,))
    later = live_file.time.monotonic() + live_file.WISH_LASTS_S
    monkeypatch.setattr(live_file.time, "monotonic", lambda: later)
    assert trainers.wish() is None


def test_something_else_is_refused(tmp_path: Path, trainers: LiveFile) -> None:
    whole = (tmp_path / LIVE_FILE).read_bytes()
    for content in (b"x" * 8192, whole[:-1], b"short"):
        (tmp_path / "other").write_bytes(content)
        with pytest.raises(ValueError, match="other"):
            LiveFile(tmp_path / "other")
