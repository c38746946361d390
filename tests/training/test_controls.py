"""The list of controls, and that people can read about each."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from quarterup.training.controls import CONTROLS, find_control
from quarterup.training.errors import SettingsError

GUIDE = Path(__file__).parents[2] / "docs" / "controls.md"


def test_the_guide_has_every_control_with_its_keys_and_what_it_does() -> None:
    rows = re.findall(r"^\| `(\S+)`(?: F(\d+))? \| `(\S+)` \| (.+) \|$", GUIDE.read_text(), re.MULTILINE)
    assert [(key, function_key, name) for key, function_key, name, _ in rows] == [
        (control.key, str(control.function_key or ""), control.name) for control in CONTROLS
    ]
    for control, (*_, text) in zip(CONTROLS, rows, strict=True):
        assert text.startswith(control.help), control.name


def test_what_there_is_not_is_refused() -> None:
    assert find_control("stop").key == "q"
    with pytest.raises(SettingsError, match="There is no control 'quit'"):
        find_control("quit")
