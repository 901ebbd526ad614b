"""`python -m spacy rnn import`: published networks as pipelines."""

import csv
import json
import math

import numpy as np
import pytest
import spacy
import torch
from spacy.tokens import Doc
from torch import nn

from spacy_rnn.layers.example_network import ExampleNetwork
from spacy_rnn.layers.torch_files import read_torch_file
from spacy_rnn.scoring.pairs.pair_scorer import PAIR_MEASURES

from ..layers import published
from ..layers.published import WORDS, RNNModel, save, save_words
from .conftest import fail, succeed

TEXT = "the cat sat on A zebra ."


def rows_of(text):
    """A sentence between two `<eos>`, as these networks were trained."""
    words = [word if word in WORDS else "<unk>" for word in text.split()]
    return [WORDS.index(word) for word in ("<eos>", *words, "<eos>")]


def numbers_by_hand(model, rows):
    """Surprisal of all but the first row, and the entropy before each, in bits."""
    log_p = model.log_distributions(rows[:-1])
    surprisal = -log_p[np.arange(len(rows) - 1), rows[1:]] / math.log(2)
    return surprisal, -(np.exp(log_p) * log_p).sum(axis=1) / math.log(2)


@pytest.fixture
def import_model(tmp_path):
    def make(stored, *options, old=False, words=WORDS, lang="xx", tokenizer="spaces"):
        save(stored, tmp_path / "model.pt", old=old)
        paths = tmp_path / "model.pt", save_words(tmp_path / "words.txt", words)
        output = tmp_path / "imported"
        args = ("--lang", lang, "--tokenizer", tokenizer, "--overwrite", *options)
        succeed("import", *paths, output, *args)
        return output

    return make


@pytest.fixture
def refuse(tmp_path):
    def make(stored, *options, words=WORDS):
        save(stored, tmp_path / "model.pt", old=False)
        paths = tmp_path / "model.pt", save_words(tmp_path / "words.txt", words)
        return fail("import", *paths, tmp_path / "imported", "--lang", "xx", *options)

    return make


KINDS = {
    "lstm": ("LSTM", {}),
    "lstm-tied-deep": ("LSTM", {"tied": True, "depth": 2}),
    "gru": ("GRU", {"embedding_width": 4}),
    "gru-tied": ("GRU", {"tied": True}),
    "tanh": ("RNN_TANH", {"depth": 2}),
    "tanh-tied": ("RNN_TANH", {"tied": True}),
}


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_numbers_are_those_of_the_plain_network(kind, old, import_model):
    torch.manual_seed(3)
    name, options = KINDS[kind]
    model = RNNModel(name, len(WORDS), **options)
    surprisal, entropy = numbers_by_hand(model, rows_of(TEXT))
    # the other form of the file with the other thing in it
    for stored, form in ((model, old), (model.state_dict(), not old)):
        extra = ("--cell", "rnn") if "tanh" in kind and stored is not model else ()
        nlp = spacy.load(import_model(stored, *extra, old=form))
        lm = nlp.get_pipe("rnn_lm")
        lm.annotations = ("log_probs", "entropy")
        doc = nlp(TEXT)
        found = [token._.rnn_surprisal for token in doc]
        found.append(-doc._.rnn_lm.end_log_prob / math.log(2))
        assert np.allclose(found, surprisal, atol=1e-4)
        assert np.allclose([token._.rnn_entropy for token in doc], entropy[:-1], atol=1e-4)


def test_text_that_goes_on_is_read_from_the_state_before(import_model, tmp_path):
    model = RNNModel("LSTM", len(WORDS), tied=True)
    path = import_model(model)
    items, output = tmp_path / "items.csv", tmp_path / "out.csv"
    items.write_text("story,text\n1,the cat sat .\n1,A cat sat on\n", encoding="utf8")
    options = ("--text", "text", "--group", "story", "--context", "carry")
    succeed("items", path, items, output, *options, "--columns", "surprisal")
    first, second = rows_of("the cat sat ."), rows_of("A cat sat on")
    surprisal, _ = numbers_by_hand(model, [*first, *second[1:]])
    with output.open(encoding="utf8") as file:
        found = [float(row["surprisal"]) for row in csv.DictReader(file)]
    assert np.allclose(found, [surprisal[:4].sum(), surprisal[5:9].sum()], atol=1e-3)


def test_words_in_lower_case_are_found_for_any_case(import_model):
    words = [word.lower() if word != "A" else "a" for word in WORDS]
    nlp = spacy.load(import_model(RNNModel("GRU", len(WORDS)), "--lower", words=words))
    lower, upper = nlp("the cat"), nlp("THE Cat")
    assert np.allclose(lower._.rnn_lm.log_probs, upper._.rnn_lm.log_probs)


