"""What goes on in a run right now, for all who watch it: one reader of the live file, however many pages there are.

A page that does not take what it is sent misses pictures. It holds up nobody, and after a moment it wishes for nothing.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from quarterup.training.live_file import LIVE_FILE, MAX_RATE, LiveFile, Wish
from quarterup.training.png import png

LOOK_EVERY_S = 1 / 30
REOPEN_EVERY_S = 1.0
PROGRESS_EVERY_S = 0.5
WISH_EVERY_S = 0.5
PATIENCE_S = 3.0
"""A viewer that has taken nothing for so long is not watching."""
MIN_RATE = 0.1
MIND_OF = ("env", "action", "time", "score", "lives")
"""What the page wants to know of a game beside the agent's mind."""
ALL = -1
"""Instead of an environment: all of them by turns."""


@dataclass(eq=False)
class Viewer:
    """One page, and what it wants to see."""

    env: int
    rate: float
    took: float = field(default_factory=time.monotonic)
    """When it last took something."""

    def wants(self, kind: str) -> bool:
        """Whether a message of this kind is for it. Of all environments only the first one's mind is shown."""
        what, _, env = kind.partition(" ")
        if not env:
            return True
        return self.env == int(env) or (self.env == ALL and (what == "game" or env == "0"))


class Feed:
    """Of one run."""

    def __init__(self, run: Path) -> None:
        self._path = run / LIVE_FILE
        self._live: LiveFile | None = None
        self._viewers: set[Viewer] = set()
        self._task: asyncio.Task[None] | None = None
        self._news = asyncio.Condition()
        self._numbers = itertools.count(1)
        self._messages: dict[str, tuple[int, bytes]] = {}
        """The newest of each kind, with a number that goes up."""
        self._generations: dict[int, int] = {}
        self._next = {"open": 0.0, "progress": 0.0, "wish": 0.0}

    async def watch(self, env: int, rate: float) -> AsyncIterator[bytes]:
        """Server-sent events, for ever: `about` and `progress`; of the environment that is wished for, `game`, and less
        often `mind`, what the agent sees and expects."""
        viewer = Viewer(env, min(max(rate, MIN_RATE), MAX_RATE))
        self._viewers.add(viewer)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._look_for_news())
        seen: dict[str, int] = {}
        try:
            while True:
                news = [
                    (kind, number, message)
                    for kind, (number, message) in self._messages.items()
                    if number > seen.get(kind, 0) and viewer.wants(kind)
                ]
                for kind, number, message in news:
                    seen[kind] = number
                    yield message
                    viewer.took = time.monotonic()
                if not news:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(1.0), self._news:
                            await self._news.wait()
                            continue
                    yield b": here\n\n"
                    viewer.took = time.monotonic()
        finally:
            self._viewers.discard(viewer)

    def progress(self) -> dict[str, Any]:
        """The newest progress, or nothing if the run has not shown any."""
        self._open()
        content = self._live.progress() if self._live else None
        values: dict[str, Any] = json.loads(content) if content else {}
        return values

    # ---------------------------------------------------------------------------------------------------------- inside

    async def _look_for_news(self) -> None:
        while self._viewers:
            if self._look():
                async with self._news:
                    self._news.notify_all()
            await asyncio.sleep(LOOK_EVERY_S)

    def _look(self) -> bool:
        """Bring `_messages` up to date; returns whether there is something new."""
        now = time.monotonic()
        if self._due("open", now, REOPEN_EVERY_S):
            self._open()
        if self._live is None:
            return False
        watching = [viewer for viewer in self._viewers if now - viewer.took < PATIENCE_S]
        envs = self._wanted(watching)
        if self._due("wish", now, WISH_EVERY_S) and envs:
            self._live.wish_for(Wish(sum({viewer.env: viewer.rate for viewer in watching}.values()), envs))
        news = False
        if self._due("progress", now, PROGRESS_EVERY_S):
            news = self._say("about", self._live.about()) | self._say("progress", self._live.progress())
        for env in envs:
            generation = self._live.generation(env)
            if generation != self._generations.get(env):
                content = self._live.env(env)
                if content is not None:
                    self._generations[env] = generation
                    game, mind = with_pictures(content)
                    news |= self._say(f"game {env}", game) | self._say(f"mind {env}", mind)
        return news

    def _wanted(self, watching: list[Viewer]) -> tuple[int, ...]:
        assert self._live is not None
        everyone = range(self._live.num_envs)
        if any(viewer.env == ALL for viewer in watching):
            return tuple(everyone)
        return tuple(sorted({viewer.env for viewer in watching if viewer.env in everyone}))

    def _due(self, what: str, now: float, every_s: float) -> bool:
        if now < self._next[what]:
            return False
        self._next[what] = now + every_s
        return True

    def _say(self, kind: str, content: bytes | None) -> bool:
        if content is None:
            return False
        message = b"event: " + kind.split()[0].encode() + b"\ndata: " + content + b"\n\n"
        if self._messages.get(kind, (0, b""))[1] == message:
            return False
        self._messages[kind] = next(self._numbers), message
        return True

    def _open(self) -> None:
        """Open the live file, or the one that a new session has put in its place."""
        try:
            live = LiveFile(self._path)
        except (OSError, ValueError):
            return
        if self._live is not None and self._live.session == live.session:
            live.close()
            return
        if self._live is not None:
            self._live.close()
        self._live = live
        self._messages.clear()
        self._generations.clear()


def with_pictures(content: bytes) -> tuple[bytes, bytes | None]:
    """What the trainer wrote about an environment, its pictures as PNG in the JSON: numbers and pictures fit.

    First the game, then what the agent makes of it, if that was written this time.
    """
    length = int.from_bytes(content[:4], "little")
    game = json.loads(content[4 : 4 + length])
    mind = game.pop("mind", None)
    at = 4 + length
    if mind is not None:
        mind |= {name: game[name] for name in MIND_OF if name in game}
    if "picture" in game:
        height, width, channels = game["picture"]
        size = height * width * channels
        game["picture"] = _text(content[at : at + size], width, height, 3)
        at += size
    if mind is not None and "view" in mind:
        layers, height, width = ([1, *mind["view"]])[-3:]
        mind["view"] = {"width": width, "height": height * layers, "layers": layers}
        mind["view"]["png"] = _text(content[at:], width, height * layers, 1)
    return _json(game), None if mind is None else _json(mind)


def _json(values: Any) -> bytes:
    return json.dumps(values, separators=(",", ":")).encode()


def _text(pixels: bytes, width: int, height: int, channels: int) -> str:
    return base64.b64encode(png(pixels, width, height, channels)).decode()
