"""The newest picture of a game, for all who look: whoever is slow misses some, and holds up nobody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator


class Screen:
    """Written by a thread of its own, read by the server's loop."""

    def __init__(self) -> None:
        self.newest = b""
        self._number = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._viewers: set[asyncio.Event] = set()
        self._over = False

    def show(self, message: bytes) -> None:
        """From any thread: this is the newest."""
        self.newest = message
        self._number += 1
        self._tell()

    def switch_off(self) -> None:
        """From any thread: nothing more comes."""
        self._over = True
        self._tell()

    async def follow(self) -> AsyncIterator[bytes]:
        """What is there, and then whatever is the newest when the last has been taken, until it is switched off."""
        self._loop = asyncio.get_running_loop()
        news = asyncio.Event()
        self._viewers.add(news)
        seen = 0
        try:
            while not self._over:
                if seen == self._number:
                    news.clear()
                    await news.wait()
                    continue
                seen = self._number
                yield self.newest
        finally:
            self._viewers.discard(news)

    def _tell(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        for news in self._viewers:
            news.set()
