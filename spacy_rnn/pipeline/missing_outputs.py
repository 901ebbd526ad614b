"""Why a Doc has no output of a component although there was one: said, so that None means that the
component didn't run."""

from __future__ import annotations

import warnings
from itertools import islice
from typing import Any

from spacy.tokens import Doc

from ..errors import Errors, Warnings

# An entry that says nothing but that there is an output. `Doc.from_docs` and `Span.as_doc` take
# entries of tokens along, and leave those of the Doc behind.
_FIRST_TOKEN = 0
# So many entries are looked through: somebody may keep some for every token.
_MOST_ENTRIES = 1000

# What components were called before they were sourced under another name: old name → new names.
_renamed: dict[str, set[str]] = {}


def trace_key(name: str) -> Any:
    """RETURNS (Tuple): The entry of `doc.user_data` that stays where an output is lost."""
    return ("._.", name, _FIRST_TOKEN, None)


def note_renaming(old: str, new: str) -> None:
    """A component got another name.

    old, new (str): The names.
    """
    for later in _renamed.values():
        if old in later:
            later.add(new)
    _renamed.setdefault(old, set()).add(new)


def explain_missing_output(doc: Doc, name: str) -> None:
    """Say why there is no output, if it isn't that the component didn't run.

    doc (Doc): A Doc without an output of `name`.
    name (str): The component.
    RAISES (ValueError): If the Doc was made of others that have one.
    """
    for new in _renamed.get(name, ()):
        if ("._.", new, None, None) in doc.user_data:
            message = Warnings.W311.format(name=name, new=new)
            warnings.warn(message, stacklevel=4)
            return
    for key in islice(doc.user_data, _MOST_ENTRIES):
        if isinstance(key, tuple) and len(key) == 4 and key[:2] == ("._.", name):
            raise ValueError(Errors.R343.format(name=name))
