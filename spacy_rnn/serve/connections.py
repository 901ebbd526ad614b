"""Connections of clients that send nothing, or too slowly, or take nothing: they are given up."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from ..errors import Errors
from .limits import ServeLimits
from .refusal import Refused


def watched_protocol(limits: ServeLimits) -> type[H11Protocol]:
    """RETURNS (Type[H11Protocol]): What uvicorn makes for each connection."""

    class Protocol(WatchedProtocol):
        _limits = limits

    return Protocol


class WatchedProtocol(H11Protocol):
    """A connection that can't keep others out.

    uvicorn ends a connection that is silent after an answer, but waits for the first request, for
    the rest of a header and for a reader without end. Here each of these has its time. And where
    there are too many connections, the one whose client was waited for the longest makes room.
    """

    _limits: ServeLimits

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._waiting_since = 0.0
        self._timer: asyncio.TimerHandle | None = None
        # of its own: who takes nothing may go on sending
        self._take_timer: asyncio.TimerHandle | None = None

    @property
    def waits_for_client(self) -> bool:
        """RETURNS (bool): Whether it is the client's turn: to ask, or to send the rest."""
        cycle = self.cycle
        return cycle is None or cycle.response_complete or cycle.more_body

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait_for_header()
        watched = [each for each in self.connections if isinstance(each, WatchedProtocol)]
        watched = [each for each in watched if not each.transport.is_closing()]
        waiting = [each for each in watched if each.waits_for_client]
        if waiting and len(watched) > self._limits.connections:
            min(waiting, key=lambda each: each._waiting_since).transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        self._stop_take_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._stop_timer()  # the header is there; the body has a time of its own
        elif self._timer is None and not self.transport.is_closing():
            self._wait_for_header()

    def on_response_complete(self) -> None:
        self._waiting_since = self.loop.time()
        super().on_response_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stop_take_timer()
        self._take_timer = self.loop.call_later(self._limits.take_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        self._stop_take_timer()
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        if self.transport.get_write_buffer_size():  # closing would wait for its reader
            self.transport.abort()

    def _wait_for_header(self) -> None:
        self._waiting_since = self.loop.time()
        self._timer = self.loop.call_later(self._limits.header_seconds, self._refuse_header)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _stop_take_timer(self) -> None:
        if self._take_timer is not None:
            self._take_timer.cancel()
            self._take_timer = None

    def _refuse_header(self) -> None:
        self._timer = None
        if self.transport.is_closing():
            return
        if self.conn.trailing_data[0]:  # half a header; who sent nothing wants no answer
            refused = Refused(408, Errors.R849.format(seconds=round(self._limits.header_seconds)))
            content = json.dumps(refused.content).encode()
            headers = [("content-type", "application/json"), ("connection", "close")]
            headers.append(("content-length", str(len(content))))
            events = [
                h11.Response(status_code=refused.status, headers=headers),
                h11.Data(data=content),
                h11.EndOfMessage(),
            ]
            self.transport.write(b"".join(self.conn.send(event) or b"" for event in events))
        self.transport.close()
