"""How many connections the page's server keeps, and for how long: a crowd or a page that hangs takes no one's place."""

from __future__ import annotations

import asyncio
import socket
import time

from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

MAX_CONNECTIONS = 128
STUCK_S = 10.0
"""A reader that takes nothing for so long is dropped."""


class Connection(H11Protocol):
    """One of them. When there are too many the one that has idled longest makes room."""

    send_bytes = 1 << 17
    """What the system holds for a slow reader: few seconds of pictures, not the megabytes that it would grow to."""
    idle_s = 10.0
    """A connection on which nothing whole is asked for so long is closed."""
    _since = 0.0
    """When it became idle."""
    _idle: asyncio.TimerHandle | None = None
    _stuck: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self.send_bytes)
        self._wait()
        if len(self.connections) > MAX_CONNECTIONS:
            self._make_room()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self._is_idle() and self._idle is not None:
            self._idle.cancel()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._wait()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stuck = self.loop.call_later(STUCK_S, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stuck is not None:
            self._stuck.cancel()

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._idle, self._stuck):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    # ---------------------------------------------------------------------------------------------------------- inside

    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _wait(self) -> None:
        """For the next request, not for ever."""
        self._since = time.monotonic()
        self._idle = self.loop.call_later(self.idle_s, self._give_up)

    def _give_up(self) -> None:
        if self._is_idle():
            self.transport.abort()

    def _make_room(self) -> None:
        others = [one for one in self.connections if isinstance(one, Connection) and one is not self and one._is_idle()]
        if not others:
            self.app = _refuse
            return
        longest = min(others, key=lambda one: one._since)
        self.connections.discard(longest)  # Now, and not when its end is noticed: the next one needs room, too.
        longest.transport.abort()


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    text = f"All {MAX_CONNECTIONS} connections of this page's server are in use. Close other pages, or try again soon."
    await JSONResponse({"error": text}, 503, {"Connection": "close", "Retry-After": "5"})(scope, receive, send)
