"""Every benchmark runs on a small text and ends with the JSON line that its figures come from."""

import importlib
import json
import math
import random
import re
import subprocess
import sys
from xml.etree import ElementTree

import pytest
import spacy
import torch
import typer
from spacy.tokens import DocBin
from typer.testing import CliRunner

from .helpers import ENGLISH, ROOT, chinese_texts, make_pipeline, make_trained, write_corpus

pytestmark = pytest.mark.slow

SPEED = {"ratio", "ours", "baseline", "unit"}
QUALITY = {"test_perplexity", "cpu_seconds"}
# words that are not in these sentences
RARE = [a + b for a in ("zeb", "quil", "mor", "fan") for b in ("on", "et", "ack", "ipu", "ing")]
TOKENIZED = "the baker paints an old boat .\na tired sailor forgets the harbour .\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A Chinese corpus, a tokenized one in the format of WikiText-2, and a trained model."""
    folder = write_corpus(tmp_path_factory.mktemp("benchmarks"))
    for name in ("wiki.train", "wiki.valid", "wiki.test"):
        (folder / f"{name}.txt").write_text(TOKENIZED * 400, encoding="utf8")
    (folder / "valid.txt").write_text(TOKENIZED, encoding="utf8")
    make_trained(chinese_texts("train"), lang="zh", model={"cutoffs": [6]}).to_disk(
        folder / "model"
    )
    return folder


def run(name, *args):
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        program = importlib.import_module(name)
    finally:
        sys.path.pop(0)
    app = typer.Typer()
    app.command()(program.main)
    done = CliRunner().invoke(app, [str(arg) for arg in args], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("tokenize_speed", ["train.txt", "--rounds", 1]),
        ("tokenize_speed", ["train.txt", "--rounds", 1, "--engine", "rjieba"]),
        ("train_speed", ["wiki.train.txt", "--rounds", 1, "--streams", 4, "--window", 5]),
        ("score_speed", [".", "surprisal", "--rounds", 1, "--width", 8]),
        ("score_speed", [".", "tensor", "--rounds", 1, "--width", 8]),
        ("score_speed", [".", "encoder", "--single", "--rounds", 1, "--width", 8]),
        ("topk_speed", ["model", "test.txt", "--rounds", 1]),
        ("next_speed", ["model", "test.txt", "--rounds", 1, "--length", 3]),
    ],
    ids=lambda value: value if isinstance(value, str) else value[-1],
)
def test_speed_programs_compare_with_their_baseline(folder, name, args, monkeypatch):
    monkeypatch.chdir(folder)
    figures = run(name, *args)
    assert set(figures) == SPEED
    assert figures["ratio"] == pytest.approx(figures["ours"] / figures["baseline"], rel=0.01)


def test_the_cnn_and_the_network_have_one_thread_each(folder):
    torch.set_num_threads(2)
    try:
        figures = run("score_speed", folder, "tensor", "--rounds", 1, "--width", 8)
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(1)
    assert figures["unit"] == "tokens/CPU s"


@pytest.mark.parametrize("what", ["ngrams", "mixing"])
def test_the_program_for_options_of_encoders_compares_steps(folder, what):
    figures = run("encoder_options", folder / "wiki.train.txt", what, "--steps", 1, "--width", 8)
    assert set(figures) == SPEED
    assert figures["ratio"] == pytest.approx(figures["ours"] / figures["baseline"], rel=0.02)


@pytest.mark.skipif(sys.platform != "linux", reason="reads peaks from /proc")
def test_the_program_for_an_encoders_memory_has_a_peak_for_every_stage(folder):
    text = folder / "wiki.train.txt"
    found = run("encoder_memory", text, folder / "valid.txt", "--steps", 1, "--width", 8)
    peaks = found["peaks"]
    assert len(peaks) == 7 and all(peak > 0 for peak in peaks.values())
    assert f"evaluation of {len(TOKENIZED.split())} tokens" in peaks


