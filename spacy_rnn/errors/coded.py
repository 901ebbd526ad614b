"""Messages that begin with their code, and what stands in them."""

import reprlib
from typing import Any


def reason(error: BaseException) -> str:
    """RETURNS (str): What an error says, or what it is if it says nothing."""
    return str(error) or type(error).__name__


def shorten(value: Any) -> str:
    """RETURNS (str): A value of any size and depth in a few characters."""
    return reprlib.repr(value)[:80]


def counted(number: int, noun: str) -> str:
    """RETURNS (str): "1 document", "7,997 documents"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


class Coded(type):
    """Prefix each message with its code, so that a search for the code finds its line."""

    def __getattribute__(cls, name: str) -> str:
        message = super().__getattribute__(name)
        return f"[{name}] {message}" if name[0] in "RW" and name[1:].isdigit() else message
