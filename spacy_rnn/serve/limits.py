"""How much a request may ask for."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import Errors
from .refusal import Refused

# Pydantic shows these in the description of the API, so they are no options.
MOST_WORDS = 100
MOST_NEW_TOKENS = 1000
MOST_SESSION_LETTERS = 64


@dataclass(frozen=True)
class ServeLimits:
    """What the server allows.

    text_chars (int): Characters of a text.
    trace_tokens (int): Tokens of a text whose steps are shown: each has all states and gates.
    trace_numbers (int): Numbers of a trace that is sent: some ten bytes each.
    body_bytes (int): Of a request's body; enough for the longest text with every character escaped.
    header_seconds (float): Until the header of a request has arrived.
    body_seconds (float): Until a body has arrived.
    take_seconds (float): For a client that takes nothing of its answer.
    wait_seconds (float): For a turn at a model that others use.
    request_seconds (float): For a whole answer, however slowly it is taken.
    sessions (int): Texts that are kept between requests, of each model.
    session_seconds (float): How long a text is kept that nobody goes on with.
    connections (int): Connections at once. For one more, that of the client that was waited for
        the longest is closed. Some systems allow a process 256 files.
    requests (int): Requests at once, of those that have arrived.
    """

    text_chars: int = 10_000
    trace_tokens: int = 200
    trace_numbers: int = 500_000
    body_bytes: int = 200_000
    header_seconds: float = 10.0
    body_seconds: float = 10.0
    take_seconds: float = 10.0
    wait_seconds: float = 10.0
    request_seconds: float = 120.0
    sessions: int = 32
    session_seconds: float = 900.0
    connections: int = 200
    requests: int = 100

    def check_text(self, text: str) -> None:
        """RAISES (Refused): If a text is too long."""
        if len(text) > self.text_chars:
            error = Errors.R846.format(characters=len(text), most=self.text_chars)
            raise Refused(413, error)
