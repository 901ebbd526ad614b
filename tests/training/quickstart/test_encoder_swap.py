"""A language model in place of the tok2vec of a config that is there already."""

import pytest
from spacy.cli.init_config import init_config
from spacy.util import load_model_from_config
from thinc.api import Config

from spacy_rnn.training.quickstart.requests import ConfigRequest, make_config
from spacy_rnn.training.quickstart.sizes import Budget


def write_base(path, *pipeline, **changes):
    config = init_config(lang="en", pipeline=list(pipeline), optimize="efficiency")
    for name, value in changes.items():
        config["training"][name] = value
    config.to_disk(path)
    return path


def listeners_in(block):
    for value in block.values():
        if isinstance(value, dict):
            if value.get("@architectures") == "spacy.Tok2VecListener.v1":
                yield value
            yield from listeners_in(value)


def test_every_listener_reads_the_language_model_and_the_tok2vec_is_gone(tmp_path):
    base = write_base(tmp_path / "base.cfg", "tagger", "parser", "ner")
    config, changes = make_config(ConfigRequest("tagger", base=base, size="small"))
    assert config["nlp"]["pipeline"] == ["rnn_lm", "tagger", "parser", "ner"]
    assert "tok2vec" not in config["components"]
    found = list(listeners_in(config["components"]))
    assert [(block["upstream"], block["width"]) for block in found] == [("rnn_lm", 256)] * 3
    # each of them, and everything else that is different, is told
    for name in ("tagger", "parser", "ner", "tok2vec"):
        assert any(line.startswith(f"[components.{name}") for line in changes), name
    nlp = load_model_from_config(config)
    assert nlp.get_pipe("rnn_lm").listening_components == ["tagger", "parser", "ner"]


def test_what_has_nothing_to_do_with_the_encoder_stays(tmp_path):
    base = write_base(tmp_path / "base.cfg", "ner", dropout=0.17, max_steps=1234, patience=99)
    before = Config().from_disk(base, interpolate=False)
    config, _ = make_config(ConfigRequest("ner", base=base))
    for block in ("corpora", "system"):
        assert config[block] == before[block]
    training = {n: v for n, v in config["training"].items() if n not in _CHANGED}
    assert training == {n: v for n, v in before["training"].items() if n not in _CHANGED}
    ner = {n: v for n, v in config["components"]["ner"].items() if n != "model"}
    assert ner == {n: v for n, v in before["components"]["ner"].items() if n != "model"}


_CHANGED = ("before_update", "score_weights")


def test_a_component_with_a_tok2vec_of_its_own_gets_a_listener(tmp_path):
    base = write_base(tmp_path / "base.cfg", "tagger")
    config = Config().from_disk(base, interpolate=False)
    own = {"@architectures": "spacy.HashEmbedCNN.v2", "width": 64, "depth": 2, "embed_size": 100}
    own |= {"pretrained_vectors": None, "window_size": 1, "maxout_pieces": 3}
    own |= {"subword_features": True}
    config["components"]["tagger"]["model"]["tok2vec"] = own
    del config["components"]["tok2vec"]
    config["nlp"]["pipeline"] = ["tagger"]
    config.to_disk(base)
    swapped, changes = make_config(ConfigRequest("tagger", base=base))
    assert swapped["nlp"]["pipeline"] == ["rnn_lm", "tagger"]
    assert swapped["components"]["tagger"]["model"]["tok2vec"]["upstream"] == "rnn_lm"
    assert any("HashEmbedCNN.v2, width 64" in line for line in changes)


def test_a_callback_of_the_base_is_kept_and_told(tmp_path):
    callback = {"@callbacks": "spacy-rnn.fine_tuning.v1", "component": "mine"}
    base = write_base(tmp_path / "base.cfg", "tagger", before_update=callback)
    config, changes = make_config(ConfigRequest("tagger", base=base))
    assert config["training"]["before_update"]["component"] == "mine"
    assert any("before_update] kept" in line for line in changes)


def test_lists_of_components_name_the_new_upstream(tmp_path):
    base = write_base(
        tmp_path / "base.cfg",
        "ner",
        frozen_components=["tok2vec"],
        annotating_components=["tok2vec"],
    )
    config, _ = make_config(ConfigRequest("ner", base=base))
    assert config["training"]["frozen_components"] == ["rnn_lm"]
    assert config["training"]["annotating_components"] == ["rnn_lm"]


def test_steps_of_the_request_replace_those_of_the_base(tmp_path):
    base = write_base(tmp_path / "base.cfg", "ner")
    config, changes = make_config(ConfigRequest("ner", base=base, budget=Budget.of(300)))
    training = config["training"]
    assert training["max_steps"] == 300
    assert 300 % training["eval_frequency"] == 0
    assert any("max_steps = 300" in line for line in changes)


@pytest.mark.parametrize(
    ("pipeline", "options", "code"),
    [
        (["textcat"], {"task": "textcat"}, "R636"),  # a bag of words: no tok2vec
        (["ner"], {"task": "lm"}, "R637"),
        (["ner"], {"task": "ner", "lang": "de"}, "R638"),
    ],
)
def test_a_base_that_does_not_fit_is_one_clear_error(pipeline, options, code, tmp_path):
    base = write_base(tmp_path / "base.cfg", *pipeline)
    with pytest.raises(ValueError, match=code):
        make_config(ConfigRequest(**options, base=base))


def test_a_base_with_a_language_model_or_a_transformer_is_one_clear_error(tmp_path):
    base = write_base(tmp_path / "base.cfg", "tagger")
    config = Config().from_disk(base, interpolate=False)
    config["components"]["rnn_lm"] = {"factory": "rnn_lm"}
    config.to_disk(base)
    with pytest.raises(ValueError, match="R635"):
        make_config(ConfigRequest("tagger", base=base))
    config["components"]["transformer"] = {"factory": "transformer"}
    config.to_disk(base)
    with pytest.raises(ValueError, match="R634"):
        make_config(ConfigRequest("tagger", base=base))
