"""A model starts from trained weights, wherever they were saved and whatever words they know."""

import json
import shutil
from collections import Counter

import numpy as np
import pytest
import spacy
import torch

from spacy_rnn.layers.rnn_tok2vec import build_rnn_tok2vec
from spacy_rnn.layers.shim import get_shim
from spacy_rnn.layers.sources import SourceModel, find_model_file, find_pipeline
from spacy_rnn.pipeline.learned_spacing import learn_spacing
from spacy_rnn.training.quickstart.source_settings import read_source
from spacy_rnn.vocabulary.spacing_counts import SpacingCounts

from ..helpers import ENGLISH, make_examples, make_pipeline, make_random, make_trained
from ..inline import tagger_pipeline
from .models import same_values, values_of

SHAPE = {"width": 6, "depth": 2, "direction": "both", "subword_rows": 16, "ngram_rows": 12}
OPTIONS = {**SHAPE, "precision": "float32"}


@pytest.fixture(scope="module")
def trained():
    """A pipeline whose language model has random weights. Shared: tests must not change it."""
    return make_random(model={**OPTIONS, "cutoffs": [4, 9]})


@pytest.fixture(scope="module")
def places(trained, tmp_path_factory):
    """Everywhere that its weights can be read from."""
    root = tmp_path_factory.mktemp("sources")
    trained.to_disk(root / "pipeline")
    lm = trained.get_pipe("rnn_lm")
    (root / "model3.bin").write_bytes(lm.model.to_bytes())
    renamed = spacy.blank("xx")
    renamed.add_pipe("sentencizer")
    renamed.add_pipe("rnn_lm", name="other", source=trained)
    inline = tagger_pipeline(**OPTIONS, source=str(root / "pipeline"))
    for name, nlp in (("renamed", renamed), ("inline", inline)):
        nlp.to_disk(root / name)
    return {
        "pipeline": root / "pipeline",
        "component": root / "pipeline" / "rnn_lm",
        "file of the model": root / "pipeline" / "rnn_lm" / "model",
        "file of spacy pretrain": root / "model3.bin",
        "component of another name": root / "renamed",
        "tagger's own network": root / "inline",
        "tagger's component": root / "inline" / "tagger",
    }


PLACES = [
    "pipeline", "component", "file of the model", "file of spacy pretrain",
    "component of another name", "tagger's own network", "tagger's component",
]  # fmt: skip


def make_tok2vec(**options):
    model = build_rnn_tok2vec(**{**OPTIONS, **options})
    model.initialize()
    return model


def docs_of(nlp):
    return [nlp.make_doc(text) for text in [*ENGLISH[:5], "", "a zeppelin paints"]]


@pytest.mark.parametrize("place", PLACES)
def test_vocabulary_and_weights_are_found_in(place, places, trained):
    source = SourceModel(str(places[place]))
    lm = trained.get_pipe("rnn_lm")
    assert source.vocabulary.labels == lm.vocabulary.labels
    # a sublayer has clusters of its own choice
    given = values_of(lm.model)
    for name, value in source.network.parameters_by_name().items():
        if "cluster" not in name:
            assert torch.equal(value, given[name]), name


def test_a_source_can_be_an_installed_pipeline(places, trained, tmp_path, monkeypatch):
    name = "xx_rnn_installed"
    data = tmp_path / name / f"{name}-0.0.0"
    shutil.copytree(places["pipeline"], data)
    (tmp_path / name / "__init__.py").touch()
    metadata = tmp_path / f"{name}-0.0.0.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.0.0\n", "utf8")
    monkeypatch.syspath_prepend(tmp_path)
    source = SourceModel(name)
    weights = trained.get_pipe("rnn_lm").shim.network.state_dict()
    assert all(value.equal(weights[n]) for n, value in source.network.state_dict().items())
    assert read_source(name).path == data
    assert find_model_file(name) == data / "rnn_lm" / "model"
    known = learn_spacing(SpacingCounts("none"), name)
    assert known == learn_spacing(SpacingCounts("none"), places["pipeline"])
    # what is no name of an installed one stays a path
    assert find_pipeline(places["pipeline"]) == places["pipeline"]


