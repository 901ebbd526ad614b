"""Errors of settings, which spaCy's commands show as those of any config: without a traceback."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from thinc.api import ConfigValidationError

P = ParamSpec("P")
R = TypeVar("R")


class ConfigError(ConfigValidationError):
    """A setting that can't be used. A ValueError, whose text is the message alone.

    The arguments are those of confection's class, whose `title` spaCy's commands print.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.args = (self.text.strip(),)


def checks_settings(function: Callable[P, R]) -> Callable[P, R]:
    """Decorate a function that a config calls.

    function (Callable): Its ValueErrors with a code of ours are about settings.
    RETURNS (Callable): The function, which raises them as `ConfigError`.
    """

    @functools.wraps(function)
    def check(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except ConfigValidationError:
            raise
        except ValueError as error:
            if not str(error).startswith("[R"):
                raise
            raise ConfigError(title=str(error)).with_traceback(error.__traceback__) from None

    # spaCy looks at a factory's arguments without asking what it wraps
    check.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]
    return check
