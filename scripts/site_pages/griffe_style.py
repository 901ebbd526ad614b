"""Lets mkdocstrings read the docstrings of this package: an extension of griffe."""

import re
from typing import Any

import griffe

from spacy_rnn import defaults

from .docstrings import to_google

_DEFAULT = re.compile(r"(COMPONENT|ENCODER|MODEL)\.(\w+)")


class HouseStyle(griffe.Extension):
    """Writes docstrings in the style that griffe's parser knows, and defaults as their values."""

    def on_instance(self, *, obj: Any, **options: Any) -> None:
        """RETURNS (None): Called for every module, class, function and attribute."""
        if obj.docstring is not None:
            obj.docstring.value = to_google(obj.docstring.value)

    def on_function_instance(self, *, func: Any, **options: Any) -> None:
        """RETURNS (None): Called for every function."""
        for parameter in func.parameters:
            if found := _DEFAULT.fullmatch(str(parameter.default)):
                parameter.default = repr(getattr(getattr(defaults, found[1]), found[2]))