@pytest.mark.parametrize("what", ["train", "score"])
def test_memory_program_compares_two_sizes(folder, what):
    figures = run("memory", folder / "wiki.train.txt", what)
    assert set(figures) == SPEED
    assert figures["unit"] == "MB"


@pytest.mark.skipif(sys.platform != "linux", reason="reads what Linux says of the process")
@pytest.mark.parametrize("zone", ["--zone", "--no-zone"])
def test_long_run_program_compares_the_end_with_the_beginning(folder, zone):
    sizes = ["--documents", 50, "--every", 20, "--release", 20]
    figures = run("long_run", folder / "model", folder / "test.txt", zone, *sizes)
    assert set(figures) == SPEED
    assert figures["ratio"] == pytest.approx(figures["ours"] / figures["baseline"], rel=0.01)


def test_zh_classics_program_reports_quality_and_time(folder):
    figures = run("zh_classics", folder, "--epochs", 0.0005, "--width", 8, "--streams", 4)
    assert set(figures) >= QUALITY
    # a chapter's line ends and its end are predicted too
    assert figures["predictions"] > len("".join(chinese_texts("test"))) / 4
    assert 1 < figures["test_perplexity"] < 1000


def test_segmenters_program_gives_every_token_a_number(folder):
    options = ["--minutes", 0, "--width", 8, "--trial", 23]
    figures = run("segmenters", folder, *options)
    assert figures["segmenter"] == "char"
    text = (folder / "test.txt").read_text("utf8")
    assert figures["finite"] == figures["tokens"] == len(text.rstrip("\n"))
    # log2 of an alphabet: what uniform guessing needs
    assert 0 < figures["bits_per_char"] < 2 * math.log2(len(set(text)))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_typography_program_shows_what_typing_costs(folder, tmp_path, lang):
    text = folder / "train.txt"
    if lang == "en":
        text = tmp_path / "english.txt"
        text.write_text("\n".join(f'{line} "it\'s"' for line in ENGLISH), "utf8")
    figures = run("typography", lang, text, "--steps", 3, "--documents", 4)
    plain, joined = figures.values()
    assert plain.keys() == joined.keys() and len(plain) > 3  # with what was held back
    for change, costs in plain.items():
        if change != "held back":
            assert costs["documents"] > 0 and abs(costs["bits_more"]) > 0.01
            assert abs(joined[change]["bits_more"]) < 1e-3


@pytest.mark.skipif(sys.platform != "linux", reason="reads what Linux says of the process")
def test_load_program_counts_every_key(folder):
    options = ["--clients", 3, "--seconds", 2, "--keys", 4, "--before", 20]
    figures = run("serve_load", folder / "model", folder / "train.txt", *options)
    assert figures["errors"] == 0
    assert 3 <= figures["answered"] <= figures["keys"]
    # keys within the page's pause are neither answered nor overtaken by an answer
    assert figures["answered"] + figures["overtaken"] == figures["keys"]
    assert figures["cpu_ms_a_key"] > 0 and figures["peak_mb"] > 0


def test_pinyin_program_counts_letters_and_choices(folder, tmp_path):
    lazy_pinyin = pytest.importorskip("pypinyin").lazy_pinyin
    nlp = spacy.load(folder / "model")
    lm = nlp.get_pipe("rnn_lm")
    words = [word for word in lm.vocabulary.words if re.fullmatch("[一-龥]+", word)]
    text = chinese_texts("test")[0][:30] + "鑫x"
    (tmp_path / "text.txt").write_text(text, "utf8")
    figures = run("pinyin_keys", folder / "model", tmp_path / "text.txt")
    expected, read = {"none": 0, "frequency": 0, "model": 0}, []
    for token in nlp.make_doc(text):
        session = lm.session()
        session.feed(read)
        by_model = [word for word, _ in session.next(k=len(lm.vocabulary) - 1)]
        for part in [token.text] if token.text in words else token.text:
            letters = "".join(lazy_pinyin(part)) if re.fullmatch("[一-龥]+", part) else ""
            expected["none"] += len(letters) + 1
            for name, order in (("frequency", words), ("model", by_model)):
                for count in range(len(letters) + 1):
                    shown = [word for word in order if word in words]
                    shown = [
                        w for w in shown if "".join(lazy_pinyin(w)).startswith(letters[:count])
                    ]
                    if part in shown[:5] or count == len(letters):
                        expected[name] += count + 1
                        break
        read.append(token.text)
    assert {name: figures[name] for name in expected} == expected
    assert expected["model"] < expected["none"]
    saved = 1 - expected["model"] / expected["none"]
    assert figures["saved_by_model"] == pytest.approx(saved, abs=1e-4)


