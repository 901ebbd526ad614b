"""NER and textcat: an encoder against spaCy's CNN and that CNN after `spacy pretrain`."""

import importlib
import json
import sys
from itertools import product
from statistics import mean, stdev

import pytest
import spacy
import typer
from spacy.tokens import Doc, DocBin
from thinc.api import Config
from typer.testing import CliRunner

from spacy_rnn.vocabulary.symbols import UNKNOWN

from .helpers import ROOT, make_trained

sys.path.insert(0, str(ROOT / "benchmarks"))
components, fine_tuning, treebank_genres, treebank_names = map(
    importlib.import_module, ("components", "fine_tuning", "treebank_genres", "treebank_names")
)
sys.path.remove(str(ROOT / "benchmarks"))

# a few dozen sentences of each language: who, where
SENTENCES = {
    "en": (
        [("Anna", "Keller"), ("Tom",), ("Mira", "Sol")],
        [("Lyon",), ("New", "Haven"), ("Oslo",)],
        [
            "{} lives in {} .",
            "Yesterday {} left {} early .",
            "{} paints a map of {} .",
            "It rains .",
        ],
    ),
    "zh": (
        [("小", "明"), ("王", "芳"), ("李", "大", "海")],
        [("北", "京"), ("上", "海"), ("大", "连")],
        ["{} 住 在 {} 。", "{} 昨 天 离 开 了 {} 。", "{} 画 了 {} 的 地 图 。", "下 雨 了 。"],
    ),
}


def tagged(lang):
    """Sentences with the BIO tag of every word."""
    names, places, patterns = SENTENCES[lang]
    for pattern, name, place in product(patterns, names, places):
        fill = iter((("PER", name), ("LOC", place)))
        words, tags = [], []
        for part in pattern.split():
            label, found = next(fill) if part == "{}" else ("", (part,))
            words += found
            start = [f"B-{label}"] + [f"I-{label}"] * (len(found) - 1)
            tags += start if label else ["O"]
        yield words, tags


def write_conll(path, lang, part):
    sentences = [list(zip(*s, strict=True)) for s in list(tagged(lang))[part::2]]
    text = "\n\n".join("\n".join(f"{word} {tag}" for word, tag in s) for s in sentences)
    path.write_text(text + "\n", encoding="utf8")
    return path


def write_cats(path, lang, part):
    nlp = spacy.blank(lang)
    docs = [Doc(nlp.vocab, words=words) for words, _ in list(tagged(lang))[part::2]]
    for doc in docs:
        rain = len(doc) < 6
        doc.cats = {"RAIN": float(rain), "PEOPLE": float(not rain)}
    DocBin(docs=docs).to_disk(path)
    return path


@pytest.fixture(scope="module")
def encoders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("encoders")
    for lang in SENTENCES:
        texts = [" ".join(words) for words, _ in tagged(lang)]
        model = {"direction": "both", "subword_rows": 30}
        make_trained(texts, lang=lang, model=model).to_disk(folder / lang)
        raw = [*texts, f"It {UNKNOWN} ."]
        (folder / f"{lang}.txt").write_text("\n".join(raw) + "\n", encoding="utf8")
    return folder


def run(*args):
    app = typer.Typer()
    app.command()(components.main)
    return CliRunner().invoke(app, [str(arg) for arg in args])


@pytest.mark.slow
@pytest.mark.parametrize(("task", "lang"), [("ner", "zh"), ("textcat", "en")])
def test_three_encoders_are_compared_on_labelled_files(task, lang, encoders, tmp_path):
    suffix, write = (".conll", write_conll) if task == "ner" else (".spacy", write_cats)
    files = [write(tmp_path / f"{part}{suffix}", lang, part) for part in (0, 1)]
    output = tmp_path / "metrics" / "table.json"
    small = ["--seeds", "0,1", "--cnn-steps", 3, "--rnn-steps", 4, "--epochs", 1]
    options = [*small, "--raw", encoders / f"{lang}.txt", "--output", output, "--mixing"]
    done = run(task, *files, encoders / lang, *options)
    assert done.exit_code == 0, done.output + str(done.exception)
    table = json.loads(output.read_text("utf8"))
    markdown = output.with_suffix(".md").read_text("utf8")
    gains = json.loads(done.stdout.splitlines()[-1])
    for system in ("cnn", "pretrained", "rnn", "mixed"):
        figures = table[system]
        assert all(0 <= score <= 100 for score in figures["seeds"])
        assert figures["f1"] == pytest.approx(mean(figures["seeds"]), abs=0.01)
        assert figures["spread"] == pytest.approx(stdev(figures["seeds"]), abs=0.02)
        assert figures["seconds"] > 0
        assert f"| {figures['f1']:.2f} ± {figures['spread']:.2f} |" in markdown
        if system != "rnn":
            gain = table["rnn"]["f1"] - figures["f1"]
            assert gains[f"over_{system}"] == pytest.approx(gain, abs=0.01)
    assert table["pretraining_seconds"] > 0 and len(table["cnn"]["seeds"]) == 2


@pytest.mark.slow
def test_an_encoder_learns_to_find_what_is_labelled(encoders, tmp_path):
    files = [write_conll(tmp_path / f"{part}.conll", "en", part) for part in (0, 1)]
    config = components.rnn_config(components.Task.ner, str(encoders / "en"), 100)
    train, test = (components.read_labelled(path, tmp_path / path.stem, "en") for path in files)
    fine_tuning.write_docs(
        tmp_path / "one.spacy", components.first_labelled(train, components.Task.ner)
    )
    settings = fine_tuning.paths_and_steps(train, tmp_path / "one.spacy", 100)
    components.put(config, settings)
    score, seconds = fine_tuning.train_and_score(config, test, "ents_f")
    assert score > 50 and seconds > 0


