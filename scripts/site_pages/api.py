"""The API reference: what mkdocstrings makes of the public names."""

import spacy_rnn

_INTRODUCTION = """# API reference

Every public name of the package, made from its docstrings. The first steps:
[in Python](../using.md).
"""


def api_page() -> str:
    """RETURNS (str): A page that mkdocstrings fills in."""
    names = [name for name in spacy_rnn.__all__ if not name.startswith("__")]
    version = "## spacy_rnn.\\_\\_version\\_\\_\n\nThe version of the package, as a string.\n"
    return "\n".join([_INTRODUCTION, *(f"::: spacy_rnn.{name}\n" for name in names), version])
