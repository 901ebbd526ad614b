"""`python -m spacy rnn score`: what stands in the records, and what is read for them."""

import gzip
import json
import math
import subprocess

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import DocBin

from ..helpers import ENGLISH, SMALL, make_examples, make_pipeline, make_random
from .conftest import PROGRAM, fail, parse, read_records, run_process, succeed

TEXTS = [*ENGLISH[:5], "a zeppelin , 5 zeppelins", *ENGLISH[7:9]]


def write_lines(path, lines):
    data = "".join(line + "\n" for line in lines).encode()
    path.write_bytes(gzip.compress(data) if path.name.endswith(".gz") else data)
    return path


def write_objects(path, records):
    return write_lines(path, [json.dumps(record) for record in records])


def expected_document(nlp, text):
    """The numbers of a document, from its arrays."""
    doc = nlp(text)
    bits = -np.asarray(doc._.rnn_lm.log_probs, dtype=float) / math.log(2)
    end = -doc._.rnn_lm.end_log_prob / math.log(2)
    unknown = sum(not nlp.get_pipe("rnn_lm").vocabulary.knows(token) for token in doc)
    total = bits.sum() + end
    return {
        "tokens": len(doc),
        "unknown": unknown,
        "characters": len(text),
        "surprisal": pytest.approx(bits.sum(), rel=1e-5),
        "end_surprisal": pytest.approx(end, rel=1e-5, abs=1e-5),
        "perplexity": pytest.approx(2 ** (total / (len(doc) + 1)), rel=1e-5),
        "bits_per_char": None if unknown else pytest.approx(total / len(text), rel=1e-5),
        "surprisal_unk": pytest.approx(bits.sum(), rel=1e-5),  # there is no speller
        "spelling": 0.0,
        "surprisal_known": pytest.approx(known_bits(nlp, doc, bits), rel=1e-5),
    }


def known_bits(nlp, doc, bits):
    """The bits of the words that the vocabulary has, None without any."""
    vocabulary = nlp.get_pipe("rnn_lm").vocabulary
    known = [number for number, t in zip(bits, doc, strict=True) if vocabulary.knows(t)]
    return sum(known) if known else None


def test_a_record_has_the_sums_of_its_document(model, nlp, tmp_path):
    path = write_lines(tmp_path / "text.txt", ["", *TEXTS[:3], " ", *TEXTS[3:]])
    out = tmp_path / "new" / "scores.jsonl"
    succeed("score", model, path, out)
    lines = [2, 3, 4, 6, 7, 8, 9, 10]
    expected = [
        {"doc": number, "line": line, **expected_document(nlp, text)}
        for number, (line, text) in enumerate(zip(lines, TEXTS, strict=True), 1)
    ]
    found = read_records(out)
    assert found == expected
    assert list(found[0]) == list(expected[0])
    assert [record["unknown"] for record in found] == [0, 0, 0, 0, 0, 4, 0, 0]


@pytest.mark.parametrize("options", [[], ["--batch-size", 2], ["--batch-size", 1]])
def test_a_token_record_has_its_surprisal(model, nlp, tmp_path, options):
    texts = ["the grey cat", 'two\nlines\r\n of "it"', "zeppelin"]
    path = write_objects(tmp_path / "text.jsonl", [{"text": text} for text in texts])
    out = tmp_path / "tokens.jsonl"
    succeed("score", model, path, out, "--tokens", *options)
    expected = []
    vocabulary = nlp.get_pipe("rnn_lm").vocabulary
    for number, text in enumerate(texts, 1):
        for token in nlp(text):
            expected.append(
                {
                    "doc": number,
                    "line": number,
                    "i": token.i,
                    "token": token.text,
                    "unknown": not vocabulary.knows(token),
                    "surprisal": pytest.approx(token._.rnn_surprisal, rel=1e-5, abs=1e-6),
                }
            )
    assert read_records(out) == expected
    assert "\n" in [record["token"] for record in expected]


