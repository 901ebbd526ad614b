"""What is chosen for a text, and what is written beside it."""

import spacy
import srsly

from spacy_rnn.corpus.text_corpus import create_text_corpus
from spacy_rnn.training.quickstart import text_recipe
from spacy_rnn.training.quickstart.text_parts import split_text
from spacy_rnn.vocabulary.spacing import read_spacing, spacing_path
from spacy_rnn.vocabulary.spacing_counts import SpacingCounts

from ...helpers import ENGLISH


def test_a_text_that_is_read_in_streams_gets_its_vocabulary_and_its_spacing(tmp_path, monkeypatch):
    monkeypatch.setattr(text_recipe, "_LONG_TEXT", 10)
    monkeypatch.setattr(text_recipe, "_LONG_DOCUMENT", 10)
    monkeypatch.setattr(text_recipe, "seconds_per_step", lambda *args, **options: 0.01)
    source = tmp_path / "text.txt"
    source.write_text("\n".join(" - ".join(ENGLISH[i : i + 5]) for i in range(30)), "utf8")
    parts = split_text(source, tmp_path / "parts")
    config, _ = text_recipe.text_config(parts, tmp_path, lang="en")
    words = config["paths"]["vocabulary"]
    assert "harbour" in dict(srsly.read_json(words))
    counts = SpacingCounts()
    for example in create_text_corpus(parts.train)(spacy.blank("en")):
        counts.add(example.predicted)
    assert read_spacing(spacing_path(words)) == counts.spacing()
    assert counts.spacing().classes["-", "LATIN", 1][0] > 0
