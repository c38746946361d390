"""Single keys from a terminal, as they are pressed, while a table is drawn in it."""

from __future__ import annotations

import os
import select
import sys
from typing import Any

MAX_BYTES = 256
"""Read at once: more than anybody presses in the time between two looks."""
ESCAPE = "\x1b"
FUNCTION_KEYS = {
    "OQ": "F2",
    "OR": "F3",
    "OS": "F4",
    "[12~": "F2",
    "[13~": "F3",
    "[14~": "F4",
    "[15~": "F5",
    "[17~": "F6",
    "[18~": "F7",
    "[19~": "F8",
    "[20~": "F9",
    "[21~": "F10",
    "[23~": "F11",
    "[[B": "F2",
    "[[C": "F3",
    "[[D": "F4",
    "[[E": "F5",
}
"""What follows the escape character: xterm's, older terminals', and the Linux console's."""
NAMED = {" ": "space"}


class TerminalKeys:
    """Takes keys from standard input without waiting for Enter, and without showing them, Ctrl-C included.

    Where there is no terminal, or it is not a POSIX system, or the process is in the background, none is ever pressed.
    """

    def __init__(self) -> None:
        self._before: list[Any] | None = None
        if os.name != "posix" or not sys.stdin.isatty():
            return
        self._descriptor = sys.stdin.fileno()
        if not self._is_in_foreground():
            return
        import termios

        self._before = termios.tcgetattr(self._descriptor)
        silent = termios.tcgetattr(self._descriptor)
        silent[3] &= ~(termios.ECHO | termios.ECHOCTL | termios.ICANON)
        termios.tcsetattr(self._descriptor, termios.TCSADRAIN, silent)

    def read(self) -> list[str]:
        """The keys pressed since the last call: characters, `space`, and `F2` to `F11`."""
        if self._before is None or not self._is_in_foreground():
            return []
        if not select.select([self._descriptor], [], [], 0)[0]:
            return []
        return keys_in(os.read(self._descriptor, MAX_BYTES).decode(errors="replace"))

    def restore(self) -> None:
        """Leave the terminal as it was."""
        if self._before is not None and self._is_in_foreground():
            import termios

            termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._before)

    def _is_in_foreground(self) -> bool:
        """Only such a process may touch its terminal: another would be stopped."""
        try:
            return os.tcgetpgrp(self._descriptor) == os.getpgrp()
        except OSError:  # The terminal has gone.
            return False


def keys_in(text: str) -> list[str]:
    """The keys that a terminal sent as `text`. Keys without a name here, such as arrows, are left out."""
    keys: list[str] = []
    while text:
        if text[0] == ESCAPE:
            found = next((code for code in FUNCTION_KEYS if text.startswith(code, 1)), None)
            keys += [FUNCTION_KEYS[found]] if found else []
            text = text[1 + len(found) :] if found else _after_sequence(text)
        else:
            keys += [NAMED.get(text[0], text[0])] if text[0].isprintable() else []
            text = text[1:]
    return keys


def _after_sequence(text: str) -> str:
    """What follows an escape sequence: `[`, numbers and semicolons, then one letter or `~` (ECMA-48, 5.4)."""
    if text[1:2] not in ("[", "O"):
        return text[1:]
    end = 2
    while end < len(text) and not "@" <= text[end] <= "~":
        end += 1
    return text[end + 1 :]
