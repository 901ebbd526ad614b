"""Configs as files that people read: 我爱你, where JSON would write \\u6211\\u7231\\u4f60."""

from __future__ import annotations

import json
import re
from pathlib import Path

from thinc.api import Config

# After an even number of backslashes: those before it are characters of the text.
_ESCAPED = re.compile(r"(?<!\\)((?:\\\\)*)((?:\\u[0-9a-fA-F]{4})+)")


def readable(text: str) -> str:
    """RETURNS (str): The text of a config with the characters that JSON writes as escapes, where
    they can be seen. It says the same."""
    return _ESCAPED.sub(_unescape, text)


def _unescape(found: re.Match[str]) -> str:
    characters = json.loads(f'"{found[2]}"')
    # no half of a surrogate pair, and nothing that a config reads otherwise
    fine = characters.isprintable() and not any(map(str.isascii, characters))
    return found[1] + (characters if fine else found[2])


def write_config(config: Config, path: Path) -> None:
    """Write a config, in UTF-8.

    config (Config): The config.
    path (Path): The file; its folder is made.
    RAISES (OSError): If it can't be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(readable(config.to_str()), encoding="utf8", newline="\n")