def test_cache_program_reports_what_a_cache_gains(folder):
    figures = run("cache", folder / "model", folder)
    assert figures["document"] == "paragraph"
    gain = 1 - figures["test_cache"] / figures["test"]
    assert figures["gain"] == pytest.approx(gain, abs=0.001)
    assert figures["dev_cache"] <= figures["dev"] * 1.1


def test_score_program_compares_the_command_with_the_pipe(folder, monkeypatch):
    monkeypatch.chdir(folder)
    options = ["--megabytes", 0.02, "--rounds", 1, "--no-warm"]
    assert set(run("score_cli", "model", "test.txt", *options)) == SPEED


def test_cluster_program_compares_workers_with_the_pipe(folder):
    pytest.importorskip("ray")
    # its workers have to find the program, so it runs as one
    program = ROOT / "benchmarks" / "cluster_score.py"
    options = ["--megabytes", "0.01", "--rounds", "1", "--batch-size", "16"]
    command = [sys.executable, program, folder / "model", folder / "test.txt", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout.splitlines()[-1])) == SPEED
    assert "2 workers, tokens/s" in done.stdout


def test_wikitext2_program_reports_quality_and_the_plain_loops_time(folder, tmp_path):
    for name, source in (("train", "wiki.train"), ("valid", "valid"), ("test", "valid")):
        (tmp_path / f"{name}.txt").write_text((folder / f"{source}.txt").read_text("utf8"))
    figures = run("wikitext2", tmp_path, "--epochs", 0.01, "--width", 8)
    assert set(figures) == {*QUALITY, "predictions", "plain_6_epochs", "plain_40_epochs"}
    assert figures["predictions"] == len(TOKENIZED.split()) + 2 + 1


def test_spacing_program_joins_each_part_by_what_the_other_taught(folder, tmp_path):
    parts = {"dev": ["boats , late", "a , b , c"], "test": ["cats , old , so", "dogs bark, too"]}
    for part, texts in parts.items():
        lines = "".join(f"# text = {text}\n1\t_\n\n" for text in texts)
        (tmp_path / f"xx-ud-{part}.conllu").write_text(lines, encoding="utf8")
    figures = run("spacing", tmp_path, "--text", folder / "valid.txt")
    # by rules no space stands before a comma; one text of the test part has none
    assert (figures["dev_rules"], figures["test_rules"]) == (0, 50)
    assert (figures["dev_learned"], figures["test_learned"]) == (100, 50)
    assert figures["tokens"] == len(TOKENIZED.split())
    assert figures["us_gaps"] > 0 and figures["file_kb"] > 0


def write_treebank(folder, texts):
    """A sentence each in CoNLL-U, tagged by the length of the words."""
    folder.mkdir()
    for part in ("dev", "test"):
        lines = []
        for text in texts:
            for number, word in enumerate(text.split(), 1):
                tag = f"T{len(word) % 3}"
                head = "0\troot" if number == 1 else "1\tdep"
                lines.append(f"{number}\t{word}\t{word}\tX\t{tag}\t_\t{head}\t_\t_")
            lines.append("")
        (folder / f"xx-ud-{part}.conllu").write_text("\n".join(lines) + "\n", encoding="utf8")
    return folder


