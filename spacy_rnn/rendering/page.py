"""The HTML around the figures: a fragment that brings its style along, or a whole page."""

from __future__ import annotations

from collections.abc import Sequence

from .stylesheet import PAGE_STYLE, STYLE


def fragment(legend: str, figures: Sequence[str], style: str = "", lang: str = "en") -> str:
    """RETURNS (str): HTML that can stand in any page, several times too: all names begin with
    "spacy-rnn".

    style (str): Rules that only this kind of picture needs.
    lang (str): The language of the legend.
    """
    body = "".join(f'<figure class="spacy-rnn-figure">{figure}</figure>' for figure in figures)
    # tex2jax_ignore: notebooks would read $ as mathematics
    return (
        f'<div class="spacy-rnn tex2jax_ignore" lang="{lang}" dir="ltr">'
        f'<style>{STYLE}{style}</style><p class="spacy-rnn-legend">{legend}</p>{body}</div>'
    )


def full_page(legend: str, figures: Sequence[str], style: str = "", lang: str = "en") -> str:
    """RETURNS (str): A page for a file of its own."""
    return (
        f'<!DOCTYPE html>\n<html lang="{lang}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>spacy-rnn</title>\n<style>{PAGE_STYLE}</style>\n</head>\n"
        f"<body>\n{fragment(legend, figures, style, lang)}\n</body>\n</html>\n"
    )
