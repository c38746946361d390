"""The hand of whoever plays in the page: whose it is, what it holds, and which action of the game that comes to."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from functools import lru_cache

from quarterup.games.game import Action

PATIENCE_S = 3.0
"""A player's page says every second that it is there. Silent for so long, it is gone, and what it held is let go."""


class SeatTaken(Exception):
    """Somebody else plays."""


class Hand:
    """One player's, for the threads of the server and of the game."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._player = ""
        self._heard = -PATIENCE_S
        self._number = -1
        self._held: tuple[str, ...] = ()
        self._seen: tuple[str, ...] = ()
        """Held in the last frame."""
        self._touched: tuple[str, ...] = ()
        """Let go again before a frame saw it: it is held for one."""

    def hold(self, player: str, number: int, held: Sequence[str]) -> None:
        """`player` now holds `held`, in the order in which it was pressed. Numbers go up: an older one comes late.

        Raises SeatTaken while somebody else is there.
        """
        with self._lock:
            self._sit_down(player)
            if number <= self._number:
                return
            self._number = number
            gone = (name for name in self._held if name not in held)
            self._touched += tuple(name for name in gone if name not in self._seen and name not in self._touched)
            self._held = tuple(held)

    def sit_down(self, player: str) -> None:
        """Raises SeatTaken while somebody else is there."""
        with self._lock:
            self._sit_down(player)

    def _sit_down(self, player: str) -> None:
        now = time.monotonic()
        if player != self._player:
            if now - self._heard < PATIENCE_S:
                raise SeatTaken("Somebody else is playing here. You can watch, and play when they have left.")
            self._player, self._number, self._held, self._touched = player, -1, (), ()
        self._heard = now

    def leave(self) -> None:
        """Let everything go."""
        with self._lock:
            self._held = self._touched = ()

    def is_there(self) -> bool:
        """Whether somebody plays."""
        return time.monotonic() - self._heard < PATIENCE_S

    def take(self) -> tuple[tuple[str, ...], int]:
        """For one frame: what is held in it, and the number of the newest message about it."""
        with self._lock:
            held = self._held + tuple(name for name in self._touched if name not in self._held)
            self._seen, self._touched = self._held, ()
            return held, self._number


@lru_cache(maxsize=4096)
def action_of(held: tuple[str, ...], actions: tuple[Action, ...]) -> int:
    """The action that comes nearest: of those that hold nothing else, the one that holds most, and of what contradicts
    each other, left and right for one, what was pressed last."""

    def order(index: int) -> tuple[int, list[int], int]:
        inputs = actions[index].inputs
        return len(inputs), sorted((held.index(name) for name in inputs), reverse=True), -index

    return max((index for index, action in enumerate(actions) if set(action.inputs) <= set(held)), key=order)
