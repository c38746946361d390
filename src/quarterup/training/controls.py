"""What a person can do to a training while it goes on, from a key, the page of the run, or `quarterup set`.

A control is only its name here; `steering` does it.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

from quarterup.training.errors import SettingsError


@dataclass(frozen=True)
class Control:
    """One thing to do."""

    name: str
    key: str
    """In the terminal and on the page: one character, `space` for a blank."""
    label: str
    """A word or two for a button."""
    help: str
    group: str
    function_key: int | None = None
    """F2 to F11 do it too: those of DeepQlearning-arcade, whose users know them."""


CONTROLS = (
    Control("pause", "space", "pause", "stand still, and go on", "run"),
    Control("save", "s", "save", "write a checkpoint now", "run"),
    Control("stop", "q", "stop", "save and end", "run", 2),
    Control("speed", "x", "speed", "the machine's own speed, or full speed", "run", 5),
    Control("slower", ",", "slower", "half the speed", "run"),
    Control("faster", ".", "faster", "twice the speed, up to full", "run", 6),
    Control("learning", "t", "learning", "play without learning, or learn again", "learning"),
    Control("explore", "p", "exploring", "play by what is learned, or explore", "learning", 9),
    Control("learning-rate-down", "l", "step ÷2", "half the step size", "learning"),
    Control("learning-rate-up", "L", "step ×2", "twice the step size", "learning"),
    Control("learning-rate-auto", "k", "step auto", "the step size of the settings", "learning"),
    Control("flush", "f", "flush", "forget all that is in the replay", "learning"),
    Control("epsilon-down", "4", "ε −", "fewer random actions", "exploration", 11),
    Control("epsilon-auto", "5", "ε auto", "as many as the settings say", "exploration"),
    Control("epsilon-up", "6", "ε +", "more random actions", "exploration", 10),
    Control("pulse", "P", "ε pulse", "25 % random for 25,000 steps", "exploration"),
    Control("expert-down", "7", "expert −", "the rule-based player chooses less", "expert"),
    Control("expert-auto", "8", "expert auto", "as often as the settings say", "expert"),
    Control("expert-up", "9", "expert +", "the rule-based player chooses more", "expert"),
    Control("expert-only", "e", "expert only", "the rule-based player chooses all", "expert"),
    Control("expert-off", "o", "expert off", "the rule-based player chooses none", "expert"),
    Control("record", "r", "record", "make a video of the game that ends next", "watching"),
    Control("look", "w", "look", "write down what the agent sees now", "watching", 8),
    Control("replay", "b", "replay", "say what is in the replay", "watching"),
    Control("verbose", "v", "verbose", "say more: games, then each second", "watching", 4),
    Control("quiet", "V", "quiet", "say less", "watching", 3),
)
"""In the order in which they are shown."""

_BY_NAME = {control.name: control for control in CONTROLS}
_BY_KEY = {control.key: control for control in CONTROLS} | {
    f"F{control.function_key}": control for control in CONTROLS if control.function_key
}


def find_control(name: str) -> Control:
    """Raises SettingsError, with the nearest name, if there is none."""
    if name not in _BY_NAME:
        near = get_close_matches(name, _BY_NAME, n=1)
        hint = f" Did you mean {near[0]}?" if near else f" There are {', '.join(_BY_NAME)}."
        raise SettingsError(f"There is no control {name!r}.{hint}")
    return _BY_NAME[name]


def control_of_key(key: str) -> Control | None:
    """`key` is a character, `space`, or `F2` to `F11`."""
    return _BY_KEY.get(key)