def test_model_with_the_words_of_its_source_predicts_the_very_same_vectors(places, trained):
    model = make_tok2vec(source=str(places["pipeline"]))
    lm = trained.get_pipe("rnn_lm")
    assert model.attrs["vocabulary"].labels == lm.vocabulary.labels
    docs = docs_of(trained)
    for ours, theirs in zip(model.predict(docs), lm.model.predict(docs), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("direction", "columns"), [("forward", slice(6)), ("backward", slice(6, None))]
)
def test_one_direction_of_a_source_gives_its_half_of_the_vectors(
    direction, columns, places, trained
):
    model = make_tok2vec(source=str(places["pipeline"]), direction=direction)
    docs = docs_of(trained)
    both = trained.get_pipe("rnn_lm").model.predict(docs)
    for ours, theirs in zip(model.predict(docs), both, strict=True):
        np.testing.assert_allclose(ours, theirs[:, columns], atol=1e-6)


def test_words_of_a_vocabulary_of_its_own_are_mapped_by_their_text(places, trained, tmp_path):
    words = ["harbour", "zeppelin", "the", "grey", "submarine", "."]
    file = tmp_path / "words.json"
    file.write_text(json.dumps([[word, 9 - n] for n, word in enumerate(words)]), "utf8")
    model = make_tok2vec(source=str(places["pipeline"]), vocabulary=str(file))
    vocabulary = model.attrs["vocabulary"]
    assert vocabulary.words == ["<unk>", "</s>", *words]
    theirs = trained.get_pipe("rnn_lm")
    given, got = values_of(theirs.model), values_of(model)
    known = list(theirs.vocabulary.words)
    for row, word in enumerate(vocabulary.words):
        there = known.index(word) if word in known else 0
        assert torch.equal(got["embedding"][row], given["embedding"][there]), word
        if word in known:
            assert got["softmax.bias"][row] == given["softmax.bias"][there]
    assert torch.equal(got["subwords.weight"], given["subwords.weight"])


def test_new_words_are_read_as_the_source_read_them(places, trained, tmp_path):
    """Their row is `<unk>`'s and their spelling is their own."""
    file = tmp_path / "words.json"
    labels = trained.get_pipe("rnn_lm").label_data
    file.write_text(json.dumps([*labels, ["zeppelin", 3], ["submarine", 2]]), "utf8")
    model = make_tok2vec(source=str(places["pipeline"]), vocabulary=str(file))
    docs = [trained.make_doc("the zeppelin watches a submarine ."), trained.make_doc("zeppelin")]
    assert model.attrs["vocabulary"].knows(docs[1][0])
    theirs = trained.get_pipe("rnn_lm").model.predict(docs)
    for ours, expected in zip(model.predict(docs), theirs, strict=True):
        np.testing.assert_allclose(ours, expected, atol=1e-6)


def test_a_source_of_another_attribute_is_refused(places):
    """Its words are other forms: most tokens would be unknown."""
    with pytest.raises(ValueError, match=r"R020.*attr: ORTH there, LOWER here"):
        make_tok2vec(source=str(places["pipeline"]), attr="LOWER")


def test_component_joins_the_words_of_its_source_with_those_of_its_texts(places, trained):
    texts = ["the submarine dives .", "the baker dives !", "a cat"]
    nlp = make_pipeline(texts, model={**OPTIONS, "source": str(places["pipeline"])})
    lm, theirs = nlp.get_pipe("rnn_lm"), trained.get_pipe("rnn_lm")
    expected = dict(Counter(word for text in texts for word in text.split()))
    # what the source knows keeps its count, and its place in the softmax
    expected.update(map(tuple, theirs.label_data))
    assert dict(lm.label_data) == expected
    rows = [theirs.vocabulary.words.index(w) if w in theirs.vocabulary else 0
            for w in lm.vocabulary.words]  # fmt: skip
    rows[1] = 1
    embedding = values_of(theirs.model)["embedding"]
    assert torch.equal(values_of(lm.model)["embedding"], embedding[rows])


