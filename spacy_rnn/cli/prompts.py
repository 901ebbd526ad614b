"""The prompts of a command: its arguments, or the lines of the standard input."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..corpus.text_files import STDIN, read_lines


def read_prompts(prompts: Sequence[str]) -> Iterator[str]:
    """Read prompts one by one.

    prompts (Sequence[str]): The prompts; "-" stands for the lines of the standard input.
    YIELDS (str): The prompts.
    RAISES (ValueError): If the standard input isn't UTF-8.
    """
    for prompt in prompts:
        if prompt == "-":
            yield from read_lines(STDIN)
        else:
            yield prompt
