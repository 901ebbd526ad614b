"""`python -m spacy rnn score`: what can't be scored, read or written."""

import math

import torch
from spacy.util import registry

from ..helpers import make_pipeline
from .conftest import assert_same, fail, parse, read_records, run, succeed
from .test_score import TEXTS, write_lines, write_objects


def test_numbers_that_are_not_finite_are_not_written(quick, tmp_path):
    path = write_lines(tmp_path / "text.txt", TEXTS)
    with torch.no_grad():
        for parameter in quick.lm.shim.network.parameters():
            parameter.fill_(math.nan)
    error = fail("score", "", path, tmp_path / "out.jsonl")
    assert "R551" in error
    assert f"{path}, line 1" in error
    assert "not finite" in error or "aren't finite" in error
    assert read_records(tmp_path / "out.jsonl") == []


def test_errors_are_one_line_without_a_traceback(model, tmp_path):
    path = write_lines(tmp_path / "text.txt", TEXTS)
    for arguments, code in (
        (["nothing", path], "E050"),
        ([model, tmp_path / "missing.txt"], "R202"),
        ([model, path, tmp_path / "out.xlsx"], "R505"),
        ([model, path, path], "R505"),
        ([model, path, "--resume"], "R510"),
        ([model, path, tmp_path / "o.csv", "--resume", "--overwrite"], "R511"),
        ([model, path, tmp_path / "o.csv", "--output-format", "jsonl"], "R518"),
        ([model, path, "--format", "jsonl"], "R518"),
        ([model, path, "--batch-size", 0], "R009"),
    ):
        error = fail("score", *arguments)
        assert code in error
        assert len(error.strip().splitlines()) == 1
    assert not list(tmp_path.glob("o*.csv"))
    assert run("score", model, path, "--bad-lines", "fix").exit_code == 2


def test_the_input_is_not_overwritten(model, tmp_path):
    path = write_objects(tmp_path / "text.jsonl", [{"text": "the boat"}])
    before = path.read_bytes()
    assert "R512" in fail("score", model, path, path, "--overwrite")
    assert path.read_bytes() == before


def test_an_output_in_the_input_folder_is_not_read(model, tmp_path):
    folder = tmp_path / "texts"
    folder.mkdir()
    write_lines(folder / "t.txt", TEXTS)
    succeed("score", model, folder, folder / "a.jsonl")
    first = read_records(folder / "a.jsonl")
    succeed("score", model, folder, folder / "a.jsonl", "--overwrite")
    assert_same(read_records(folder / "a.jsonl"), first)


def test_code_is_loaded(tmp_path):
    name = "spacy-rnn-tests.cli_tokenizer.v1"
    assert name not in registry.tokenizers
    nlp = make_pipeline()
    nlp.to_disk(tmp_path / "model")
    config = (tmp_path / "model" / "config.cfg").read_text("utf8")
    config = config.replace("spacy.Tokenizer.v1", name)
    (tmp_path / "model" / "config.cfg").write_text(config, encoding="utf8")
    code = tmp_path / "code.py"
    code.write_text(
        "from spacy.util import registry\n"
        "from spacy.tokens import Doc\n"
        f'@registry.tokenizers("{name}")\n'
        "def create():\n"
        "    class Split:\n"
        "        def __init__(self, nlp): self.vocab = nlp.vocab\n"
        "        def __call__(self, text): return Doc(self.vocab, words=text.split())\n"
        "        def from_disk(self, *_, **__): return self\n"
        "    return Split\n"
    )
    path = write_lines(tmp_path / "text.txt", ["the boat."])
    done = succeed("score", tmp_path / "model", path, "--tokens", "--code", code)
    assert [r["token"] for r in parse(done.stdout_bytes, "jsonl")] == ["the", "boat."]