def test_rows_that_lower_case_never_reaches_are_counted(tmp_path):
    words = ["The", "the", "<EOS>", "<UNK>", "Cat", "cat", ".", "on"]
    save(RNNModel("GRU", len(words)), tmp_path / "model.pt", old=False)
    options = ("--lang", "xx", "--boundary", "<EOS>", "--unknown", "<UNK>", "--overwrite")
    paths = tmp_path / "model.pt", save_words(tmp_path / "words.txt", words), tmp_path / "imported"
    assert "W395" not in succeed("import", *paths, *options).stderr
    told = succeed("import", *paths, *options, "--lower").stderr
    nlp = spacy.load(paths[-1])
    vocabulary = nlp.get_pipe("rnn_lm").vocabulary
    forms = vocabulary.forms_of([Doc(nlp.vocab, words)])
    reached = {vocabulary.words[row] for row in vocabulary.rows_of_keys(forms.keys)}
    unreached = {*vocabulary.words} - reached - {"<unk>", "</s>"}
    assert "W395" in told and f"has {len(unreached)} words with capital letters" in told


def test_the_language_can_cut_the_text(import_model):
    nlp = spacy.load(import_model(RNNModel("GRU", len(WORDS)), lang="en", tokenizer="language"))
    assert [token.text for token in nlp("the cat sat.")] == ["the", "cat", "sat", "."]
    nlp = spacy.load(import_model(RNNModel("GRU", len(WORDS))))
    assert [token.text for token in nlp("the cat sat.")] == ["the", "cat", "sat."]


def test_without_counts_there_is_no_unigram_surprisal_and_no_slor(import_model, tmp_path):
    path = import_model(RNNModel("GRU", len(WORDS)))
    items, output = tmp_path / "items.csv", tmp_path / "out.csv"
    items.write_text("text\nthe cat\n", encoding="utf8")
    succeed("items", path, items, output, "--text", "text", "--columns", "unigram_surprisal")
    with output.open(encoding="utf8") as file:
        assert [row["unigram_surprisal"] for row in csv.DictReader(file)] == [""]
    pairs, report = tmp_path / "pairs.jsonl", tmp_path / "report.json"
    pair = {"sentence_good": "the cat sat .", "sentence_bad": "the cat cat ."}
    pairs.write_text(json.dumps(pair) + "\n", encoding="utf8")
    succeed("pairs", path, pairs, "-o", report)
    found = json.loads(report.read_text("utf8"))["models"][0]["all"]
    assert {name: found[name]["pairs"] for name in PAIR_MEASURES} == {
        **dict.fromkeys(PAIR_MEASURES, 1),
        "slor": 0,
    }
    records = tmp_path / "records.jsonl"
    failed = fail("pairs", path, pairs, "--measure", "slor", "--records", records)
    assert "R918" in failed and "SLOR" in failed and not records.exists()


def test_a_model_without_counts_ends_a_comparison_by_slor_before_the_first_one_is_scored(
    import_model, model, tmp_path
):
    pairs, records = tmp_path / "pairs.jsonl", tmp_path / "records.jsonl"
    pair = {"sentence_good": "the cat sat .", "sentence_bad": "the cat cat ."}
    pairs.write_text(json.dumps(pair) + "\n", encoding="utf8")
    models = model, import_model(RNNModel("GRU", len(WORDS)))
    failed = fail("pairs", *models, pairs, "--measure", "slor", "--records", records)
    assert "R918" in failed and str(models[1]) in failed and not records.exists()


def test_a_word_for_line_ends_is_refused(import_model, tmp_path):
    path = import_model(RNNModel("GRU", len(WORDS)))
    text = tmp_path / "text.txt"
    text.write_text("the cat sat .\n", encoding="utf8")
    failed = fail("evaluate", path, text, "--tokenized", "--line-end", "<eos>")
    assert "R919" in failed and "'<eos>' became the boundary </s>" in failed
    config = spacy.load(path).config.copy()
    config["components"]["rnn_lm"] = {
        "factory": "rnn_lm",
        "model": {**config["components"]["rnn_lm"]["model"], "source": str(path)},
    }
    reader = {"@readers": "spacy-rnn.TextCorpus.v1", "path": str(text), "tokenized": True}
    for name in ("train", "dev"):
        config["corpora"][name] = {**reader, "line_end": "<eos>"}
    nlp = spacy.util.load_model_from_config(config, auto_fill=True)
    with pytest.raises(ValueError, match="R919"):
        nlp.initialize(lambda: [spacy.training.Example(*[Doc(nlp.vocab, ["the", "cat"])] * 2)])


# -- what can't be imported


def without(name):
    weights = RNNModel("LSTM", len(WORDS)).state_dict()
    del weights[name]
    return weights


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Linear(2, 2)


def two_directions():
    model = RNNModel("LSTM", len(WORDS))
    model.rnn = nn.LSTM(6, 6, bidirectional=True)
    return model


def changed(name, change):
    weights = RNNModel("LSTM", len(WORDS)).state_dict()
    weights[name] = change(weights[name])
    return weights