def test_a_failed_start_leaves_the_component_as_it_was(places, trained):
    nlp = spacy.blank("xx")
    config = {"model": {**OPTIONS, "width": 7, "source": str(places["pipeline"])}}
    lm = nlp.add_pipe("rnn_lm", config=config)
    with pytest.raises(ValueError, match="R020"):
        nlp.initialize(lambda: make_examples(nlp, ENGLISH))
    assert not lm.vocabulary
    nlp = make_pipeline(model={**OPTIONS, "width": 7})
    lm = nlp.get_pipe("rnn_lm")
    before = lm.model.to_bytes()
    lm.model.init.source = str(places["pipeline"])
    with pytest.raises(ValueError, match="R020"):
        lm.initialize(
            lambda: make_examples(nlp, ["other words than before , so it has other rows"])
        )
    assert lm.model.to_bytes() == before


@pytest.mark.parametrize("place", ["pipeline", "tagger's own network"])
def test_a_trained_pipeline_needs_its_source_no_more(place, places, tmp_path):
    source = tmp_path / "source"
    source.write_bytes(places["file of spacy pretrain"].read_bytes())
    if place == "pipeline":
        nlp = make_pipeline(model={**OPTIONS, "source": str(source)})
    else:
        nlp = tagger_pipeline(**OPTIONS, source=str(source))
    nlp.to_disk(tmp_path / "out")
    source.unlink()
    loaded = spacy.load(tmp_path / "out")
    for name, pipe in nlp.pipeline:
        assert loaded.get_pipe(name).model.to_bytes() == pipe.model.to_bytes()


def test_the_source_and_the_model_share_no_memory(places):
    path = str(places["pipeline"])
    first, second = make_tok2vec(source=path), make_tok2vec(source=path)
    before = values_of(second)
    with torch.no_grad():
        for parameter in get_shim(first).network.parameters():
            parameter.add_(1.0)
    assert same_values(values_of(second), before)
    assert same_values(values_of(make_tok2vec(source=path)), before)


def test_a_source_with_clusters_goes_on_where_it_was_when_a_word_joins(tmp_path):
    """Its perplexity is that of the source, not that of a softmax that starts anew."""
    model = {"cutoffs": [6, 15], "width": 16}
    source = make_trained(model=model)
    source.to_disk(tmp_path)
    options = {**model, "cutoffs": "auto", "source": str(tmp_path)}
    nlp = make_pipeline([*ENGLISH[:4], "submarine submarine"], model=options)
    old, new = (n.get_pipe("rnn_lm") for n in (source, nlp))
    assert len(new.vocabulary) == len(old.vocabulary) + 1
    assert new.shim.network.settings.cutoffs == (6, 15)
    texts = ENGLISH[:20]
    before, after, fresh = (
        n.evaluate(make_examples(n, texts))["lm_perplexity"]
        for n in (source, nlp, make_pipeline(texts, model=model))
    )
    assert after < before * 1.2 < fresh


def test_a_sublayer_that_is_initialized_again_reads_its_file_again(tmp_path):
    words = tmp_path / "words.json"
    model = build_rnn_tok2vec(width=4, direction="forward", vocabulary=str(words))
    for entries in ([["the", 3], ["cat", 2]], [["dog", 3], ["owl", 2], ["the", 1]]):
        words.write_text(json.dumps(entries), encoding="utf8")
        model.initialize(X=[spacy.blank("xx").make_doc("the dog")])
        assert model.attrs["vocabulary"].words[2:] == [word for word, _ in entries]
        assert get_shim(model).network.settings.words == len(entries) + 2
