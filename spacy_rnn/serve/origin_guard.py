"""What stands before the application: whom it answers, how much it reads, how long it takes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

import anyio
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..errors import Errors, shorten
from .limits import ServeLimits
from .refusal import Refused

# A client that is still sending doesn't look for the answer: so much is taken and thrown away.
_DROPPED_BYTES = 10_000_000

_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src 'self' data:",
        "frame-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)
# Pictures bring their style along; they are shown within the server's own page.
PICTURE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'; "
    "form-action 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Guard:
    """An ASGI application around another one.

    Any web page can send requests to the machine that it is read on. So a request's Origin has to
    be this server, and its Host an address or a name that was allowed: a foreign name that points
    to this machine (DNS rebinding) is none. Images of a foreign page have no Origin: they are
    known by Sec-Fetch-Site.

    app (ASGIApp): What is guarded. It gets bodies that are whole and not too long.
    hosts (Iterable[str]): Names under which the server is known, beside "localhost" and addresses.
    limits (ServeLimits): What is allowed.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str], limits: ServeLimits) -> None:
        self._app = app
        self._hosts = {"localhost", *(host.lower() for host in hosts)}
        self._limits = limits
        self._requests = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":  # the server's start and end; it speaks no other protocol
            await self._app(scope, receive, send)
            return

        started = False

        async def send_guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        async def refuse(refused: Refused) -> None:
            if not started:
                # the rest of a body that is late would be taken for the next request
                headers = {"Connection": "close"} if refused.status == 408 else {}
                answer = JSONResponse(refused.content, refused.status, headers)
                await answer(scope, receive, send_guarded)

        try:
            with anyio.move_on_after(self._limits.request_seconds):
                try:
                    self._check_headers(Headers(scope=scope), scope["method"], scope["path"])
                    body = await self._read_body(Headers(scope=scope), receive)
                    await self._answer(scope, body, receive, send_guarded)
                except Refused as refused:
                    await refuse(refused)
        except asyncio.CancelledError:  # by the end of the server, which waits for nobody any more
            await refuse(Refused(503, Errors.R867))

    async def _answer(self, scope: Scope, body: bytes, receive: Receive, send: Send) -> None:
        """Let the application answer as long as the client is there: whoever types on closes the
        connection of an older question, which then loses its place in the queue.

        RAISES (Refused): If there are too many requests.
        """
        if self._requests >= self._limits.requests:
            raise Refused(503, Errors.R865.format(most=self._limits.requests))
        with anyio.CancelScope() as asked:
            gone = asyncio.Event()

            async def watch() -> None:
                while (await receive())["type"] != "http.disconnect":
                    pass
                gone.set()
                asked.cancel()

            watching = asyncio.create_task(watch())
            self._requests += 1
            try:
                await self._app(scope, _replay(body, gone), send)
            finally:
                self._requests -= 1
                watching.cancel()

    def _check_headers(self, headers: Headers, method: str, path: str) -> None:
        """RAISES (Refused): If somebody else's page may have sent this."""
        host = headers.get("host", "")
        if len(headers.getlist("host")) != 1 or not self._is_ours(host):
            raise Refused(421, Errors.R841.format(host=shorten(host)))
        origin = headers.get("origin")
        if origin is not None and _network_place(origin) != host.lower():
            raise Refused(403, Errors.R842.format(origin=shorten(origin)))
        # an image or a frame of a foreign page sends no Origin, but browsers say this
        site = headers.get("sec-fetch-site", "none")
        if path.startswith("/api/") and site not in ("same-origin", "none"):
            raise Refused(403, Errors.R842.format(origin="another site"))
        kind = headers.get("content-type", "")
        # a form of a foreign page can't send JSON
        if method == "POST" and kind.partition(";")[0].strip().lower() != "application/json":
            raise Refused(415, Errors.R851.format(found=shorten(kind)))

    def _is_ours(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return name.rstrip(".") in self._hosts or _is_address(name)

    async def _read_body(self, headers: Headers, receive: Receive) -> bytes:
        """RAISES (Refused): If it is too long or too slow."""
        most, seconds = self._limits.body_bytes, self._limits.body_seconds
        too_long = Refused(413, Errors.R843.format(most=most))
        said = headers.get("content-length", "0")
        if said.isdigit() and int(said) > _DROPPED_BYTES:
            raise too_long
        body, length, more = bytearray(), 0, True
        try:
            async with asyncio.timeout(seconds):
                while more and length <= _DROPPED_BYTES:
                    message = await receive()
                    part = message.get("body", b"")
                    length += len(part)
                    if length <= most:
                        body += part
                    more = message["type"] == "http.request" and message.get("more_body", False)
        except TimeoutError:
            raise Refused(408, Errors.R849.format(seconds=round(seconds))) from None
        if length > most:
            raise too_long
        return bytes(body)


def _replay(body: bytes, gone: asyncio.Event) -> Receive:
    sent = False

    async def receive_again() -> Message:
        nonlocal sent
        if sent:
            await gone.wait()
            return {"type": "http.disconnect"}
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again


def _network_place(origin: str) -> str | None:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return None
    return parts.netloc.lower() if parts.scheme in ("http", "https") else None


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