@pytest.mark.parametrize("direction", ["forward", "both"])
def test_tagging_program_compares_both_systems_at_every_size(tmp_path, direction):
    encoder = make_trained(model={"direction": direction, "subword_rows": 30})
    encoder.to_disk(tmp_path / "encoder")
    treebank = write_treebank(tmp_path / "treebank", ENGLISH[:20])
    output = tmp_path / "table.json"
    options = ["--sizes", "5,0", "--seeds", "0,1", "--cnn-steps", 4, "--rnn-steps", 8]
    figures = run("tagging", treebank, tmp_path / "encoder", "--output", output, *options)
    table = json.loads(output.read_text("utf8"))
    assert [row["sentences"] for row in table] == [5, 20]
    for row in table:
        gain = row["rnn"]["accuracy"] - row["cnn"]["accuracy"]
        assert figures[f"gain_{row['sentences']}"] == pytest.approx(gain, abs=0.01)
        assert all(0 <= row[name]["accuracy"] <= 100 for name in ("cnn", "rnn"))
    assert figures["time_ratio"] > 0
    alone = run("tagging", treebank, tmp_path / "encoder", *options, "--no-cnn")
    expected = {str(row["sentences"]): row["rnn"]["accuracy"] for row in table}
    assert alone == pytest.approx(expected, abs=0.01)


def test_the_program_for_steps_of_tagging_finds_the_best_for_each_size(tmp_path):
    make_trained(model={"subword_rows": 30}).to_disk(tmp_path / "encoder")
    treebank = write_treebank(tmp_path / "treebank", ENGLISH[:20])
    output = tmp_path / "table.json"
    options = ["--sizes", "5,99", "--steps", "2,8", "--held-out", 6, "--output", output]
    best = run("tagging_steps", treebank, tmp_path / "encoder", *options)
    table = json.loads(output.read_text("utf8"))
    assert [row["sentences"] for row in table] == [5, 14]  # six of twenty are tested
    with pytest.raises(AssertionError, match="--held-out has to leave some of 20 sentences"):
        run("tagging_steps", treebank, tmp_path / "encoder", "--held-out", 20)
    for row in table:
        found = {int(number): figures["accuracy"] for number, figures in row["steps"].items()}
        assert [*found] == [2, 8]
        assert found[best[str(row["sentences"])]] == max(found.values())


@pytest.fixture(scope="module")
def english(tmp_path_factory):
    """A corpus as scripts/wikitext.py writes it, and two models of its training part that spell
    unknown words."""
    folder = tmp_path_factory.mktemp("english")
    nlp = spacy.blank("en")
    rare = [f"a {word} boat ." for word in RARE for _ in range(4)]
    parts = {"train": [*ENGLISH, *rare], "dev": rare[::4], "test": [*ENGLISH[:9], *rare[::4]]}
    for part, texts in parts.items():
        DocBin(docs=[nlp.make_doc(text) for text in texts]).to_disk(folder / f"{part}.spacy")
    for seed in (0, 1):
        model = make_pipeline(
            [*ENGLISH, *rare[:8]], lang="en", model={"speller_width": 6}, seed=seed
        )
        model.to_disk(folder / f"model-{seed}")
    return folder