OTHERS = {
    "no decoder": (lambda: without("decoder.bias"), "R902", "decoder.bias"),
    "no recurrence": (lambda: without("rnn.weight_hh_l0"), "R902", "rnn.weight_hh_l0"),
    "no biases": (lambda: without("rnn.bias_ih_l0"), "R907", "rnn.bias_ih_l0"),
    "no network": (lambda: [1, 2], "R902", "encoder"),
    "another module": (lambda: Transformer().state_dict(), "R902", "rnn"),
    "ReLU": (lambda: RNNModel("RNN_RELU", len(WORDS)), "R903", "RNN_RELU"),
    "two directions": (two_directions, "R903", "bidirectional"),
    "tanh or ReLU": (lambda: RNNModel("RNN_RELU", len(WORDS)).state_dict(), "R906", "--cell rnn"),
    "more weights": (
        lambda: {**RNNModel("LSTM", 9).state_dict(), "rnn.weight_hr_l0": torch.ones(2, 6)},
        "R904",
        "rnn.weight_hr_l0",
    ),
    "ReLU beside other things": (
        lambda: {"epoch": 3, "model": RNNModel("RNN_RELU", len(WORDS))},
        "R903",
        "RNN_RELU",
    ),
    "whole numbers": (lambda: changed("decoder.bias", lambda b: b.to(torch.int8)), "R911", "bias"),
    "a layer of a name": (
        lambda: {**RNNModel("LSTM", 9).state_dict(), "rnn.weight_ih_l99999999999": torch.ones(2)},
        "R907",
        "l99999999999",
    ),
    "no matrix": (
        lambda: changed("encoder.weight", lambda w: torch.tensor(1.0)),
        "R907",
        "encoder",
    ),
    "other rows": (lambda: changed("decoder.weight", lambda w: w[:-1]), "R907", "decoder.weight"),
    "not finite": (lambda: changed("decoder.bias", lambda b: b / 0), "R908", "decoder.bias"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_networks_are_refused_by_name(name, refuse):
    make, code, part = OTHERS[name]
    message = refuse(make())
    assert code in message and part in message


def test_modules_that_hold_each_other_are_read_once(tmp_path):
    model = RNNModel("GRU", len(WORDS))
    inner = nn.ModuleList()
    for _ in range(40):  # two to the power of 40 ways lead to the innermost
        inner = nn.ModuleList([inner, inner])
    model.rnn.itself, model.drop.parts = model, inner
    save({"model": model}, tmp_path / "x.pt", old=True)
    found = ExampleNetwork.from_file(read_torch_file(tmp_path / "x.pt"))
    assert found.cell == "gru" and found.words == len(WORDS)


def test_a_mode_that_is_no_text_is_refused_without_being_written_out(tmp_path):
    model = RNNModel("LSTM", len(WORDS))
    model.rnn.mode = []
    for _ in range(40):  # 2**40 brackets as text
        model.rnn.mode = [model.rnn.mode, model.rnn.mode]
    save(model, tmp_path / "x.pt", old=False)
    with pytest.raises(ValueError, match="R903"):
        ExampleNetwork.from_file(read_torch_file(tmp_path / "x.pt"))


def test_a_cell_that_is_not_that_of_the_weights_is_refused(refuse):
    message = refuse(RNNModel("LSTM", len(WORDS)).state_dict(), "--cell", "gru")
    assert "R905" in message and "lstm" in message


VOCABULARIES = {
    "one too few": (WORDS[:-1], "R912", "8"),
    "twice": ([*WORDS[:-1], "cat"], "R913", "'cat' in line 3 and 'cat' in line 9"),
    "no <unk>": (["UNK" if w == "<unk>" else w for w in WORDS], "R914", "--unknown"),
    "no <eos>": (["</end>" if w == "<eos>" else w for w in WORDS], "R914", "--boundary"),
    "a literal </s>": ([*WORDS[:-1], "</s>"], "R913", "'<eos>' in line 2 and '</s>' in line 9"),
    "an empty line": ([*WORDS[:4], "", *WORDS[5:]], "R916", "line 5"),
}


@pytest.mark.parametrize("name", VOCABULARIES)
def test_vocabularies_that_do_not_fit_are_refused(name, refuse):
    words, code, part = VOCABULARIES[name]
    message = refuse(RNNModel("LSTM", len(WORDS)), words=words)
    assert code in message and part in message


def test_other_names_of_the_special_words_can_be_given(import_model):
    words = [{"<eos>": "</s>", "<unk>": "UNK"}.get(word, word) for word in WORDS]
    model = RNNModel("LSTM", len(WORDS))
    nlp = spacy.load(import_model(model, "--boundary", "</s>", "--unknown", "UNK", words=words))
    surprisal, _ = numbers_by_hand(model, rows_of(TEXT))
    found = [token._.rnn_surprisal for token in nlp(TEXT)]
    assert np.allclose(found, surprisal[:-1], atol=1e-4)


def test_a_folder_that_is_there_is_kept(tmp_path, refuse):
    (tmp_path / "imported").mkdir()
    assert "R917" in refuse(RNNModel("LSTM", len(WORDS)))
    assert not any((tmp_path / "imported").iterdir())


def test_a_file_that_wants_to_run_something_is_refused(tmp_path, refuse):
    message = refuse({"model": published.Calls(open, str(tmp_path / "marker"), "w")})
    assert "R900" in message and not (tmp_path / "marker").exists()
