"""Callbacks of the config, as a config uses them."""

import pytest
import spacy
from spacy.util import load_model_from_config

from spacy_rnn.training.callbacks import create_max_length_callback


def test_max_length_of_the_config_holds_in_the_saved_pipeline_too(tmp_path):
    block = {"@callbacks": "spacy-rnn.set_max_length.v1", "max_length": 20}
    config = spacy.blank("xx").config.copy()
    config["nlp"]["after_creation"] = block
    nlp = load_model_from_config(config)
    nlp.to_disk(tmp_path)
    for made in (nlp, spacy.load(tmp_path)):
        assert made.max_length == 20
        with pytest.raises(ValueError, match="E088"):
            made("a text of more than twenty characters")


def test_a_length_below_one_is_refused():
    with pytest.raises(ValueError, match=r"R009.*max_length.*at least 1"):
        create_max_length_callback(0)
