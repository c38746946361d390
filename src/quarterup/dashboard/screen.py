"""The newest picture of a game, for all who look: whoever is slow misses some, and holds up nobody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator


class Screen:
    """Written by a thread of its own, read by the server's loop."""

    def __init__(self) -> None:
        self._message = b""
        self._number = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._viewers: set[asyncio.Event] = set()

    def show(self, message: bytes) -> None:
        """From any thread: this is the newest."""
        self._message = message
        self._number += 1
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake)

    async def follow(self) -> AsyncIterator[bytes]:
        """What is there, and then whatever is the newest when the last has been taken."""
        self._loop = asyncio.get_running_loop()
        news = asyncio.Event()
        self._viewers.add(news)
        seen = 0
        try:
            while True:
                if seen == self._number:
                    news.clear()
                    await news.wait()
                seen = self._number
                yield self._message
        finally:
            self._viewers.discard(news)

    def _wake(self) -> None:
        for news in self._viewers:
            news.set()
