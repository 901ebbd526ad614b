"""`python -m spacy rnn vocab`: the vocabulary file of a corpus, without holding the corpus."""

import json
from collections import Counter

import pytest
import spacy
import srsly
from spacy.tokens import Doc, DocBin
from spacy.training import Example

from spacy_rnn.vocabulary import Vocabulary
from spacy_rnn.vocabulary.word_counts import WordCounts, count_corpus

from ..helpers import CONFIG, ROOT, chinese_texts, run_spacy, write_corpus
from .conftest import fail
from .conftest import run as run_command

WORDS = ["the", "boat", "the", "harbour", "a", "boat", "the", "zeppelin"]


def run(*args):
    done = run_spacy("rnn", "vocab", *args)
    assert done.exit_code == 0, (done.output, done.exception)
    return done


def test_tokenized_text_is_counted_as_it_is(tmp_path):
    path, out = tmp_path / "text.txt", tmp_path / "new" / "words.json"
    path.write_text("\n".join([" ".join(WORDS)] * 3), encoding="utf8")
    run(path, out, "--tokenized", "--document", "file", "--line-end", "<eos>")
    expected = Counter(WORDS * 3)
    expected.update({"<eos>": 3, "<unk>": 0, "</s>": 1})
    assert dict(srsly.read_json(out)) == expected


def test_the_file_is_what_initialization_would_have_found(tmp_path):
    """The tokenizer, the reader's options and the component's are those of the config."""
    corpus = write_corpus(tmp_path / "corpus")
    out = tmp_path / "words.json"
    run(corpus / "train.txt", out, "--config", CONFIG)
    nlp = spacy.blank(
        "zh", config={"nlp": {"tokenizer": {"@tokenizers": "spacy-rnn.JiebaTokenizer.v1"}}}
    )
    docs = [nlp.make_doc(text) for text in chinese_texts("train")]
    assert srsly.read_json(out) == Vocabulary.from_docs(docs, min_count=2).labels


def test_options_win_over_the_config(tmp_path):
    corpus = write_corpus(tmp_path / "corpus")
    out = tmp_path / "words.json"
    run(corpus / "train.txt", out, "--config", CONFIG, "--max-size", 3, "--min-count", 1)
    assert len(srsly.read_json(out)) == 3 + 2
    run(corpus / "train.txt", out, "--config", CONFIG, "--components.rnn_lm.max_size", 2)
    assert len(srsly.read_json(out)) == 2 + 2
    run(corpus / "train.txt", out, "--config", CONFIG, "--corpora.train.limit", 1, "--min-count", 1)
    assert dict(srsly.read_json(out))["</s>"] == 1


def test_the_network_is_initialized_from_the_file(tmp_path):
    path, out = tmp_path / "text.jsonl", tmp_path / "words.json"
    path.write_text(json.dumps({"body": " ".join(WORDS)}), encoding="utf8")
    run(path, out, "--lang", "en", "--text-key", "body", "--attr", "LOWER")
    nlp = spacy.blank("xx")
    model = {"@architectures": "spacy-rnn.RNNLM.v1", "width": 4, "vocabulary": str(out)}
    lm = nlp.add_pipe("rnn_lm", config={"model": {**model, "attr": "LOWER"}, "top_k": 1})
    nlp.initialize(lambda: [Example(nlp.make_doc("x"), nlp.make_doc("x"))])
    assert set(lm.vocabulary.words) == {"<unk>", "</s>", *WORDS}


def test_a_corpus_without_a_frequent_word_is_an_error(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("one two", encoding="utf8")
    assert "R003" in fail("vocab", path, tmp_path / "out.json", "--min-count", 2)
    assert not (tmp_path / "out.json").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--max-size", -2], "R009"),
        (["--min-count", 0], "R009"),
        (["--max-types", 1], "R009"),
        (["--code", "nothing.py"], "nothing.py"),
    ],
)
def test_bad_options_are_one_line_each(tmp_path, options, message):
    path = tmp_path / "text.txt"
    path.write_text("one two two", encoding="utf8")
    done = run_command("vocab", path, tmp_path / "out.json", *options)
    assert done.exit_code == 1 and message in done.output
    assert not (tmp_path / "out.json").exists()