def test_measures_are_columns_and_means(model, tmp_path):
    texts = [*TEXTS, "zeppelin"]  # a text of unknown words has no mean rank
    path = write_lines(tmp_path / "text.txt", texts)
    config = {"components.rnn_lm.annotations": ["log_probs", "entropy", "rank"]}
    nlp = spacy.load(model, config=config)
    for tokens in ([], ["--tokens"]):
        out = tmp_path / "out.jsonl"
        succeed("score", model, path, out, "--overwrite", "--measures", "rank, entropy", *tokens)
        found = read_records(out)
        outputs = [doc._.rnn_lm for doc in nlp.pipe(texts)]
        if tokens:
            ranks = np.concatenate([o.rank for o in outputs]).tolist()
            assert [r["rank"] for r in found] == [None if rank < 0 else rank for rank in ranks]
            assert -1 in ranks
            entropy = np.concatenate([o.entropy for o in outputs])
            assert [r["entropy"] for r in found] == pytest.approx(entropy.tolist(), rel=1e-5)
            assert list(found[0])[-2:] == ["rank", "entropy"]
        else:
            for record, output in zip(found, outputs, strict=True):
                known = output.rank[output.rank > 0]
                assert record["mean_rank"] == (pytest.approx(known.mean()) if len(known) else None)
            assert None in [record["mean_rank"] for record in found]
            means = [float(o.entropy.mean()) for o in outputs]
            assert [r["mean_entropy"] for r in found] == pytest.approx(means, rel=1e-5)
    assert "R513" in fail("score", model, path, "--measures", "rank,hidden")


@pytest.mark.parametrize("tokens", [[], ["--tokens"]])
def test_csv_holds_what_json_does(model, tmp_path, tokens):
    texts = ['say "the boat", please', "carriage\rreturn\nand\r\nboth", "the \ttab ,,"]
    ids = ['say "x", y', 7, {"$oid": "a\nb"}]
    records = [{"text": t, "id": i} for t, i in zip(texts, ids, strict=True)]
    path = write_objects(tmp_path / "text.jsonl", [*records, {"text": "no id"}])
    for name in ("out.jsonl", "out.csv", "out.jsonl.gz", "out.csv.gz"):
        succeed("score", model, path, tmp_path / name, "--measures", "rank", *tokens)
    first = read_records(tmp_path / "out.jsonl")
    rows = read_records(tmp_path / "out.csv")
    assert not tokens or None in [record["rank"] for record in first]  # of unknown words
    assert read_records(tmp_path / "out.csv.gz") == rows
    assert read_records(tmp_path / "out.jsonl.gz") == first
    for record, row in zip(first, rows, strict=True):
        record.setdefault("id", "")
        assert set(record) == set(row)
        if isinstance(record["id"], dict):
            assert json.loads(row.pop("id")) == record.pop("id")
        for key, value in record.items():
            assert row[key] == ("" if value is None else str(value))


def test_a_folder_gives_its_files_names_and_ids(model, nlp, tmp_path):
    folder = tmp_path / "texts"
    (folder / "more").mkdir(parents=True)
    write_lines(folder / "b.txt.gz", TEXTS[:2])
    write_objects(folder / "more" / "a.jsonl", [{"body": TEXTS[2], "key": [1]}, {"tokens": ["a"]}])
    docs = [nlp.make_doc(text) for text in (TEXTS[3], " ", TEXTS[4])]
    DocBin(docs=docs).to_disk(folder / "z.spacy")
    done = succeed("score", model, folder, "--text-key", "body", "--id-key", "key")
    found = parse(done.stdout_bytes, "jsonl")
    places = [(r["doc"], r["file"], r["line"], r.get("id")) for r in found]
    assert places == [
        (1, "b.txt.gz", 1, None),
        (2, "b.txt.gz", 2, None),
        (3, "more/a.jsonl", 1, [1]),
        (4, "more/a.jsonl", 2, None),
        (5, "z.spacy", None, None),
        (6, "z.spacy", None, None),
    ]
    for record, text in zip(found, [*TEXTS[:3], "a ", *TEXTS[3:5]], strict=True):
        expected = expected_document(nlp, text.strip())
        assert record["surprisal"] == expected["surprisal"]


@pytest.mark.parametrize(
    ("options", "texts", "lines"),
    [
        (["--document", "block"], ["the boat\na letter", "the harbour ."], [2, 5]),
        (["--document", "file"], ["\nthe boat\na letter\n\nthe harbour ."], [1]),
    ],
)
def test_documents_can_be_blocks_or_files(model, nlp, tmp_path, options, texts, lines):
    path = tmp_path / "text.txt"
    path.write_text("\nthe boat\na letter\n\nthe harbour .\n")
    found = parse(succeed("score", model, path, *options).stdout_bytes, "jsonl")
    assert [record["line"] for record in found] == lines
    for record, text in zip(found, texts, strict=True):
        assert record["surprisal"] == expected_document(nlp, text)["surprisal"]


