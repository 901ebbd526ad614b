"""Spellers in files: hostile headers, and sources with another alphabet."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load, save

from spacy_rnn.layers.open_vocabulary import spell_forms
from spacy_rnn.layers.rnn_lm_model import build_rnn_lm
from spacy_rnn.layers.shim import get_shim
from spacy_rnn.layers.sources import SourceModel
from spacy_rnn.layers.weights import weights_from_bytes, weights_to_bytes
from spacy_rnn.network.speller import spelling_log_probs
from spacy_rnn.vocabulary import Vocabulary
from spacy_rnn.vocabulary.alphabet import alphabet_of

from ..network import naive
from .models import same_values, values_of
from .test_weights import CODE, close_file, make_network, open_file

SPELLER = {"speller_width": 4, "symbols": 9, "symbol_cutoffs": (3, 5)}
SIZES = [-1, 0, 5, 8, 10**12, 10**400, 4.0, 9.0, True, None, "4", [4], {}, float("nan")]
LISTS = [
    None, "35", 5, [], [3], [5, 3], [3, 3], [1, 5], [3, 9], [3, 10**12], [3.0, 5], [3, "5"],
    [3, [5]], {"3": 5}, [-3, 5],
]  # fmt: skip


def forge(network, **changes):
    """The network's file with a header that claims other settings."""
    header, rest = open_file(weights_to_bytes(network))
    (entry,) = header["__metadata__"]
    claims = json.loads(header["__metadata__"][entry])
    claims["settings"].update(changes)
    del claims["checksum"]  # the checks of single settings must not need it
    header["__metadata__"][entry] = json.dumps(claims)
    return header, rest


CLAIMS = [("symbol_cutoffs", value) for value in LISTS]
CLAIMS += [(option, value) for option in ("speller_width", "symbols") for value in SIZES]
KINDS = [None, "", "Context", ["context"], 3, True, {}]
CLAIMS += [("spelling", value) for value in KINDS]
CLAIMS += [("speller_ngram_rows", value) for value in [*SIZES[:1], 1, *SIZES[2:]]]


def fail(*args):
    raise AssertionError("a network is built before its header is checked")


@pytest.mark.parametrize(
    "changes", [{}, {"symbol_cutoffs": ()}, {"cell": "gru"}, {"speller_ngram_rows": 7}], ids=str
)
def test_a_speller_comes_back_exactly(changes):
    network = make_network(**{**SPELLER, **changes})
    loaded = weights_from_bytes(weights_to_bytes(network), {"speller_width": 4})
    assert loaded.settings == network.settings
    saved, found = network.parameters_by_name(), loaded.parameters_by_name()
    assert any(name.startswith("speller.") for name in saved)
    assert saved.keys() == found.keys()
    assert all(torch.equal(saved[name], found[name]) for name in saved)
    assert loaded.speller.softmax.weight is loaded.speller.embedding


@pytest.mark.parametrize(("option", "value"), CLAIMS, ids=str)
def test_false_claims_about_a_speller_are_refused(option, value):
    data = close_file(*forge(make_network(**SPELLER), **{option: value}))
    with pytest.raises(ValueError, match=CODE):
        weights_from_bytes(data, {})


@pytest.mark.parametrize("option", ["speller_width", "symbols"])
@pytest.mark.parametrize("value", SIZES, ids=str)
def test_a_wrong_size_builds_nothing(option, value, monkeypatch):
    data = close_file(*forge(make_network(**SPELLER), **{option: value}))
    monkeypatch.setattr("spacy_rnn.layers.weights.RNNLanguageModel", fail)
    with pytest.raises(ValueError, match="R011"):
        weights_from_bytes(data, {})


