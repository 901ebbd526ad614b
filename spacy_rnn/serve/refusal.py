"""A request that is not answered, and the one message that says why."""

from __future__ import annotations

import re

_CODED = re.compile(r"\[([RE]\d{3})\] (.*)", re.DOTALL)


class Refused(Exception):
    """Ends a request.

    status (int): Of HTTP.
    message (str): One of `Errors`, with its code in front.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message

    @property
    def content(self) -> dict[str, str]:
        """RETURNS (Dict[str, str]): What the client reads: "code" and "message"."""
        found = _CODED.fullmatch(self.message)
        assert found, self.message
        return {"code": found[1], "message": found[2]}


def refusal_of(error: Exception) -> Refused | None:
    """RETURNS (Optional[Refused]): For an error with a code, which the client can put right; None
    for others, which are ours."""
    if isinstance(error, Refused):
        return error
    if isinstance(error, (ValueError, TypeError)) and _CODED.fullmatch(str(error)):
        return Refused(400, str(error))
    return None
