"""Errors speak of options by their names in Python; in a command, by the flags it has."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from functools import partial
from typing import Any, get_args

from typer.models import OptionInfo

_VALUE = r"""'[^']*'|"[^"]*"|[^\s,.;:)]+"""


def flags_of(command: Callable[..., Any]) -> dict[str, str]:
    """RETURNS (Dict[str, str]): The flags of a command's options, by the names that they have in
    Python: those of its parameters, and those that the flags themselves say."""
    flags = {}
    for name, parameter in inspect.signature(command).parameters.items():
        for info in (parameter.default, *get_args(parameter.annotation)):
            if isinstance(info, OptionInfo):
                # in an annotation, the first flag is where a default would be
                given = [info.default, *(info.param_decls or ())]
                every = [decl for decl in given if isinstance(decl, str) and decl[:1] == "-"]
                every = every or [f"--{name.replace('_', '-')}"]
                # the long one of two, the first of --yes/--no
                flag = max(every, key=lambda decl: decl.startswith("--")).partition("/")[0]
                flags[name] = flags[flag.lstrip("-").replace("-", "_")] = flag
    return flags


def with_flags(message: str, command: Callable[..., Any]) -> str:
    """Name a command's options as its user gives them.

    message (str): An error's: "`text_key`", "tokenized = true".
    command (Callable): The command.
    RETURNS (str): "--text-key", "--tokenized".
    """
    for name, flag in flags_of(command).items():
        message = re.sub(rf"`{name}`", flag, message)
        setting = re.compile(rf"(?<![\w.\-]){name} = ({_VALUE})")
        message = setting.sub(partial(_set, flag), message)
        if "_" in name:  # no word of a sentence
            message = re.sub(rf"(?<![\w`'\"./\-]){name}(?![\w`'\"/]|\.\w)", flag, message)
    return message


def _set(flag: str, found: re.Match[str]) -> str:
    plain = found[1].strip('"')
    return flag if plain == "true" else f"{flag} {plain}"
