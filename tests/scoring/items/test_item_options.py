"""Which options go together, and which columns a table gets."""

import inspect
from dataclasses import fields

import pytest

from spacy_rnn.cli.items import items_cli
from spacy_rnn.scoring.items.item_options import ItemOptions
from spacy_rnn.scoring.items.score_items import score_items

from .rows import options_of

WORDS = {"rows": "words", "group": ("item",)}


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"rows": "lines"}, "R710"),
        ({"cut": "no"}, "R710"),
        ({"context": "keep"}, "R710"),
        ({"region": "r", "delimiter": "|"}, "R711"),
        ({"start": "a", "end": "b", "region": "r"}, "R711"),
        ({"delimiter": " "}, "R712"),
        ({**WORDS, "region": "r"}, "R713"),
        ({"rows": "words"}, "R714"),
        ({"context": "carry"}, "R714"),
        ({**WORDS, "context": "carry"}, "R715"),
        ({"lags": 1}, "R716"),
        ({"start": "a"}, "R717"),
        ({"end": "a"}, "R717"),
        ({"order": "a"}, "R717"),
        ({"occurrence": 1}, "R717"),
        ({"lags": -1}, "R214"),
        ({"columns": ("surprise",)}, "R700"),
    ],
)
def test_options_that_mean_nothing_are_an_error(given, code):
    with pytest.raises(ValueError, match=code):
        options_of(**given)


def test_new_columns_come_in_the_order_that_was_asked_for():
    options = options_of(
        delimiter="|", columns=("rank", "unknown", "token"), lags=1, cut="split", prefix="m_"
    )
    assert options.new_columns() == {
        "m_row": int,
        "m_region": int,
        "m_region_text": str,
        "m_rank": float,
        "m_unknown": int,
        "m_token": str,
        "m_rank_lag1": float,
        "m_unknown_lag1": int,
        "m_token_lag1": str,
        "m_cut": str,
    }


def test_a_column_of_a_new_ones_name_is_an_error():
    with pytest.raises(ValueError, match=r"R718.*'surprisal'.*prefix"):
        options_of().new_columns(["text", "surprisal"])
    with pytest.raises(ValueError, match=r"R718.*'cut'"):
        options_of(cut="include").new_columns(["cut"])
    assert options_of(prefix="x_").new_columns(["surprisal"])


def test_the_columns_that_are_needed_are_each_named_once():
    options = options_of(text="s", region="r", occurrence="n", group=("s", "g"), order="o", id="i")
    assert options.needed == ["s", "g", "r", "n", "o", "i"]
    assert options_of(region="r", occurrence=2).needed == ["text", "r"]


def test_defaults_are_the_same_in_python_and_on_the_command_line():
    """`unspaced` is the pipeline's, and `start` means nothing without `end`."""
    wanted = {field.name: field.default for field in fields(ItemOptions)}
    del wanted["unspaced"]
    python = {name: p.default for name, p in inspect.signature(score_items).parameters.items()}
    assert {name: python[name] for name in wanted} == wanted
    found = {}
    for name, parameter in inspect.signature(items_cli).parameters.items():
        option = parameter.default
        found[name.removesuffix("_column")] = getattr(option, "default", option)
    found["columns"] = tuple(found["columns"].split(","))
    found["group"] = () if found["group"] is None else found["group"]
    assert {name: found[name] for name in wanted} == wanted