def test_conll_files_become_docs_with_their_words_and_entities(tmp_path):
    path = write_conll(tmp_path / "train.conll", "zh", 0)
    made = components.read_labelled(path, tmp_path / "out", "zh")
    docs = list(DocBin().from_disk(made).get_docs(spacy.blank("zh").vocab))
    expected = list(tagged("zh"))[::2]
    assert [[token.text for token in doc] for doc in docs] == [words for words, _ in expected]
    assert docs[0].text == "".join(expected[0][0])  # Chinese has no spaces
    found = {(ent.label_, ent.text) for doc in docs for ent in doc.ents}
    assert found >= {("PER", "李大海"), ("LOC", "北京"), ("LOC", "大连")}
    marks = [f"{t.ent_iob_}-{t.ent_type_}".rstrip("-") for doc in docs for t in doc]
    assert marks == [tag for _, tags in expected for tag in tags]
    assert components.read_labelled(made, tmp_path / "again", "zh") == made
    with pytest.raises(typer.BadParameter, match=r"\.conll"):
        components.read_labelled(tmp_path / "train.xls", tmp_path / "third", "zh")


@pytest.mark.parametrize("task", ["ner", "textcat"])
def test_the_systems_differ_in_their_encoder_and_training_only(task, chinese, tmp_path):
    chinese.to_disk(tmp_path / "zh")
    task = components.Task(task)
    cnn = components.cnn_config(task, str(tmp_path / "zh"), 7)
    rnn = components.rnn_config(task, str(tmp_path / "zh"), 7)
    assert cnn["nlp"]["pipeline"] == ["tok2vec", task] and rnn["nlp"]["pipeline"][1] == task
    assert cnn["nlp"]["tokenizer"] == rnn["nlp"]["tokenizer"]
    assert cnn["components"]["tok2vec"]["model"]["@architectures"] == "spacy.HashEmbedCNN.v2"
    blocks = [Config(c["components"][task.value]).copy() for c in (cnn, rnn)]
    same = {"@architectures": "any", "width": 1, "upstream": "any"}
    for block in blocks:
        components._put_listener(block, same)
    assert blocks[0] == blocks[1]
    assert [config["training"]["max_steps"] for config in (cnn, rnn)] == [7, 7]
    score = "ents_f" if task == "ner" else "cats_score"
    assert cnn["training"]["score_weights"][score] == rnn["training"]["score_weights"][score] == 1
    gold = [c["corpora"][part]["gold_preproc"] for c in (cnn, rnn) for part in ("train", "dev")]
    assert gold == [task == "ner"] * 4


def test_a_mixing_component_differs_in_its_listener_only(chinese, tmp_path):
    chinese.to_disk(tmp_path / "zh")
    task = components.Task.ner
    plain, mixed = (
        make(task, str(tmp_path / "zh"), 7)
        for make in (components.rnn_config, components.mixed_config)
    )
    listener = mixed["components"]["ner"]["model"]["tok2vec"]
    assert listener["mixing"] is True
    assert listener["width"] == plain["components"]["ner"]["model"]["tok2vec"]["width"]
    plain["components"]["ner"]["model"]["tok2vec"] = listener
    assert mixed.to_str() == plain.to_str()


def test_raw_text_without_the_cnn_is_an_error(tmp_path):
    files = [tmp_path / "a.conll"] * 3
    done = run("ner", *files, "--raw", tmp_path / "raw.txt", "--no-cnn")
    assert done.exit_code == 2 and "--no-cnn" in done.output


def test_runs_of_proper_nouns_are_names():
    words = ["The", "New", "York", "Times", "bought", "Apple", "Foods", "Oslo"]
    tags = ["DT", "NNP", "NNP", "NNPS", "VBD", "NNP", "NNPS", "NNP"]
    doc = treebank_names.with_names(Doc(spacy.blank("en").vocab, words=words, tags=tags))
    expected = [("New York Times", "NAME"), ("Apple Foods Oslo", "NAME")]
    assert [(ent.text, ent.label_) for ent in doc.ents] == expected
    assert [token.ent_iob_ for token in doc] == list("OBIIOBII")


def test_the_beginning_of_a_documents_id_is_its_genre():
    conllu = (
        "# newdoc id = email-enron_1\n# sent_id = email-enron_1-1\n# text = Hi Al.\n1\tHi\n\n"
        "# text = Call me.\n1\tCall\n\n# newdoc id = reviews-2\n# text = Good food.\n1\tGood\n"
    )
    first, second = treebank_genres.with_genres(list(treebank_genres.read_documents(conllu)))
    assert (first.text, second.text) == ("Hi Al. Call me.", "Good food.")
    assert first.cats == {"email": 1.0, "reviews": 0.0}
    assert second.cats == {"email": 0.0, "reviews": 1.0}


def test_a_summary_keeps_the_score_of_every_seed():
    assert fine_tuning.summary([(10.0, 1.0), (20.006, 2.0)], "f1") == {
        "f1": 15.0,
        "spread": 7.08,
        "seeds": [10.0, 20.01],
        "seconds": 1.5,
    }


def test_a_file_without_labels_is_an_error(tmp_path):
    DocBin(docs=[spacy.blank("en")("no label")]).to_disk(tmp_path / "a.spacy")
    with pytest.raises(typer.BadParameter, match="no labels for ner"):
        components.first_labelled(tmp_path / "a.spacy", components.Task.ner)