def test_heldout_program_teaches_no_speller_what_it_holds_out(english, tmp_path):
    sizes = ["width=8", "speller_width=8", "cutoffs=null"]
    options = [f"--set=components.rnn_lm.model.{size}" for size in sizes]
    options += ["--set=training.logger.progress_bar=false", "--steps", 2, "--seeds", "0,3"]
    figures = run("heldout_types", english, tmp_path / "held", *options)
    program = sys.modules["heldout_types"]
    held = program.choose(dict.fromkeys(RARE, 4))
    assert 0 < figures["held_types"] == len(held) < len(RARE)
    assert figures["train"]["tokens"] == 4 * len(held) and figures["train"]["types"] == len(held)
    assert figures["dev"]["tokens"] == figures["test"]["tokens"] == len(held)
    docs = DocBin().from_disk(tmp_path / "held" / "seed-3" / "train.spacy")
    read = {token.text for doc in docs.get_docs(spacy.blank("en").vocab) for token in doc}
    assert read & set(RARE) == set(RARE) - held and "<unk>" in read
    lm = spacy.load(tmp_path / "held" / "seed-3" / "model-last").get_pipe("rnn_lm")
    assert not held & set(lm.vocabulary.words)
    # the model that is there is measured again, not trained
    again = run("heldout_types", english, tmp_path / "held", *options)
    assert again["seed-0"]["cpu_seconds"] is None and again["dev"] == figures["dev"]
    spellers = [figures[f"seed-{seed}"]["speller"]["test"] for seed in (0, 3)]
    assert figures["test"]["speller"] == pytest.approx(sum(spellers) / 2, abs=0.002)
    assert spellers[0] != spellers[1]


def test_speller_program_measures_new_spellers_beside_the_same_words(english, tmp_path):
    paths = [english / "model-0", english / "train.spacy", english / "dev.spacy"]
    options = ["--steps", 3, "--width", 5, "--spelling", "plain,context"]
    figures = run("spellers", *paths, *options, "--output", tmp_path / "new" / "kept")
    nlp = spacy.load(english / "model-0")
    lm = nlp.get_pipe("rnn_lm")
    docs = list(DocBin().from_disk(english / "dev.spacy").get_docs(nlp.vocab))
    unknown = [token for doc in docs for token in doc if not lm.vocabulary.knows(token)]
    assert (figures["spelling"], figures["unknown_words"]) == ("context", len(unknown))
    program = sys.modules["spellers"]
    words = lm.shim.network.state_dict()
    program.renew_speller(lm, "context", 5, 30)
    renewed = lm.shim.network.state_dict()
    assert all(renewed[n].equal(w) for n, w in words.items() if not n.startswith("speller."))
    # three steps change little: near the bits of the untaught one
    bits = -lm.count(docs).spelling / math.log(2) / len(unknown)
    assert figures["bits_per_unknown_word"] == pytest.approx(bits, rel=0.2)
    kept = spacy.load(tmp_path / "new" / "kept").get_pipe("rnn_lm")
    bits = -kept.count(docs).spelling / math.log(2) / len(unknown)
    assert figures["bits_per_unknown_word"] == pytest.approx(bits, abs=1e-3)
    assert kept.lm_weight == nlp.config["components"]["rnn_lm"]["lm_weight"]


def test_the_program_for_the_price_of_a_speller_scores_alike_without_it(english, tmp_path):
    for name in ("train", "test"):
        docs = DocBin().from_disk(english / f"{name}.spacy").get_docs(spacy.blank("en").vocab)
        (tmp_path / f"{name}.txt").write_text("\n\n".join(doc.text for doc in docs), "utf8")
    sizes = ["--rounds", 1, "--steps", 2, "--first", 1]
    figures = run("speller_speed", english / "model-0", tmp_path, *sizes)
    assert figures["what"] == "training"
    assert figures["time"] == pytest.approx(figures["without"] / figures["with"], rel=0.02)
    whole, bare = (spacy.load(english / "model-0") for _ in range(2))
    sys.modules["speller_speed"].drop_speller(bare.get_pipe("rnn_lm"))
    assert not bare.get_pipe("rnn_lm").spells
    text = "the quilon paints an old boat ."
    found = [nlp(text)._.rnn_lm for nlp in (whole, bare)]
    word_alone = found[0].log_probs - found[0].spelling
    assert word_alone == pytest.approx(found[1].log_probs, abs=1e-5)


