"""The server's addresses: the page, and what it asks for. All data is below /api/."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import math
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from quarterup.dashboard.feed import ALL, Feed
from quarterup.dashboard.history import EPISODE_SERIES, Series
from quarterup.dashboard.page_files import PageFiles
from quarterup.dashboard.requests import BadRequest, adjust, control, controls
from quarterup.dashboard.runs import Run, Runs
from quarterup.dashboard.safety import Access, Guarded, token_of

MAX_VIEWERS = 32
MAX_SERIES = 40
MAX_POINTS = 4_000
CHARTS_AT_ONCE = 2
DIGITS = 6
"""Of a number in a chart."""


class Server:
    """The answers. One for all pages."""

    def __init__(self, runs: Runs, access: Access) -> None:
        self._runs = runs
        self._access = access
        self._feeds: dict[Path, Feed] = {}
        self._viewers = 0
        self._charts = asyncio.Semaphore(CHARTS_AT_ONCE)

    async def describe(self, request: Request) -> Response:
        """Which runs there are, and what this page may do."""
        runs = await run_in_threadpool(self._runs.all)
        return JSONResponse(
            {
                "runs": [run.describe() for run in runs],
                "own": len(self._runs.own),
                "may_control": self._access.may_control(token_of(request.scope)),
                "controls": controls(),
            }
        )

    async def live(self, request: Request) -> Response:
        """Server-sent events: progress, and the game of one environment or of all."""
        run = self._run(request)
        env, rate = int(_number(request, "env", 0)), _number(request, "rate", 10.0)
        if self._viewers >= MAX_VIEWERS:
            return JSONResponse({"error": f"{MAX_VIEWERS} pages are watching already."}, 503)
        events = self._counted(self._feed(run).watch(max(env, ALL), rate))
        return StreamingResponse(events, media_type="text/event-stream")

    async def charts(self, request: Request) -> Response:
        """Curves of a run, as few points of them as are needed."""
        run = self._run(request)
        names = [name for name in request.query_params.get("names", "").split(",") if _is_series(name)]
        points = int(min(max(_number(request, "points", 600), 10), MAX_POINTS))
        low, high = _number(request, "from", -math.inf), _number(request, "to", math.inf)
        by_time = request.query_params.get("x") == "time"

        def read() -> bytes:
            series = {
                name: _columns(one.between(low, high, by_time=by_time).thinned(points))
                for name, one in run.history.series(names[:MAX_SERIES]).items()
            }
            values = {"series": series, "events": run.history.events(), "references": run.references()}
            return json.dumps({**values, "names": run.history.names()}, separators=(",", ":")).encode()

        async with self._charts:
            return Response(await run_in_threadpool(read), media_type="application/json")

    async def control(self, request: Request) -> Response:
        """POST {run, name}."""
        values = await json_object(request)
        await run_in_threadpool(control, self._run_of(values), values.get("name"))
        return JSONResponse({"asked": values.get("name")})

    async def adjust(self, request: Request) -> Response:
        """POST {run, changes: {name: schedule}}."""
        values = await json_object(request)
        run = self._run_of(values)
        await run_in_threadpool(adjust, run, self._feed(run), values.get("changes"))
        return JSONResponse({"asked": values["changes"]})

    # ---------------------------------------------------------------------------------------------------------- inside

    async def _counted(self, events: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        self._viewers += 1
        try:
            async for event in events:
                yield event
        finally:
            self._viewers -= 1

    def _feed(self, run: Run) -> Feed:
        return self._feeds.setdefault(run.path, Feed(run.path))

    def _run(self, request: Request) -> Run:
        return self._find(_number(request, "run", 0))

    def _run_of(self, values: dict[str, Any]) -> Run:
        """The run to be steered: one of those that the page was started for, and no neighbour."""
        number = values.get("run", 0)
        if not isinstance(number, int) or number >= len(self._runs.own):
            raise BadRequest("There is no run of that number to be steered.")
        return self._find(number)

    def _find(self, number: float) -> Run:
        run = self._runs.find(int(number))
        if run is None:
            raise BadRequest("There is no run of that number.")
        return run


def make_app(runs: Runs, access: Access) -> ASGIApp:
    """The server as an ASGI application."""
    server = Server(runs, access)
    app = Starlette(
        routes=[
            Route("/api/describe", server.describe),
            Route("/api/live", server.live),
            Route("/api/charts", server.charts),
            Route("/api/control", server.control, methods=["POST"]),
            Route("/api/adjust", server.adjust, methods=["POST"]),
            Route("/{path:path}", PageFiles("index.html").answer),
        ],
        exception_handlers={BadRequest: refuse},
    )
    return Guarded(app, access)


async def refuse(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 400)


async def json_object(request: Request) -> dict[str, Any]:
    try:
        values = await request.json()
    except (ValueError, RecursionError):
        raise BadRequest("That is no JSON.") from None
    if not isinstance(values, dict):
        raise BadRequest("That is no JSON object.")
    return values


def _number(request: Request, name: str, default: float) -> float:
    text = request.query_params.get(name)
    if text is None:
        return default
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if math.isnan(number) or (math.isinf(number) and math.isfinite(default)):
        raise BadRequest(f"{name} is a number.")
    return number


def _is_series(name: str) -> bool:
    what, slash, window = name.partition("/")
    if what in EPISODE_SERIES and slash:
        return window.isdecimal() and len(window) <= 6
    return 0 < len(name) <= 64


def _columns(series: Series) -> dict[str, list[float]]:
    return {
        field.name: [float(f"{value:.{DIGITS}g}") if field.name == "values" else round(value, 1) for value in column]
        for field in dataclasses.fields(series)
        for column in [np.asarray(getattr(series, field.name)).tolist()]
    }
