"""`spacy pretrain`, resumed, and `spacy train` with what it saved: the commands themselves."""

from itertools import islice

import numpy as np
import pytest
import safetensors.torch
import spacy
import srsly
import torch
from spacy.tokens import DocBin
from spacy.training.initialize import init_nlp
from spacy.util import load_config
from thinc.schedules import warmup_linear

import spacy_rnn.layers.shim

from ..helpers import ENGLISH, run_spacy
from ..inline import network_weights, same, tagged, write_words

WARMUP, TOTAL, RATE = 3, 12, 0.05
CONFIG = """
[paths]
words = null
text = null
tags = null
init_tok2vec = null
source = null

[nlp]
lang = "xx"
pipeline = {pipeline}

[components]

[components.tagger]
factory = "tagger"

[components.tagger.model]
@architectures = "spacy.Tagger.v2"

[corpora]

[corpora.train]
@readers = "spacy.Corpus.v1"
path = ${{paths.tags}}

[corpora.dev]
@readers = "spacy.Corpus.v1"
path = ${{paths.tags}}

[corpora.pretrain]
@readers = "spacy.JsonlCorpus.v1"
path = ${{paths.text}}

[training]
seed = 1
max_steps = 4
eval_frequency = 2

[training.optimizer]
@optimizers = "Adam.v1"
learn_rate = 0.01

[initialize]
init_tok2vec = ${{paths.init_tok2vec}}

[pretraining]
component = "tagger"
layer = "tok2vec"
corpus = "corpora.pretrain"
max_epochs = 4
dropout = 0.1

[pretraining.objective]
@architectures = "spacy-rnn.PretrainNextToken.v1"

[pretraining.batcher]
@batchers = "spacy.batch_by_words.v1"
size = 150

[pretraining.optimizer]
@optimizers = "Adam.v1"

[pretraining.optimizer.learn_rate]
@schedules = "warmup_linear.v1"
warmup_steps = {warmup}
total_steps = {total}
initial_rate = {rate}
"""
NETWORK = """
width = 6
direction = "both"
subword_rows = 32
precision = "float32"
vocabulary = ${paths.words}
source = ${paths.source}
"""
INLINE = """
[components.tagger.model.tok2vec]
@architectures = "spacy-rnn.RNNTok2Vec.v1"
"""
UPSTREAM = """
[components.tagger.model.tok2vec]
@architectures = "spacy.Tok2VecListener.v1"
width = 12
upstream = "rnn_lm"

[components.rnn_lm]
factory = "rnn_lm"

[components.rnn_lm.model]
@architectures = "spacy-rnn.RNNLM.v1"
"""
# for each road: what is in the config, the component that holds the network, and its overrides
ROADS = {
    "inline": ('["tagger"]', INLINE, "tagger", {}),
    "component": (
        '["rnn_lm", "tagger"]',
        UPSTREAM,
        "rnn_lm",
        {"--pretraining.component": "rnn_lm", "--pretraining.layer": '""'},
    ),
    # spaCy pretrains the upstream component of a listener, but can't load it through the listener
    "listener": ('["rnn_lm", "tagger"]', UPSTREAM, "rnn_lm", {}),
}


class Road:
    """One folder in which the commands of a road have run."""

    def __init__(self, root, name):
        pipeline, layers, self.component, self.overrides = ROADS[name]
        self.root, self.config = root, root / "config.cfg"
        text = CONFIG.format(pipeline=pipeline, warmup=WARMUP, total=TOTAL, rate=RATE)
        self.write_config(text + layers + NETWORK)
        srsly.write_jsonl(root / "text.jsonl", [{"text": text} for text in ENGLISH])
        nlp = spacy.blank("xx")
        docs = [example.reference for example in tagged(nlp)]
        DocBin(docs=docs).to_disk(root / "tags.spacy")
        self.paths = {
            "--paths.words": write_words(root / "words.json"),
            "--paths.text": str(root / "text.jsonl"),
            "--paths.tags": str(root / "tags.spacy"),
        }

    def write_config(self, text):
        (self.root / "base.cfg").write_text(text, "utf8")
        done = run_spacy(
            "init", "fill-config", self.root / "base.cfg", self.config, "--pretraining"
        )
        assert done.exception is None, (done.output, done.exception)

    def run(self, command, *arguments, **overrides):
        """RETURNS: the learning rate of every step of the network."""
        rates = []
        apply = spacy_rnn.layers.shim.apply_gradients

        def spy(optimizer, *args):
            rates.append(float(optimizer.learn_rate))
            apply(optimizer, *args)

        settings = {**self.paths, **self.overrides, **overrides}
        flat = [item for pair in settings.items() for item in pair]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(spacy_rnn.layers.shim, "apply_gradients", spy)
            done = run_spacy(command, self.config, *arguments, *flat)
        assert done.exception is None, (done.output, done.exception)
        return rates

    def settings(self, **overrides):
        given = {**self.paths, **self.overrides, **overrides}
        clean = {key.removeprefix("--"): value for key, value in given.items()}
        clean = {key: "" if value == '""' else value for key, value in clean.items()}
        return load_config(self.config, overrides=clean, interpolate=True)


@pytest.fixture(scope="module", params=list(ROADS))
def road(request, tmp_path_factory):
    """`spacy pretrain` has run. Shared: the folder `pretrained` must not change."""
    road = Road(tmp_path_factory.mktemp(request.param), request.param)
    road.rates = road.run("pretrain", road.root / "pretrained")
    if request.param == "listener":
        road.overrides = ROADS["component"][3]
    return road


