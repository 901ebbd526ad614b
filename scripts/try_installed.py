"""Train, save, load and score with the installed package, where no source is near.

python -I scripts/try_installed.py

It writes what it needs into the current folder, which should be empty, and stops with an error if
the package doesn't come from the environment of this Python, or if a number changes on the way.
"""

import argparse
import json
import math
import random
import subprocess
import sys
from importlib.metadata import version
from itertools import product
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language
from spacy.training import Example

import spacy_rnn

CONFIG = """
[paths]
train = "train.txt"
dev = "dev.txt"

[nlp]
lang = "zh"
pipeline = ["rnn_lm"]

[nlp.tokenizer]
@tokenizers = "spacy-rnn.JiebaTokenizer.v1"

[components]

[components.rnn_lm]
factory = "rnn_lm"
min_count = 2

[components.rnn_lm.model]
@architectures = "spacy-rnn.RNNLM.v1"
width = 16
speller_width = 8

[corpora]

[corpora.train]
@readers = "spacy-rnn.TextCorpus.v1"
path = ${paths.train}

[corpora.dev]
@readers = "spacy-rnn.TextCorpus.v1"
path = ${paths.dev}

[training]
max_steps = 12
eval_frequency = 6

[training.logger]
@loggers = "spacy-rnn.ConsoleLogger.v1"

[training.optimizer]
@optimizers = "Adam.v1"

[training.optimizer.learn_rate]
@schedules = "spacy-rnn.warmup_cosine.v1"
initial_rate = 0.05
total_steps = 12
warmup_steps = 2
"""
TEXTS = ["妹妹喜欢苹果。", "医生画了一把椅子。", ""]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, usage="%(prog)s")
    parser.add_argument("--numbers", type=Path, help=argparse.SUPPRESS)
    numbers = parser.parse_args().numbers
    if numbers is not None:
        print(json.dumps(numbers_of(spacy.load(numbers))))
        return
    check_origin()
    write_corpus()
    Path("base.cfg").write_text(CONFIG, encoding="utf8")
    run_spacy("init", "fill-config", "base.cfg", "filled.cfg")
    run_spacy("train", "filled.cfg", "--output", "trained")
    trained = spacy.load("trained/model-last")
    check_saving(trained, Path("trained-again"))
    check_scores(Path("trained/model-last"), trained)
    check_saving(train_in_memory(), Path("made"))
    print(f"spacy-rnn {version('spacy-rnn')} trains, saves, loads and scores")


def check_origin() -> None:
    """The package is that of this environment, with the version and the types that it claims."""
    folder = Path(spacy_rnn.__file__).resolve().parent
    if not folder.is_relative_to(Path(sys.prefix).resolve()):
        raise SystemExit(f"{folder} isn't the package of this environment")
    if spacy_rnn.__version__ != version("spacy-rnn"):
        raise SystemExit(f"the package says {spacy_rnn.__version__}, its metadata another version")
    if not (folder / "py.typed").is_file():
        raise SystemExit("py.typed is missing")


def write_corpus() -> None:
    """A few sentences a part, each another one."""
    who, does = ("妹妹", "老师", "医生", "邻居"), ("喜欢", "忘记了", "画了")
    what = ("苹果。", "一只猫！", "新帽子。", "旧地图。")
    every = ["".join(words) for words in product(who, does, what)]
    random.Random(0).shuffle(every)
    for part, lines in (("train", every[:36]), ("dev", every[36:])):
        Path(f"{part}.txt").write_text("\n".join(lines) + "\n", encoding="utf8")


def run_spacy(*arguments: str) -> None:
    subprocess.run([sys.executable, "-I", "-m", "spacy", *arguments], check=True)


def train_in_memory() -> Language:
    """RETURNS (Language): A pipeline that no config and no command made."""
    nlp = spacy.blank("en")
    nlp.add_pipe("rnn_lm", config={"model": {"width": 8, "cell": "gru"}})
    docs = [nlp.make_doc(text) for text in ("a cat sees a dog .", "a dog sees a bird .")]
    examples = [Example(doc, doc.copy()) for doc in docs]
    optimizer = nlp.initialize(lambda: examples)
    losses = [nlp.update(examples, sgd=optimizer)["rnn_lm"] for _ in range(20)]
    if not losses[-1] < losses[0]:
        raise SystemExit(f"nothing is learned: the loss went from {losses[0]} to {losses[-1]}")
    return nlp


def numbers_of(nlp: Language) -> list[list[Any]]:
    """RETURNS (List): What the pipeline says of each text, every bit of it."""
    outputs = [nlp(text)._.rnn_lm for text in TEXTS]
    return [
        [output.log_probs.tolist(), output.hidden.tolist(), output.end_log_prob, output.next]
        for output in outputs
    ]


def check_saving(nlp: Language, folder: Path) -> None:
    """Another process that loads what is saved here gets the same numbers."""
    nlp.to_disk(folder)
    command = [sys.executable, "-I", __file__, "--numbers", str(folder)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, encoding="utf8")
    if json.loads(done.stdout) != json.loads(json.dumps(numbers_of(nlp))):
        raise SystemExit(f"what was saved in {folder} has other numbers")


def check_scores(folder: Path, nlp: Language) -> None:
    """`rnn score` writes what the pipeline says."""
    texts = [text for text in TEXTS if text]
    Path("texts.txt").write_text("\n".join(texts) + "\n", encoding="utf8")
    run_spacy("rnn", "score", str(folder), "texts.txt", "scores.jsonl")
    lines = Path("scores.jsonl").read_text("utf8").splitlines()
    for text, line in zip(texts, lines, strict=True):
        found, wanted = json.loads(line)["perplexity"], nlp(text)._.rnn_perplexity
        if not math.isclose(found, wanted, rel_tol=1e-4):
            raise SystemExit(f"rnn score says {found} of {text}, the pipeline {wanted}")


if __name__ == "__main__":
    main()
