"""Small pipelines and small texts for tests that need a whole component."""

import importlib.util
import pickle
import random
from itertools import product
from pathlib import Path

import spacy
import torch
from spacy.cli._util import app
from spacy.training import Example
from spacy.util import registry
from thinc.api import Adam, fix_random_seed
from typer.testing import CliRunner

_WHO = ("the grey cat", "our neighbour", "a tired sailor", "the baker")
_DOES = ("watches", "paints", "forgets", "carries")
_WHAT = ("an old boat .", "two green pears .", "the harbour .", "a letter !")
# 64 sentences of 5 to 8 words, regular enough to be learned in a few steps
ENGLISH = [" ".join(words) for words in product(_WHO, _DOES, _WHAT)]
# a character is a token in spaCy's default tokenizer for Chinese
CHINESE = [
    who + does + what for who, does, what in product("猫狗鸟", ("看着", "追"), ("雨。", "云!"))
]

SMALL = {"width": 12, "cutoffs": None, "precision": "float32"}
# every cell, depth, tying and both kinds of softmax, none of them twice the same
VARIANTS = {
    "lstm": {},
    "gru-deep-clusters": {"cell": "gru", "depth": 2, "cutoffs": [6, 15]},
    "rnn-untied": {"cell": "rnn", "tied": False, "embedding_width": 7},
    "lstm-deep-untied-clusters": {"depth": 2, "tied": False, "cutoffs": [4]},
}


def make_examples(nlp, texts):
    return [Example(nlp.make_doc(text), nlp.make_doc(text)) for text in texts]


# Multi-language: making spaCy's English tokenizer with its many exceptions takes 0.1 s each time.
def make_pipeline(texts=ENGLISH, *, lang="xx", name="rnn_lm", model=None, seed=0, **config):
    """A pipeline with a small language model whose vocabulary is that of the texts."""
    nlp = spacy.blank(lang)
    config = {"model": {**SMALL, **(model or {})}, **config}
    config["model"].setdefault("@architectures", "spacy-rnn.RNNLM.v1")
    nlp.add_pipe("rnn_lm", name=name, config=config)
    fix_random_seed(seed)
    nlp.initialize(lambda: make_examples(nlp, texts))
    return nlp


def make_random(texts=ENGLISH, *, seed=0, **options):
    """A pipeline whose weights, biases too, are all random, so that none of them drops out."""
    nlp = make_pipeline(texts, seed=seed, **options)
    randomize(nlp.get_pipe(options.get("name", "rnn_lm")).shim.network)
    return nlp


def randomize(network):
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.normal_(0, 0.5)
        if network.subwords is not None and network.subwords.weight is not None:
            network.subwords.weight[0] = 0.0  # what has no spelling


def train(nlp, texts=ENGLISH, *, steps=25, rate=0.03, drop=0.0, seed=0):
    """Train on all texts at once; returns what spaCy adds up as the losses of the last step."""
    fix_random_seed(seed)
    optimizer = Adam(rate)
    losses = {}
    examples = make_examples(nlp, texts)
    for _ in range(steps):
        losses = nlp.update(examples, sgd=optimizer, drop=drop, losses={})
    return losses


_TRAINED = {}


def make_trained(texts=ENGLISH, **options):
    """A trained pipeline, which a test may change: a copy of one that is trained once a process."""
    key = repr((texts, sorted(options.items())))
    if key not in _TRAINED:
        nlp = make_pipeline(texts, **options)
        train(nlp, texts)
        _TRAINED[key] = pickle.dumps(nlp)
    return pickle.loads(_TRAINED[key])


def weights_of(lm):
    """Copies of all weights by name."""
    network = lm.shim.network
    return {name: p.detach().numpy().copy() for name, p in network.parameters_by_name().items()}


ROOT = Path(__file__).parents[1]
CONFIG = ROOT / "configs" / "rnn_lm.cfg"

# what makes the shipped configs small enough for a test
TINY = {
    "--components.rnn_lm.model.width": 8,
    "--components.rnn_lm.min_count": 1,
    "--components.rnn_lm.model.precision": "float32",
    "--training.max_steps": 20,
    "--training.eval_frequency": 10,
    "--training.batcher.size": 120,
    "--training.dropout": 0.1,
    "--training.optimizer.learn_rate.warmup_steps": 4,
    "--training.optimizer.learn_rate.initial_rate": 0.05,
}


def chinese_texts(part):
    """Sentences for a corpus with jieba words: other ones for train, dev and test."""
    who = ("妹妹", "老师", "医生", "邻居")
    does = ("喜欢", "忘记了", "画了")
    what = ("苹果。", "一只猫！", "新帽子。", "旧地图。")
    every = ["".join(words) for words in product(who, does, what)]
    random.Random(0).shuffle(every)
    return {"train": every[:28] * 2, "dev": every[28:38], "test": every[38:]}[part]


def write_corpus(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for part in ("train", "dev", "test"):
        text = "\n".join(chinese_texts(part)) + "\n"
        (folder / f"{part}.txt").write_text(text, encoding="utf8")
    return folder


def run_spacy(*args):
    """Run a command of spaCy's command line in this process."""
    registry.cli.get_all()  # as spaCy does at the start
    return CliRunner().invoke(app, [str(arg) for arg in args])


def train_corpus(corpus, output, *, config=CONFIG, **overrides):
    """`spacy train` on train.txt and dev.txt of a folder, with a tiny network."""
    settings = {**TINY, **overrides}
    settings["--paths.train"] = corpus / "train.txt"
    settings["--paths.dev"] = corpus / "dev.txt"
    arguments = [item for pair in settings.items() for item in pair]
    return run_spacy("train", config, "--output", output, *arguments)


def load_script(name, folder="scripts"):
    """A module of scripts/ or benchmarks/, which are no packages."""
    spec = importlib.util.spec_from_file_location(name, ROOT / folder / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