def test_curve_program_has_the_mean_bits_of_every_band(english, tmp_path):
    svg = tmp_path / "curve.svg"
    models = [english / "model-0", english / "model-1"]
    labels = ["--label", "old", "--label", "new"]
    figures = run("bits_by_count", english / "test.spacy", *models, *labels, "--svg", svg)
    assert list(figures) == ["old", "new"]
    names = sys.modules["bits_by_count"].band_names()
    assert names == ["1", "2–3", "4–5", "6–10", "11–100", "101–1000", ">1000"]
    edges = [(1, 1), (2, 3), (4, 5), (6, 10), (11, 100), (101, 1000), (1001, 10**9)]
    for label, model in zip(figures, models, strict=True):
        nlp = spacy.load(model)
        lm, sums = nlp.get_pipe("rnn_lm"), {}
        for doc in DocBin().from_disk(english / "test.spacy").get_docs(nlp.vocab):
            lm.annotate_log_probs([doc])
            for token in doc:
                name = "unknown"
                if lm.vocabulary.knows(token):
                    count = lm.vocabulary.counts[lm.vocabulary.row_of(token)]
                    fits = zip(names, edges, strict=True)
                    name = next(n for n, (low, high) in fits if low <= count <= high)
                sums.setdefault(name, []).append(token._.rnn_surprisal)
        found = figures[label]
        del found["bits"]["unknown, <unk> alone"], found["tokens"]["unknown, <unk> alone"]
        assert found["tokens"] == {name: len(sums[name]) for name in found["tokens"]}
        assert set(found["bits"]) == set(sums)
        for name, bits in found["bits"].items():
            assert bits == pytest.approx(sum(sums[name]) / len(sums[name]), abs=0.01)
        rarest = next(name for name in names if name in sums)
        ratio = found["bits"]["unknown"] / found["bits"][rarest]
        assert found["rarest"] == pytest.approx(ratio, abs=0.01)
    tree = ElementTree.fromstring(svg.read_text("utf8"))
    assert len([node for node in tree.iter() if node.tag.endswith("polyline")]) == 2
    once = run("bits_by_count", english / "test.spacy", *models, "--label", "x", "--label", "x")
    means = [(figures[label]["bits"]["unknown"]) for label in figures]
    assert once["x"]["bits"]["unknown"] == pytest.approx(sum(means) / 2, abs=0.011)


def test_pairs_program_tells_how_often_fewer_unknown_words_win(english, tmp_path):
    rows = [
        {"sentence_good": "the grey cat watches a boat .", "sentence_bad": "the zzz qqq watches ."},
        {"sentence_good": "the zzz cat watches a boat .", "sentence_bad": "the grey cat watches ."},
        {"sentence_good": "the grey cat watches .", "sentence_bad": "grey the watches cat ."},
    ]
    path = tmp_path / "pairs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf8")
    figures = run("unknown_pairs", path, english / "model-0", english / "model-1")
    assert (figures["all_pairs"], figures["equal_pairs"], figures["different_pairs"]) == (3, 1, 2)
    # an unknown word of an untrained model costs its spelling
    assert figures["fewer_wins"] == 100 and figures["different"] == 50
    assert 0 < figures["unknown_tokens"] < figures["unknown_bits"] < 100


def test_reading_program_compares_the_two_surprisals_word_for_word(english, tmp_path):
    numbers = random.Random(0)
    lines = ["item\tzone\tword\tmean_rt_ms\tlog2_frequency"]
    for item in range(1, 5):
        for zone in range(1, 61):
            word = numbers.choice(["boat", "cat", "zeppelin", "the", "quixotic,", "harbour."])
            row = [item, zone, word, 300 + 20 * numbers.random() + len(word), numbers.random()]
            lines.append("\t".join(map(str, row)))
    path = tmp_path / "words.tsv"
    path.write_text("\n".join(lines) + "\n", encoding="utf8")
    figures = run("spelled_reading_times", path, english / "model-0", english / "model-1")
    assert figures["words"] == 4 * 59 and 0.1 < figures["unknown"] < 0.6
    gains = [figures[name]["delta_ll"] for name in ("surprisal", "surprisal_unk")]
    assert figures["difference"] == pytest.approx(gains[0] - gains[1], abs=0.01)
    assert figures["error"] > 0
