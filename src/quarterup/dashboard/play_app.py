"""The addresses of the page in which a person plays, and the server for it, in the process of the game.

Pictures go out as one long answer, what is held comes in as short requests: see docs/human-play.md for what that takes.
"""

from __future__ import annotations

import dataclasses
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from quarterup.dashboard.app import json_object, refuse
from quarterup.dashboard.connections import Connection
from quarterup.dashboard.hand import SeatTaken
from quarterup.dashboard.page_files import PageFiles
from quarterup.dashboard.played_game import PlayedGame, Wish
from quarterup.dashboard.requests import BadRequest
from quarterup.dashboard.safety import Access, Guarded, token_of
from quarterup.dashboard.screen import Screen
from quarterup.envs.cabinet import Cabinet
from quarterup.training.recording import pixel_aspect

MAX_VIEWERS = 8
MAX_HELD = 32
MAX_NAME = 64


class PlayServer:
    """The answers."""

    def __init__(self, game: PlayedGame, access: Access, about: dict[str, Any]) -> None:
        """`about` is what the page must know of the game."""
        self._game = game
        self._access = access
        self._about = about
        self._inputs = {name for action in about["actions"] for name in action["inputs"]}
        self._viewers = 0

    async def describe(self, request: Request) -> Response:
        return JSONResponse({**self._about, "may_control": self._access.may_control(token_of(request.scope))})

    async def pictures(self, request: Request) -> Response:
        """The game for as long as somebody looks: numbers and a PNG of every frame, see `HEAD`."""
        if self._viewers >= MAX_VIEWERS:
            return JSONResponse({"error": f"{MAX_VIEWERS} pages are watching already."}, 503)
        return StreamingResponse(self._counted(self._game.screen.follow()), media_type="application/octet-stream")

    async def hold(self, request: Request) -> Response:
        """POST {player, number, held}."""
        values = await json_object(request)
        held, number = values.get("held"), values.get("number")
        if not isinstance(held, list) or len(held) > MAX_HELD or not all(map(self._is_input, held)):
            raise BadRequest("What is held are inputs of the game, by name.")
        if not isinstance(number, int) or isinstance(number, bool) or number < 0:
            raise BadRequest("The number of a message is a whole one.")
        self._game.hand.hold(_player(values), number, held)
        return JSONResponse({})

    async def ask(self, request: Request) -> Response:
        """POST {player, wish}."""
        values = await json_object(request)
        try:
            wish = Wish(values.get("wish"))
        except ValueError:
            raise BadRequest(f"One can ask for: {', '.join(wish.value for wish in Wish)}.") from None
        self._game.hand.sit_down(_player(values))
        self._game.ask(wish)
        return JSONResponse({})

    def _is_input(self, name: Any) -> bool:
        return isinstance(name, str) and name in self._inputs

    async def _counted(self, pictures: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        self._viewers += 1
        try:
            async for picture in pictures:
                yield picture
        finally:
            self._viewers -= 1


def about(cabinet: Cabinet, demos: Path) -> dict[str, Any]:
    """What the page must know of the game that is played."""
    assert cabinet.emulator is not None
    facts = cabinet.emulator.facts
    width, height = facts.screen_width, facts.screen_height
    return {
        "title": cabinet.game.title,
        "machine": f"{facts.description} on {facts.emulator}, ROM: {facts.rom_status}",
        "actions": [dataclasses.asdict(action) for action in cabinet.game.actions],
        "shape": pixel_aspect(facts) * width / height,
        "demos": str(demos),
    }


def make_play_app(game: PlayedGame, access: Access, about: dict[str, Any]) -> ASGIApp:
    """The server as an ASGI application."""
    server = PlayServer(game, access, about)
    app = Starlette(
        routes=[
            Route("/api/describe", server.describe),
            Route("/api/pictures", server.pictures),
            Route("/api/hold", server.hold, methods=["POST"]),
            Route("/api/ask", server.ask, methods=["POST"]),
            Route("/{path:path}", PageFiles("play.html").answer),
        ],
        exception_handlers={BadRequest: refuse, SeatTaken: _taken},
    )
    return Guarded(app, access)


class PlayConnection(Connection):
    """Of a page that plays."""

    send_bytes = 1 << 16
    """What lies there is old when it arrives."""
    idle_s = 60.0
    """A key that is pressed need not wait for a new connection."""


class WebServer(uvicorn.Server):
    """It ends the long answers first, or it would wait for them."""

    def __init__(self, app: ASGIApp, screen: Screen) -> None:
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            http=PlayConnection,
            timeout_keep_alive=int(PlayConnection.idle_s),
            timeout_graceful_shutdown=1,
            ws="none",
            server_header=False,
        )
        super().__init__(config)
        self._screen = screen

    def serve_until_ctrl_c(self, listener: socket.socket) -> None:
        """Or until `end`."""
        self.run(sockets=[listener])

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        self._screen.switch_off()

    def end(self) -> None:
        """From any thread."""
        self.should_exit = True
        self._screen.switch_off()


async def _taken(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 409)


def _player(values: dict[str, Any]) -> str:
    player = values.get("player")
    if not isinstance(player, str) or not 0 < len(player) <= MAX_NAME:
        raise BadRequest("A page has a name of its own.")
    return player