def saved_weights(path):
    """What is in a file of thinc's, read without the package."""
    message = srsly.msgpack_loads(path.read_bytes())
    states = [srsly.msgpack_loads(s)["state"] for shims in message["shims"] for s in shims]
    return safetensors.torch.load(next(filter(None, states)))


def schedule(steps):
    return list(islice(warmup_linear(RATE, WARMUP, TOTAL), steps))


def test_every_epoch_is_saved_and_the_loss_falls(road):
    folder = road.root / "pretrained"
    files = {path.name for path in folder.glob("*.bin")}
    assert files == {"model0.bin", "model1.bin", "model2.bin", "model3.bin", "model-last.bin"}
    losses = [line["epoch_loss"] for line in srsly.read_jsonl(folder / "log.jsonl")]
    assert losses[:4] == sorted(losses[:4], reverse=True)
    assert len({*losses[:4]}) == 4
    weights = [saved_weights(folder / name) for name in ("model0.bin", "model3.bin")]
    for name in weights[0]:
        assert not torch.equal(weights[0][name], weights[1][name]), name


def test_learning_rate_follows_its_schedule(road):
    assert len(road.rates) >= TOTAL
    assert road.rates == pytest.approx(schedule(len(road.rates)))
    assert len({*road.rates}) > WARMUP


def test_pretraining_goes_on_from_a_file(road):
    folder = road.root / "resumed"
    before = saved_weights(road.root / "pretrained" / "model1.bin")
    last = road.root / "pretrained" / "model1.bin"
    rates = road.run("pretrain", folder, "--resume-path", last)
    # two epochs are left of four; spaCy saves no optimizer, so its schedule starts again
    assert {path.name for path in folder.glob("*.bin")} == {
        "model2.bin",
        "model3.bin",
        "model-last.bin",
    }
    assert len(rates) == len(road.rates) // 2
    assert rates == pytest.approx(schedule(len(rates)))
    after = saved_weights(folder / "model3.bin")
    assert not torch.equal(after["embedding"], before["embedding"])
    losses = [
        [line["epoch_loss"] for line in srsly.read_jsonl(road.root / name / "log.jsonl")]
        for name in ("pretrained", "resumed")
    ]
    assert losses[1][0] < losses[0][0]
    # without a step nothing but the file is left: the very same weights, by the same way
    frozen = {"--pretraining.optimizer.learn_rate.initial_rate": "0.0"}
    frozen["--pretraining.optimizer.use_averages"] = "false"
    road.run("pretrain", road.root / "still", "--resume-path", last, **frozen)
    assert same(saved_weights(road.root / "still" / "model3.bin"), before)


def test_training_starts_from_the_very_weights_of_the_file(road):
    """spaCy's own initialization, and `spacy train` at a learning rate of zero."""
    path = road.root / "pretrained" / "model3.bin"
    expected = saved_weights(path)
    nlp = init_nlp(road.settings(**{"--paths.init_tok2vec": str(path)}))
    assert same(network_weights(nlp, road.component), expected)
    still = {"--training.optimizer.learn_rate": "0.0", "--training.optimizer.use_averages": "false"}
    road.run(
        "train", "--output", road.root / "trained", **still, **{"--paths.init_tok2vec": str(path)}
    )
    loaded = spacy.load(road.root / "trained" / "model-last")
    assert same(network_weights(loaded, road.component), expected)
    docs = [nlp.make_doc(text) for text in ENGLISH[:5]]
    models = [made.get_pipe(road.component).model for made in (nlp, loaded)]
    if road.component == "tagger":
        models = [model.get_ref("tok2vec") for model in models]
    for ours, theirs in zip(*(model.predict(docs) for model in models), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_training_moves_on_from_the_file(road):
    path = road.root / "pretrained" / "model3.bin"
    road.run("train", "--output", road.root / "moved", **{"--paths.init_tok2vec": str(path)})
    moved = network_weights(spacy.load(road.root / "moved" / "model-last"), road.component)
    expected = saved_weights(path)
    assert not torch.equal(moved["embedding"], expected["embedding"])
    if road.component == "tagger":
        assert torch.equal(moved["softmax.bias"], expected["softmax.bias"])


def test_the_file_is_a_source_too(road):
    path = road.root / "pretrained" / "model3.bin"
    nlp = init_nlp(road.settings(**{"--paths.source": str(path)}))
    made, expected = network_weights(nlp, road.component), saved_weights(path)
    assert same(made, expected)


def test_a_layer_without_a_language_model_ends_with_advice(tmp_path):
    road = Road(tmp_path, "inline")
    text = (tmp_path / "base.cfg").read_text("utf8")
    cnn = '[components.tagger.model.tok2vec]\n@architectures = "spacy.HashEmbedCNN.v2"\n'
    cnn += "pretrained_vectors = null\nwidth = 8\ndepth = 1\nembed_size = 20\nwindow_size = 1\n"
    cnn += "maxout_pieces = 2\nsubword_features = true\n"
    road.write_config(text.replace(INLINE + NETWORK, cnn))
    arguments = [item for pair in road.paths.items() for item in pair]
    done = run_spacy("pretrain", road.config, tmp_path / "out", *arguments)
    assert isinstance(done.exception, ValueError)
    assert "R022" in str(done.exception)
