"""Which keys a terminal sent."""

from __future__ import annotations

import pytest

from quarterup.training.controls import CONTROLS, control_of_key
from quarterup.training.terminal_keys import keys_in


@pytest.mark.parametrize(
    ("sent", "keys"),
    [
        ("s", ["s"]),
        (" L", ["space", "L"]),
        ("\x1bOQ\x1b[24~\x1b[21~x", ["F2", "F10", "x"]),
        ("\x1b[A\x1b[1;5Cq", ["q"]),
        ("\x1b[15~\x1b[[E", ["F5", "F5"]),
        ("\x1b", []),
        ("\x1b[", []),
        ("\r\n\t\x03", []),
        ("ä", ["ä"]),
    ],
)
def test_keys_are_told_apart(sent: str, keys: list[str]) -> None:
    assert keys_in(sent) == keys


def test_each_control_has_its_own_key() -> None:
    assert len({control.key for control in CONTROLS}) == len({control.name for control in CONTROLS}) == len(CONTROLS)
    numbers = [control.function_key for control in CONTROLS if control.function_key]
    assert len(set(numbers)) == len(numbers)
    assert all(control_of_key(control.key) is control for control in CONTROLS)
    assert control_of_key("F2") is control_of_key("q")
    assert control_of_key("§") is None
