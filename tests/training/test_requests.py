"""What one process asks of the one that trains."""

from __future__ import annotations

from pathlib import Path

import pytest

from quarterup.agents.schedules import Linear
from quarterup.training.errors import SettingsError
from quarterup.training.requests import (
    FOLDER,
    MAX_BYTES,
    DoControl,
    SetSchedules,
    ask,
    ask_for,
    take_requests,
)


def test_requests_come_in_order_once_and_rubbish_is_left_out(tmp_path: Path) -> None:
    assert take_requests(tmp_path) == []
    ask_for(tmp_path, {"epsilon": 0.5})
    (tmp_path / FOLDER / "00000000000000000001.json").write_text("{half a req")
    (tmp_path / FOLDER / "00000000000000000002.json").write_text("[1]")
    (tmp_path / FOLDER / "00000000000000000003.json").write_text('{"do": "' + "x" * MAX_BYTES + '"}')
    (tmp_path / FOLDER / "00000000000000000004.json").write_text('{"do": 4}')
    ask(tmp_path, "pause")
    ask_for(tmp_path, {"epsilon": Linear(1, 0, 10)})
    assert take_requests(tmp_path) == [
        SetSchedules({"epsilon": 0.5}),
        DoControl("pause"),
        SetSchedules({"epsilon": "linear(1, 0, 10)"}),
    ]
    assert take_requests(tmp_path) == []
    assert list((tmp_path / FOLDER).iterdir()) == []


def test_a_control_that_there_is_not_is_refused_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"no control 'pausse'\. Did you mean pause\?"):
        ask(tmp_path, "pausse")
    assert take_requests(tmp_path) == []