@pytest.mark.parametrize("option", ["symbols", "speller_width"])
def test_a_size_that_table_and_header_claim_alike_builds_nothing(option, monkeypatch):
    """A file of a kilobyte that claims a million million."""
    header, rest = forge(make_network(**SPELLER), **{option: 10**12})
    shape = [10**12, 4] if option == "symbols" else [9, 10**12]
    header["speller.embedding"]["shape"] = shape
    monkeypatch.setattr("spacy_rnn.layers.weights.RNNLanguageModel", fail)
    with pytest.raises(ValueError, match=CODE):
        weights_from_bytes(close_file(header, rest), {})


@pytest.mark.parametrize("option", ["width", "speller_width"])
def test_a_width_without_weights_of_that_width_is_refused(option):
    network = make_network(**SPELLER)
    width = 5 * 10**6
    changes = {"width": width}
    tensors = load(weights_to_bytes(network))
    if option == "speller_width":
        changes = {"speller_width": width, "symbols": 2, "symbol_cutoffs": []}
        tensors["speller.embedding"] = torch.zeros(2, width)
    header, _ = forge(network, **changes)
    with pytest.raises(ValueError, match=CODE):
        weights_from_bytes(save(tensors, header["__metadata__"]), {})


def test_a_speller_without_its_weights_or_weights_without_a_speller_are_refused():
    with_one, without = make_network(**SPELLER), make_network()
    for network, settings in ((with_one, without), (without, with_one)):
        header, _ = open_file(weights_to_bytes(settings))
        data = save(load(weights_to_bytes(network)), header["__metadata__"])
        with pytest.raises(ValueError, match="R011"):
            weights_from_bytes(data, {})


@pytest.mark.parametrize("name", ["embedding", "softmax.bias", "encoder.layers.0.bias_hh_l0"])
def test_a_missing_weight_of_a_speller_is_named(name):
    data = weights_to_bytes(make_network(**SPELLER))
    header, _ = open_file(data)
    tensors = load(data)
    del tensors[f"speller.{name}"]
    with pytest.raises(
        ValueError, match="R011" if name == "embedding" else f"R012.*speller.{name}"
    ):
        weights_from_bytes(save(tensors, header["__metadata__"]), {})


def test_ngrams_of_a_speller_that_is_not_there_are_refused():
    data = close_file(*forge(make_network(), speller_ngram_rows=20))
    with pytest.raises(ValueError, match="R011"):
        weights_from_bytes(data, {})


def test_another_width_than_that_of_the_config_is_refused():
    data = weights_to_bytes(make_network(**SPELLER))
    with pytest.raises(ValueError, match=r"R010.*speller_width: 4 saved, 0 here"):
        weights_from_bytes(data, {"speller_width": 0})


def test_a_speller_that_claims_to_know_the_context_without_its_weights_is_refused():
    data = close_file(*forge(make_network(**SPELLER), spelling="context"))
    with pytest.raises(ValueError, match=r"R012.*speller\.starts\.encoder"):
        weights_from_bytes(data, {})


def test_a_speller_in_context_comes_back_exactly():
    network = make_network(**SPELLER, spelling="context", direction="both")
    loaded = weights_from_bytes(weights_to_bytes(network), {"spelling": "context"})
    saved, found = network.parameters_by_name(), loaded.parameters_by_name()
    assert sum(name.startswith("speller.starts.") for name in saved) == 6
    assert saved.keys() == found.keys()
    assert all(torch.equal(saved[name], found[name]) for name in saved)


# -- sources

# b and c have three words each, a has two
WORDS = [["abc", 9], ["cb", 8], ["bcx", 7], ["a", 6], ["y", 5]]


def make_model(entries=WORDS, *, speller_width=4, drawn=True, **options):
    """With random weights, unless there is a source or they should stay as they start."""
    options = {"width": 6, "precision": "float32", "cutoffs": None, **options}
    model = build_rnn_lm(speller_width=speller_width, **options)
    model.attrs["vocabulary"] = Vocabulary(entries)
    model.initialize()
    if drawn and "source" not in options:
        with torch.no_grad():
            for parameter in get_shim(model).network.parameters():
                parameter.normal_(0, 0.5)
    return model