def test_tokenized_text_is_split_at_its_spaces_only(model, tmp_path):
    path = write_lines(tmp_path / "text.txt", ["the  boat. isn't", "x"])
    found = parse(succeed("score", model, path, "--tokenized", "--tokens").stdout_bytes, "jsonl")
    assert [record["token"] for record in found] == ["the", "boat.", "isn't", "x"]


@pytest.mark.slow
def test_stdin_goes_to_stdout_and_nothing_else_does(model, nlp):
    text = "\n".join(TEXTS).encode()
    done = run_process("score", model, "-", "--progress", input=text)
    assert done.returncode == 0, done.stderr
    found = parse(done.stdout, "jsonl")
    for record, expected in zip(found, TEXTS, strict=True):
        assert record["surprisal"] == expected_document(nlp, expected)["surprisal"]
    assert b"8 documents" in done.stderr


def test_stdin_can_hold_json_and_stdout_get_csv(model):
    lines = "".join(json.dumps({"text": t, "id": f"n{i}"}) + "\n" for i, t in enumerate(TEXTS))
    done = succeed("score", model, "-", "--format", "jsonl", "--output-format", "csv", input=lines)
    found = parse(done.stdout_bytes, "csv")
    assert [record["id"] for record in found] == [f"n{i}" for i in range(len(TEXTS))]


@pytest.mark.slow
def test_a_reader_that_has_enough_is_no_error(model, tmp_path):
    path = write_lines(tmp_path / "text.txt", ENGLISH * 200)
    command = f'"$@" score "{model}" "{path}" | head -1'
    done = subprocess.run(["bash", "-c", command, "-", *PROGRAM], capture_output=True, timeout=300)
    assert len(done.stdout.splitlines()) == 1
    assert b"Traceback" not in done.stderr


def test_nothing_is_left_in_the_vocab(quick, tmp_path):
    before = len(quick.nlp.vocab.strings), len(list(quick.nlp.vocab))
    lines = [f"word{number} and other{number}" for number in range(1000)]
    for name, kind in (("a", []), ("b", ["--tokens"])):
        path = write_lines(tmp_path / f"{name}.txt", lines)
        succeed("score", "", path, tmp_path / f"{name}.jsonl", *kind)
    assert (len(quick.nlp.vocab.strings), len(list(quick.nlp.vocab))) == before


def test_tokens_beside_an_empty_text_are_scored(quick, tmp_path):
    records = [{"text": "", "tokens": ["the", "grey", "cat"]}, {"text": "the grey cat"}]
    empty = [{"text": "", "tokens": []}, {"text": "", "tokens": "none"}]
    path = write_objects(tmp_path / "text.jsonl", [*records, *empty])
    first, second = parse(succeed("score", "", path).stdout_bytes, "jsonl")
    assert first["tokens"] == 3
    assert first["surprisal"] == pytest.approx(second["surprisal"], rel=1e-6)


# --- the pipeline


@Language.component("rnn_cli_test_fails")
def fails(doc):
    raise AssertionError("needn't run")


@Language.component("rnn_cli_test_marks")
def marks(doc):
    for token in doc:
        token.lemma_ = "mark"
    return doc


@Language.component("rnn_cli_test_merges")
def merges(doc):
    with doc.retokenize() as retokenizer:
        if len(doc) > 1 and doc[0].lemma_ == "mark":
            retokenizer.merge(doc[:2])
    return doc


@pytest.fixture
def several(tmp_path):
    """Components around the language model, of which two decide about its tokens."""
    nlp = make_pipeline(["the grey cat", "the cat"], top_k=1)
    nlp.add_pipe("tagger", "first", before="rnn_lm")  # without a label, it would fail
    nlp.add_pipe("rnn_cli_test_merges", "merges", before="first")
    nlp.add_pipe("rnn_cli_test_marks", "marks", first=True)
    nlp.add_pipe("rnn_cli_test_fails", "last")
    nlp.to_disk(tmp_path / "several")
    return tmp_path / "several"


def test_only_what_decides_about_tokens_runs_beside_the_model(several, tmp_path):
    path = write_lines(tmp_path / "text.txt", ["the grey cat", "cat"])
    found = parse(succeed("score", several, path, "--tokens").stdout_bytes, "jsonl")
    assert [record["token"] for record in found] == ["the grey", "cat", "cat"]
    assert [record["unknown"] for record in found] == [True, False, False]
    found = parse(succeed("score", several, path).stdout_bytes, "jsonl")
    assert [record["characters"] for record in found] == [12, 3]


@Language.component("rnn_cli_test_norms")
def norms(doc):
    for token in doc:
        if token.text == "kitty":
            token.norm_ = "cat"
    return doc


