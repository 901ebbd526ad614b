"""Every benchmark runs on a small text and ends with the JSON line that its figures come from."""

import importlib
import json
import math
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from .helpers import ENGLISH, ROOT, chinese_texts, make_trained, write_corpus

pytestmark = pytest.mark.slow

SPEED = {"ratio", "ours", "baseline", "unit"}
QUALITY = {"test_perplexity", "cpu_seconds"}
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