def test_a_bad_corpus_or_output_is_one_line(tmp_path):
    assert "R202" in fail("vocab", tmp_path / "none.txt", tmp_path / "out.json")
    path = tmp_path / "text.txt"
    path.write_text("one two two", encoding="utf8")
    assert str(tmp_path) in fail("vocab", path, tmp_path)


def test_counting_leaves_nothing_in_the_vocab():
    nlp = spacy.blank("xx")

    def examples():
        for number in range(2000):
            doc = Doc(nlp.vocab, words=["same", f"word{number}"])
            yield Example(doc, doc)

    before = len(nlp.vocab.strings)
    counts = count_corpus(nlp, examples(), "ORTH")
    assert len(nlp.vocab.strings) == before
    assert counts.words["same"] == 2000 == counts.documents
    assert len(counts.words) == 2001
    assert counts.tokens == 4000


@pytest.mark.parametrize("limit", [50, 400, 3000])
def test_counts_are_bounded_and_too_low_by_no_more_than_lost(limit):
    """A text in which word n stands every n-th time, counted with room for too few words."""
    exact, counts = Counter(), WordCounts(limit)
    for start in range(1, 20_001, 100):
        words = Counter()
        for number in range(start, start + 100):
            words.update({f"often{number % 13}": 1, f"seldom{number}": 1})
        exact.update(words)
        counts.add(words, 1)
        assert len(counts.words) <= limit + 113
    assert counts.tokens == exact.total()
    assert counts.lost > 0
    for word, count in exact.items():
        assert count - counts.lost <= counts.words[word] <= count
    vocabulary = counts.vocabulary(attr="ORTH", min_count=1, max_size=10)
    assert int(vocabulary.counts.sum()) == exact.total() + 200
    assert WordCounts(100_000).lost == 0


def test_shipped_configs_work_with_it(tmp_path):
    out = tmp_path / "words.json"
    run(ROOT / "assets" / "zh-modern" / "dev.txt", out, "--config", CONFIG)
    assert len(srsly.read_json(out)) > 200


def test_docbins_of_many_documents_are_counted(tmp_path):
    nlp = spacy.blank("xx")
    docs = [Doc(nlp.vocab, words=["every", f"one{number}"]) for number in range(1200)]
    DocBin(docs=docs).to_disk(tmp_path / "docs.spacy")
    run(tmp_path / "docs.spacy", tmp_path / "words.json")
    counts = dict(srsly.read_json(tmp_path / "words.json"))
    assert counts["every"] == 1200 and len(counts) == 1201 + 2


@pytest.mark.slow
@pytest.mark.parametrize("tokenized", ["--raw", "--tokenized"])
def test_long_documents_are_counted_across_batches(tmp_path, tokenized):
    """Short lines up to the end of the first batch, then a document of three windows."""
    long = " ".join(f"word{number}" for number in range(25_200))
    lines = [f"short{number}" for number in range(511)] + [long, "the last line"]
    (tmp_path / "text.txt").write_text("\n".join(lines), encoding="utf8")
    run(tmp_path / "text.txt", tmp_path / "words.json", tokenized)
    counts = dict(srsly.read_json(tmp_path / "words.json"))
    assert set(counts) == {"<unk>", "</s>", *" ".join(lines).split()}
    assert counts["</s>"] == len(lines)


def test_misspelled_options_are_refused(tmp_path):
    (tmp_path / "text.txt").write_text("one two", encoding="utf8")
    done = run_spacy("rnn", "vocab", tmp_path / "text.txt", tmp_path / "o.json", "--min-cout", 2)
    assert done.exit_code == 1
    assert "R224" in done.output and "--min-cout 2" in done.output
    assert not (tmp_path / "o.json").exists()


def test_white_space_and_typography_are_counted_as_the_model_reads_them(tmp_path):
    path, out = tmp_path / "text.txt", tmp_path / "words.json"
    path.write_text("it\u2019s a  boat\nit's a \u3000 boat\n", "utf8")
    run(path, out, "--lang", "en", "--white-space", "skip", "--normalize", "typography")
    counts = dict(srsly.read_json(out))
    assert counts == {"<unk>": 0, "</s>": 2, "a": 2, "boat": 2, "it": 2, "'s": 2}
    run(path, out, "--lang", "en")
    assert {" ", "\u3000 ", "\u2019s", "'s"} <= dict(srsly.read_json(out)).keys()
    assert "R008" in fail("vocab", path, out, "--normalize", "odd")