def test_what_may_set_norms_runs_before_a_model_that_reads_them(tmp_path):
    nlp = make_random(model={"attr": "NORM"})
    nlp.add_pipe("rnn_cli_test_norms", first=True)
    nlp.to_disk(tmp_path / "model")
    text = "the grey kitty"
    (expected,) = {nlp(words)._.rnn_surprisal for words in (text, "the grey cat")}
    path = write_lines(tmp_path / "text.txt", [text])
    (found,) = parse(succeed("score", tmp_path / "model", path).stdout_bytes, "jsonl")
    assert found["surprisal"] == pytest.approx(expected, rel=1e-5)


def test_what_listens_to_the_model_is_left_out(tmp_path):
    nlp = make_pipeline()
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 12, "upstream": "rnn_lm"}
    model = {**nlp.get_factory_meta("tagger").default_config["model"], "tok2vec": listener}
    tagger = nlp.add_pipe("tagger", config={"model": model})
    tagger.add_label("X")
    tagger.initialize(lambda: make_examples(nlp, ENGLISH[:3]), nlp=nlp)
    nlp.to_disk(tmp_path / "model")
    path = write_lines(tmp_path / "text.txt", TEXTS)
    found = parse(succeed("score", tmp_path / "model", path).stdout_bytes, "jsonl")
    assert [r["perplexity"] for r in found] == pytest.approx(
        [nlp(text)._.rnn_perplexity for text in TEXTS], rel=1e-5
    )


def test_a_language_model_that_was_saved_disabled_is_enabled(nlp, tmp_path):
    nlp.to_disk(tmp_path / "enabled")
    spacy.load(tmp_path / "enabled", disable=["rnn_lm"]).to_disk(tmp_path / "disabled")
    text = tmp_path / "text.txt"
    text.write_text(ENGLISH[0], encoding="utf8")
    out = tmp_path / "out.jsonl"
    succeed("score", tmp_path / "disabled", text, out)
    (record,) = read_records(out)
    assert record["perplexity"] == pytest.approx(nlp(ENGLISH[0])._.rnn_perplexity, rel=1e-5)


def test_the_component_has_to_be_clear(model, tmp_path):
    path = write_lines(tmp_path / "text.txt", TEXTS)
    blank = spacy.blank("xx")
    blank.add_pipe("sentencizer")
    blank.to_disk(tmp_path / "none")
    nlp = make_pipeline()
    nlp.add_pipe("rnn_lm", "other", config={"model": {**SMALL, "width": 4}})
    nlp.get_pipe("other").initialize(lambda: make_examples(nlp, ENGLISH), nlp=nlp)
    nlp.to_disk(tmp_path / "two")
    error = fail("score", tmp_path / "none", path)
    assert "R501" in error and "sentencizer" in error
    error = fail("score", tmp_path / "two", path)
    assert "R502" in error and "rnn_lm, other" in error and "--component" in error
    assert "R503" in fail("score", tmp_path / "two", path, "--component", "third")
    done = succeed("score", tmp_path / "two", path, "--component", "other")
    found = parse(done.stdout_bytes, "jsonl")
    expected = [doc._.other.perplexity for doc in nlp.pipe(TEXTS)]
    assert [record["perplexity"] for record in found] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("direction", ["backward", "both"])
def test_other_directions_are_scored(tmp_path, direction):
    nlp = make_pipeline(model={"direction": direction})
    nlp.to_disk(tmp_path / "model")
    path = write_lines(tmp_path / "text.txt", TEXTS)
    found = parse(succeed("score", tmp_path / "model", path).stdout_bytes, "jsonl")
    expected = [doc._.rnn_perplexity for doc in nlp.pipe(TEXTS)]
    assert [record["perplexity"] for record in found] == pytest.approx(expected, rel=1e-5)


def test_a_speller_gives_unknown_words_bits_per_character(tmp_path):
    nlp = make_pipeline(model={"speller_width": 6})
    nlp.to_disk(tmp_path / "model")
    path = write_lines(tmp_path / "text.txt", TEXTS)
    found = parse(succeed("score", tmp_path / "model", path).stdout_bytes, "jsonl")
    assert sum(record["unknown"] for record in found) == 4
    for record, doc in zip(found, nlp.pipe(TEXTS), strict=True):
        bits = math.log2(doc._.rnn_perplexity) * (len(doc) + 1)
        assert record["bits_per_char"] == pytest.approx(bits / len(doc.text), rel=1e-5)