@pytest.fixture
def source(tmp_path):
    """A file, and the model that is in it."""
    model = make_model()
    (tmp_path / "model.bin").write_bytes(model.to_bytes())
    return str(tmp_path / "model.bin"), model


def log_probs_of(model, words):
    """log p of every symbol of each word, and of its end."""
    speller = get_shim(model).network.speller
    weights = naive.weights_of(speller)
    result = []
    for word in words:
        symbols, _ = alphabet_of(model.attrs["vocabulary"]).spell([word])
        hidden, _ = naive.read(speller.settings, weights, [0, *symbols])
        table = naive.log_distribution(speller.settings, weights, hidden)
        result.append(table[torch.arange(len(hidden)), torch.tensor([*symbols, 0])].detach())
    return torch.cat(result).numpy()


def test_symbols_of_a_source_are_mapped_by_their_text(source):
    path, old = source
    new = make_model([["bxcx", 3], ["ax", 2], ["cz", 4], ["zb", 1]], source=path)
    known, wanted = (alphabet_of(m.attrs["vocabulary"]) for m in (old, new))
    assert (known.characters, wanted.characters) == (["b", "c", "a"], ["b", "c", "x", "z"])
    given, got = values_of(old), values_of(new)
    # x and z are spelled by their one byte there
    rows = [0, 1, 2, 4 + ord("x"), 4 + ord("z"), *range(4, 260)]
    assert torch.equal(got["speller.embedding"], given["speller.embedding"][rows])
    # each shares the byte's probability with it
    sharers = torch.tensor([rows.count(row) for row in rows])
    assert sharers.max() == 2 and (sharers == 2).sum() == 4
    expected = given["speller.softmax.bias"][rows] - sharers.log()
    torch.testing.assert_close(got["speller.softmax.bias"], expected)
    recurrent = [name for name in given if name.startswith("speller.encoder")]
    assert len(recurrent) == 4
    assert all(torch.equal(got[name], given[name]) for name in recurrent)


def test_words_of_characters_that_both_have_are_spelled_alike(source):
    path, old = source
    new = make_model([["abc", 3], ["zbca", 2], ["zz", 4], ["z", 1]], source=path)
    words = ["abc", "ccc", "é", "ab", "b"]
    assert alphabet_of(new.attrs["vocabulary"]).characters == ["z", "a", "b", "c"]
    np.testing.assert_allclose(log_probs_of(new, words), log_probs_of(old, words), atol=1e-5)


def test_the_same_alphabet_in_another_order_spells_the_very_same(source):
    path, old = source
    new = make_model([["abc", 3], ["ac", 2], ["ab", 4], ["a", 1]], source=path)
    assert alphabet_of(new.attrs["vocabulary"]).characters == ["a", "b", "c"]
    words = ["abc", "cabéx", "z", "猫"]
    np.testing.assert_allclose(log_probs_of(new, words), log_probs_of(old, words), atol=1e-6)


def test_ngrams_of_a_source_are_those_of_another_alphabet(tmp_path):
    old = make_model(speller_ngram_rows=20)
    path = tmp_path / "model.bin"
    path.write_bytes(old.to_bytes())
    new = make_model([["zbca", 3], ["abc", 2], ["zz", 4]], source=str(path), speller_ngram_rows=20)
    words = ["abc", "cab", "猫b"]
    spelled = [spell_forms(model, words) for model in (old, new)]
    assert spelled[0].ids.tolist() != spelled[1].ids.tolist()
    assert spelled[0].ngrams.tolist() == spelled[1].ngrams.tolist()
    found = [
        spelling_log_probs(get_shim(model).network.speller, spellings)
        for model, spellings in zip((old, new), spelled, strict=True)
    ]
    np.testing.assert_allclose(found[1][:2], found[0][:2], atol=1e-5)


