"""Who may ask the server for what. Everything that comes in passes here first.

- The Host header must name this machine by an address, as `localhost`, or by a name it was told: a page of another site
  whose name suddenly points here (DNS rebinding) is turned away.
- Beyond this machine itself, data is for those with a token: one lets its owner watch, another one control too.
- What changes something must come from our own page (Origin), as JSON, and be short.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import secrets
import socket
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 16_384
MAX_QUERY_BYTES = 2_048
BODY_PATIENCE_S = 10.0
TOKEN_BYTES = 18
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline';"
    " frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


@dataclass(frozen=True)
class Access:
    """The rules of one server."""

    host: str
    """Where it listens."""
    control_token: str = ""
    """Empty: whoever reaches it may control."""
    view_token: str = ""

    @classmethod
    def for_host(cls, host: str) -> Access:
        """Without tokens on this machine itself, with new ones elsewhere."""
        if is_loopback(host):
            return cls(host)
        return cls(host, secrets.token_urlsafe(TOKEN_BYTES), secrets.token_urlsafe(TOKEN_BYTES))

    def may_control(self, token: str) -> bool:
        return not self.control_token or _same(token, self.control_token)

    def may_view(self, token: str) -> bool:
        return self.may_control(token) or _same(token, self.view_token)

    def knows_host(self, header: str) -> bool:
        """Whether the Host header is one that our own links have, or an address, which no rebinding can fake."""
        name = header.rpartition(":")[0] if header.rpartition(":")[2].isdigit() else header
        name = name.strip("[]").lower()
        if name in ("localhost", self.host.lower(), socket.gethostname().lower()):
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return address.is_loopback or not is_loopback(self.host)


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Guarded:
    """An ASGI application behind the rules."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        if scope["type"] != "http":
            return None

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        problem = self._problem(scope)
        if problem is not None:
            status, text = problem
            return await JSONResponse({"error": text}, status)(scope, receive, send_with_headers)
        if scope["method"] == "POST":
            try:
                async with asyncio.timeout(BODY_PATIENCE_S):
                    body = await _body(receive)
            except TimeoutError:
                text = f"A request has to be here within {BODY_PATIENCE_S:g} s."
                return await JSONResponse({"error": text}, 408)(scope, receive, send_with_headers)
            if body is None:
                text = f"At most {MAX_BODY_BYTES} bytes."
                return await JSONResponse({"error": text}, 413)(scope, receive, send_with_headers)
            receive = _replayed(body, receive)
        return await self._app(scope, receive, send_with_headers)

    def _problem(self, scope: Scope) -> tuple[int, str] | None:
        """Why a request is refused, if it is."""
        headers = Headers(scope=scope)
        if scope["method"] not in ("GET", "HEAD", "POST"):
            return 405, "Only GET and POST."
        if len(scope["query_string"]) > MAX_QUERY_BYTES:
            return 414, "The address is too long."
        host = headers.get("host", "")
        if not self._access.knows_host(host):
            return 421, "This server does not go by that name. Use its address, or the link that was printed."
        if not scope["path"].startswith("/api/"):
            return None  # The page itself holds no secrets.
        token = token_of(scope)
        if not self._access.may_view(token):
            return 401, "The link lacks its token. Use the link that was printed."
        if scope["method"] != "POST":
            return None
        if not self._access.may_control(token):
            return 403, "This link is for watching only."
        if headers.get("origin") != f"{scope['scheme']}://{host}":
            return 403, "Only the page itself may do that."
        if headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            return 415, "Only JSON."
        return None


def token_of(scope: MutableMapping[str, Any]) -> str:
    """From the Authorization header, or from the address where the browser sends no headers."""
    scheme, _, token = Headers(scope=scope).get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token
    query: bytes = scope["query_string"]
    return parse_qs(query.decode("latin-1")).get("token", [""])[0]


def _same(given: str, token: str) -> bool:
    return bool(token) and hmac.compare_digest(given.encode(), token.encode())


async def _body(receive: Receive) -> bytes | None:
    """All of a body, or None if it is too large; no more than that is ever in memory."""
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if len(body) > MAX_BODY_BYTES:
            return None
        if not message.get("more_body"):
            return body


def _replayed(body: bytes, receive: Receive) -> Receive:
    whole: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return whole.pop() if whole else await receive()

    return again
