"""Small trainings for tests, that can be stopped as a kill would and started again."""

import io
import json
import random
from pathlib import Path

import spacy
from spacy.tokens import Doc, DocBin
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from spacy.util import load_config

from spacy_rnn.training.resumable.processes import Processes
from spacy_rnn.training.resumable.start import TrainOptions, start
from spacy_rnn.training.resumable.training_run import Messages

from ...helpers import ENGLISH, ROOT

SMALL = {
    "nlp.lang": "xx",
    "nlp.tokenizer": {"@tokenizers": "spacy.Tokenizer.v1"},
    "initialize.tokenizer": {},
    "training.max_steps": 16,
    "training.eval_frequency": 6,
    "training.dropout": 0.2,
    "components.rnn_lm.model.width": 8,
    "components.rnn_lm.model.precision": "float32",
    "components.rnn_lm.min_count": 2,
    "components.rnn_lm.model.speller_width": 4,
    "components.rnn_lm.model.spelling": "context",
}
RATE = {"@schedules": "warmup_linear.v1", "warmup_steps": 4, "total_steps": 40}
ONE_CYCLE = {"@schedules": "spacy-rnn.one_cycle.v1", "max_rate": 0.05, "total_steps": 30}


class Killed(BaseException):
    """Stands for the end of the process."""


def write_texts(folder, count=90, seed=0):
    """Files of sentences, some joined to longer documents, some with rare words."""
    draw = random.Random(seed)
    for part, number in (("train", count), ("dev", 12)):
        lines = []
        for place in range(number):
            words = " ".join(draw.sample(ENGLISH, draw.randint(1, 4)))
            lines.append(words + (f" rare{place}" if place % 7 == 0 else ""))
        (folder / f"{part}.txt").write_text("\n".join(lines) + "\n", encoding="utf8")


def make_config(folder, base="rnn_lm.cfg", **changes):
    """A shipped config made small, with changes by dotted name ("__" for the dots)."""
    config = load_config(ROOT / "configs" / base, interpolate=False)
    settings = {**SMALL, "paths.train": str(folder / "train.txt")}
    settings["paths.dev"] = str(folder / "dev.txt")
    rate = ONE_CYCLE if base == "rnn_lm_streams.cfg" else {**RATE, "initial_rate": 0.05}
    settings["training.optimizer.learn_rate"] = rate
    settings |= {name.replace("__", "."): value for name, value in changes.items()}
    for name, value in settings.items():
        block = config
        *path, last = name.split(".")
        for key in path:
            block = block.setdefault(key, {})
        block[last] = value
    return config


TAGGER = {
    "nlp__pipeline": ["rnn_lm", "tagger"],
    "components__tagger": {
        "factory": "tagger",
        "model": {
            "@architectures": "spacy.Tagger.v2",
            "tok2vec": {"@architectures": "spacy.Tok2VecListener.v1", "width": 8},
        },
    },
}


def last_letter(word):
    """A tag that the word itself tells."""
    return f"ends-{word[-1]}"


def annotate(folder, name, label):
    """Write .spacy files whose words have labels; returns the changes that read them.

    name: "tags" or "ents", an argument of Doc. label: from a word to its label.
    """
    vocab = spacy.blank("xx").vocab
    changes = {}
    for part in ("train", "dev"):
        lines = (folder / f"{part}.txt").read_text("utf8").splitlines()
        texts = [line.split() for line in lines]
        docs = [Doc(vocab, words=words, **{name: [*map(label, words)]}) for words in texts]
        DocBin(docs=docs).to_disk(folder / f"{part}.spacy")
        changes[f"paths__{part}"] = str(folder / f"{part}.spacy")
    return changes


def stream_config(folder, **changes):
    words = folder / "words.json"
    if not words.exists():
        nlp = init_nlp(make_config(folder))
        words.write_text(json.dumps(nlp.get_pipe("rnn_lm").label_data))
    settings = {"corpora__train__streams": 4, "corpora__train__window": 5}
    settings |= {"corpora__train__shuffle": 6, "paths__vocabulary": str(words)}
    settings |= {"corpora__train__corpus__document": "line"}
    return make_config(folder, "rnn_lm_streams.cfg", **{**settings, **changes})


class Told:
    """Keeps what a training says."""

    def __init__(self):
        self.said, self.warned = [], []

    def messages(self):
        return Messages(self.said.append, self.warned.append)


def begin(config, output, **options):
    told = options.pop("told", None) or Told()
    return start(config, TrainOptions(Path(output), **options), Processes(), told.messages())


def run_whole(config, output, **options):
    """Train to the end; returns the pipeline."""
    run = begin(config, output, **options)
    run.execute()
    return run.loop.nlp


def run_killed(config, output, steps, **options):
    """Train until a kill comes after so many steps of this run, within the next one."""
    run = begin(config, output, **options)
    step, done = run.loop.step, [0]

    def dying_step():
        if done[0] == steps:
            raise Killed
        done[0] += 1
        return step()

    run.loop.step = dying_step
    try:
        run.execute()
    except Killed:
        return
    raise AssertionError("the training was over before the kill")


def run_spacy_train(config, output):
    """What spaCy's own loop makes of the config."""
    nlp = init_nlp(config)
    Path(output).mkdir(exist_ok=True)
    train(nlp, Path(output), stdout=io.StringIO(), stderr=io.StringIO())
    return nlp


def bytes_of(nlp):
    """The weights of all components."""
    return {name: pipe.model.to_bytes() for name, pipe in nlp.pipeline if hasattr(pipe, "model")}