def test_a_source_with_another_table_of_symbol_ngrams_is_refused(tmp_path):
    path = tmp_path / "model.bin"
    path.write_bytes(make_model(speller_ngram_rows=20).to_bytes())
    with pytest.raises(ValueError, match=r"R020.*speller_ngram_rows: 20 there, 0 here"):
        make_model(source=str(path))
    # a model without a speller takes no speller
    make_model(source=str(path), speller_width=0)


def test_a_new_table_of_symbol_ngrams_changes_nothing_of_a_source_without_one(source):
    path, old = source
    new = make_model(source=path, speller_ngram_rows=20)
    words = ["abc", "cab", "猫b"]
    found = [
        spelling_log_probs(get_shim(model).network.speller, spell_forms(model, words))
        for model in (old, new)
    ]
    assert get_shim(new).network.speller.subwords is not None
    np.testing.assert_allclose(found[1], found[0], atol=1e-6)


def test_equal_words_give_equal_weights_clusters_included(tmp_path):
    words = [[a + b + c, 2] for a in "abcdefgh" for b in "abcdefgh" for c in "abcdefgh"]
    old = make_model(words, cutoffs=[5, 9])
    assert get_shim(old).network.settings.symbol_cutoffs
    (tmp_path / "model.bin").write_bytes(old.to_bytes())
    new = make_model(words, cutoffs=[5, 9], source=str(tmp_path / "model.bin"))
    assert same_values(values_of(new), values_of(old))


def test_spellers_of_other_widths_are_refused(source):
    path, _ = source
    with pytest.raises(ValueError, match=r"R020.*speller_width: 4 there, 5 here"):
        make_model(speller_width=5, source=path)


def test_a_source_with_a_speller_serves_a_model_without_one(source):
    path, old = source
    new = make_model(speller_width=0, source=path)
    given = {n: value for n, value in values_of(old).items() if not n.startswith("speller")}
    assert same_values(values_of(new), given)


def test_a_direction_takes_its_own_start_from_a_source(tmp_path):
    old = make_model(spelling="context", direction="both")
    (tmp_path / "model.bin").write_bytes(old.to_bytes())
    path = str(tmp_path / "model.bin")
    new = make_model(spelling="context", direction="backward", source=path)
    given, got = values_of(old), values_of(new)
    starts = {name for name in got if ".starts." in name}
    assert len(starts) == 3
    assert all("backward" in name and torch.equal(got[name], given[name]) for name in starts)


def test_a_plain_source_serves_a_speller_that_knows_the_context(source):
    path, old = source
    given, got = values_of(old), values_of(make_model(spelling="context", source=path))
    assert all(torch.equal(got[name], value) for name, value in given.items())
    new = {name: value for name, value in got.items() if name not in given}
    # it starts as the source's speller does, from zeros
    assert len(new) == 3 and not any(value.any() for value in new.values())


def test_a_source_without_a_speller_serves_a_model_with_one(tmp_path):
    old = make_model(speller_width=0)
    (tmp_path / "model.bin").write_bytes(old.to_bytes())
    torch.manual_seed(3)
    new = make_model(source=str(tmp_path / "model.bin"))
    torch.manual_seed(3)
    fresh = values_of(make_model(drawn=False))
    got, given = values_of(new), values_of(old)
    for name, value in got.items():
        # the speller starts as any new one does
        assert torch.equal(value, (fresh if name.startswith("speller.") else given)[name]), name


def test_a_source_whose_speller_has_another_alphabet_is_damaged(tmp_path):
    old = make_model()
    # as many words, more of whose characters are shared
    old.attrs["vocabulary"] = Vocabulary([[word + "xy", count] for word, count in WORDS])
    (tmp_path / "model.bin").write_bytes(old.to_bytes())
    with pytest.raises(ValueError, match="R021"):
        SourceModel(tmp_path / "model.bin")
