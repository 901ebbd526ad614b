"""The architecture "spacy-rnn.RNNLM.v1": Docs in, hidden states and log-probabilities out."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import Model, PyTorchWrapper_v3
from thinc.model import deserialize_attr, serialize_attr
from thinc.types import Floats2d
from thinc.util import torch2xp

from ..config_errors import checks_settings
from ..defaults import MODEL
from ..errors import Errors
from ..network.clusters import CHOICES, choose_clusters
from ..network.inference import Wanted
from ..network.language_model import RNNLanguageModel
from ..network.precision import PRECISIONS
from ..network.recurrent import CELLS
from ..network.settings import DIRECTIONS, SPELLINGS, NetworkSettings
from ..validation import check_number, check_size
from ..vocabulary import Vocabulary
from ..vocabulary.alphabet import alphabet_of
from .finite import check_finite
from .layer_mixing import MIXING_PARAMETERS, mix_layers
from .network_outputs import (
    Outputs,
    convert_inputs,
    convert_outputs,
    joint_hidden,
    joint_layers,
    one_by_one,
    predict_sequences,
    side_by_side,
    with_starts,
    without_starts,
)
from .sequences import sequences_from_docs
from .shim import RNNShim, get_shim
from .skipping import doc_lengths, to_docs
from .sources import SourceModel


@registry.architectures("spacy-rnn.RNNLM.v1")
@checks_settings
def build_rnn_lm(
    *,
    cell: str = MODEL.cell,
    width: int = MODEL.width,
    embedding_width: int | None = MODEL.embedding_width,
    depth: int = MODEL.depth,
    direction: str = MODEL.direction,
    tied: bool = MODEL.tied,
    subword_rows: int = MODEL.subword_rows,
    ngram_rows: int = MODEL.ngram_rows,
    ngram_min: int = MODEL.ngram_min,
    ngram_max: int = MODEL.ngram_max,
    speller_width: int = MODEL.speller_width,
    speller_ngram_rows: int = MODEL.speller_ngram_rows,
    spelling: str = MODEL.spelling,
    softmax: bool = MODEL.softmax,
    cutoffs: str | list[int] | None = MODEL.cutoffs,
    precision: str = MODEL.precision,
    prediction_precision: str = MODEL.prediction_precision,
    attr: str = MODEL.attr,
    white_space: str = MODEL.white_space,
    normalize: str = MODEL.normalize,
    vocabulary: str | None = MODEL.vocabulary,
    source: str | None = MODEL.source,
) -> Model[list[Doc], list[Floats2d]]:
    """Build a recurrent language model.

    cell (str): "rnn" (Elman, tanh), "gru" or "lstm".
    width (int): Width of the hidden states of a direction, in units.
    embedding_width (Optional[int]): Width of the embedding; None for `width`.
    depth (int): Number of recurrent layers.
    direction (str): "forward" models p(w_i | w_1 … w_{i−1}), "backward" p(w_i | w_{i+1} … w_n),
        "both" has a stack of layers for each and puts their hidden states side by side.
    tied (bool): Whether the softmax shares the embedding's rows; needs equal widths.
    subword_rows (int): Rows of a hashed table of prefixes, suffixes and shapes that are added to
        what is read of a word, so that words which the vocabulary doesn't have are more than
        `<unk>`; 0 for none, else at least 2. Probabilities are of the vocabulary's words as ever.
    ngram_rows (int): Rows of a hashed table of character n-grams, all those of a word between marks
        of its edges, that are added as well; see `vocabulary/character_ngrams.py`. 0 for none.
    ngram_min, ngram_max (int): The sizes of these n-grams, in characters. 1 and 2 suit Chinese.
    speller_width (int): Width of the speller, which makes the vocabulary an open one: a word that
        it doesn't have gets the probability p(`<unk>` | context) · p(spelling), the latter from an
        LSTM over the word's characters (see `network/speller.py`); 0 for none. It learns from the
        unknown words of the training text, so let rare words be unknown (`min_count` = 2).
    speller_ngram_rows (int): Rows of a hashed table of the last two, three and four symbols, which
        are added to what the speller reads of a symbol; see `vocabulary/symbol_ngrams.py`. 0 for
        none, else at least 2. With them it learns more from the same words.
    spelling (str): What the speller knows. "plain": the word's characters only. "context": it
        starts from the state in which the word is predicted, p(`<unk>` | context) · p(spelling |
        context), gives nothing to words that the vocabulary has, and learns from its rare words
        too.
    softmax (bool): Whether there is a softmax. Without one it is an encoder, which gives vectors
        and no probabilities, for components that listen.
    cutoffs (Union[str, List[int], None]): Clusters of the softmax. "auto" and "fast" find them from
        the vocabulary's counts and the width: "fast" those that take the least time, up to 40;
        "auto" those with the best perplexity after an equal time of training: those of "fast" for
        a width under 128, else at most 16, and at most 6 for fewer than 40,000 words. A list gives
        the first row of each, None is the full softmax.
    precision (str): Of matrix products in training: "auto" (bfloat16 where the processor
        multiplies it), "float32" or "bfloat16".
    prediction_precision (str): Of matrix products in prediction. "float32" gives exact numbers, the
        same in any batch (1e-5). "bfloat16" or "auto" is up to twice as fast where the processor
        multiplies it; log-probabilities are then off by 0.005 on average and 0.1 at most (measured
        on zh-classics: 0.05), and differ between batches by as much. `predict_next` and
        `generate` stay in float32.
    attr (str): Token attribute that is modelled: "ORTH", "LOWER" or "NORM".
    white_space (str): "read": a token of white space, such as the second of two spaces or a line's
        end, is a word like any other. "skip": it isn't read and isn't counted; its log-probability
        is 0, its state and next words are those of the token before it.
    normalize (str): What makes variants of typing one word: "none", "nfkc" (Unicode's compatibility
        composition) or "typography" (quotation marks, dashes, dots, full-width forms, ligatures:
        see `vocabulary/normalization.py`). Docs keep their text; the form that is looked up and
        spelled changes.
    vocabulary (Optional[str]): A JSON file `[[word, count], …]`, read at initialization where no
        labels are given.
    source (Optional[str]): Trained weights to start from at initialization: the folder of a
        pipeline or of a component, or a file of `spacy pretrain`. Words are mapped by their text;
        new ones start as `<unk>`. A sublayer without another vocabulary takes the source's.
    RETURNS (Model[List[Doc], List[Floats2d]]): A float32 (n_tokens, nO) array for each Doc, row i
        the state after reading token i; nO is `width`, or twice that for both directions.
    RAISES (ValueError): For an unknown choice of an option, a size out of range, or different
        widths with `tied`. At initialization, without a vocabulary or for a source of another
        shape.
    """
    embedding_width = width if embedding_width is None else embedding_width
    _check_choice("prediction_precision", prediction_precision, PRECISIONS)
    _check_choice("direction", direction, DIRECTIONS)
    _check_choice("spelling", spelling, SPELLINGS)
    _validate(cell, precision, tied, width, embedding_width, depth, cutoffs)
    check_number("subword_rows", subword_rows, lambda n: n == 0 or n >= 2, "0 or >= 2", whole=True)
    check_number("ngram_rows", ngram_rows, lambda n: n >= 0, ">= 0", whole=True)
    check_size("ngram_min", ngram_min, least=1)
    check_size("ngram_max", ngram_max, least=ngram_min)
    check_number("speller_width", speller_width, lambda n: n >= 0, ">= 0", whole=True)
    rows = speller_ngram_rows
    check_number("speller_ngram_rows", rows, lambda n: n == 0 or n >= 2, "0 or >= 2", whole=True)
    if speller_width and not softmax:
        known = {"name": "the model", "options": f"speller_width = {speller_width}"}
        raise ValueError(Errors.R924.format(**known))
    settings = {
        "cell": cell,
        "embedding_width": embedding_width,
        "width": width,
        "depth": depth,
        "tied": tied,
        "direction": direction,
        "subword_rows": subword_rows,
        "speller_width": speller_width,
        # there is none without a speller, whatever a config says of it
        "speller_ngram_rows": speller_ngram_rows if speller_width else 0,
        "spelling": spelling,
        "softmax": softmax,
        "ngram_rows": ngram_rows,
        "ngram_min": ngram_min,
        "ngram_max": ngram_max,
    }
    network = PyTorchWrapper_v3(
        torch.nn.Identity(), convert_inputs=convert_inputs, convert_outputs=convert_outputs
    )
    network.shims[0] = RNNShim(settings, precision, prediction_precision)
    network.name = "rnn_network"
    network.attrs["dropout_rate"] = 0.0
    return Model(
        "rnn_lm",
        _forward,
        init=_Initializer(cutoffs, vocabulary, source),
        layers=[network],
        dims={"nO": width * len(DIRECTIONS[direction])},
        attrs={
            "vocabulary": Vocabulary(attr=attr, white_space=white_space, normalize=normalize),
            "replace_listener": _copy_for_listener,
        },
    )


def _copy_for_listener(copied: Model, listener: Model, upstream: Any) -> Model:
    """`nlp.replace_listeners` asks what a component gets instead of its listener."""
    if getattr(listener, "mixing", False):
        raise ValueError(Errors.R922.format(name=upstream.name))
    return copied


class _Initializer:
    """Sets the network up once the vocabulary is known; a class so that models can be pickled."""

    def __init__(
        self, cutoffs: str | list[int] | None, path: str | None, source: str | None
    ) -> None:
        self.cutoffs = cutoffs
        self.path = path
        self.source = source

    def __call__(self, model: Model, X: Any = None, Y: Any = None) -> Model:
        vocabulary: Vocabulary = model.attrs["vocabulary"]
        source = self.read_source()
        # a component chooses its vocabulary itself, and has no X for its model
        if not vocabulary or X is not None:
            vocabulary = self._read_vocabulary(vocabulary, source)
        if not vocabulary:
            raise ValueError(Errors.R007)
        shim = get_shim(model)
        sizes: dict[str, Any] = {"cutoffs": tuple(self._choose(vocabulary, source, shim.settings))}
        symbol_counts = None
        if shim.settings["speller_width"]:
            symbol_counts = alphabet_of(vocabulary).counts
            sizes["symbols"] = len(symbol_counts)
            if self.cutoffs is not None:
                choice = self.cutoffs if isinstance(self.cutoffs, str) else "auto"
                width = shim.settings["speller_width"]
                found = _choose_symbols(choice, symbol_counts, source, width)
                sizes["symbol_cutoffs"] = tuple(found)
        settings = NetworkSettings(len(vocabulary), **shim.settings, **sizes)
        network = RNNLanguageModel(settings, vocabulary.counts, symbol_counts)
        if source is not None:
            source.copy_into(network, vocabulary)
        model.attrs["vocabulary"] = vocabulary
        shim.set_network(network)
        return model

    def _read_vocabulary(self, known: Vocabulary, source: SourceModel | None) -> Vocabulary:
        if self.path is not None:
            return Vocabulary.from_file(self.path, **known.options)
        if source is not None:
            # under the model's options: a source of others is refused
            return Vocabulary(source.vocabulary.labels, **known.options)
        return known

    def read_source(self) -> SourceModel | None:
        return None if self.source is None else SourceModel(self.source)

    def _choose(
        self, vocabulary: Vocabulary, source: SourceModel | None, settings: dict[str, Any]
    ) -> list[int]:
        if self.cutoffs is None or not settings.get("softmax", True):
            return []
        if isinstance(self.cutoffs, str):
            # the source's clusters go on: most of their words stay in them if new ones are rare
            given = [] if source is None else list(source.network.settings.cutoffs)
            fits = bool(given) and given[-1] < len(vocabulary)
            return (
                given
                if fits
                else choose_clusters(self.cutoffs, vocabulary.counts, settings["width"])
            )
        if self.cutoffs and self.cutoffs[-1] >= len(vocabulary):
            raise ValueError(Errors.R018.format(cutoffs=self.cutoffs, words=len(vocabulary)))
        return self.cutoffs


def _choose_symbols(
    choice: str, counts: np.ndarray, source: SourceModel | None, width: int
) -> list[int]:
    given = [] if source is None else list(source.network.settings.symbol_cutoffs)
    return given if given and given[-1] < len(counts) else choose_clusters(choice, counts, width)


def _forward(
    model: Model, docs: list[Doc], is_train: bool
) -> tuple[list[Floats2d], Callable[[list[Floats2d]], list]]:
    readings = sequences_from_docs(model, docs)
    network = model.layers[0]  # not by its ref: Model.copy() drops refs
    mixing = MIXING_PARAMETERS[0] in model.param_names
    if not is_train:
        predictions = predict_sequences(model, readings, Wanted(hidden=True, layers=mixing))
        made = [to_docs(*pair) for pair in zip(readings, predictions, strict=True)]
        hidden = joint_hidden(made)
        assert hidden is not None
        check_finite(get_shim(model).description, hidden)
        vectors = torch2xp(hidden)
        if mixing:
            layers: list[Any] = [*map(torch2xp, joint_layers(made)), vectors]
            vectors = mix_layers(model, layers, learns=False)[0]
        return without_starts(vectors, doc_lengths(readings[0])), _no_backprop
    if not docs:
        return [], _no_backprop
    for reading in readings:
        reading.wanted.layers = mixing
    outputs, backprop_network = network(readings, is_train=True)
    every = zip(*([*output.lower, output.hidden] for output in outputs), strict=True)
    layers = [side_by_side(readings, layer) for layer in every]
    joint: Any = layers[-1]
    backprop_mixed: Callable[[Floats2d], list[Floats2d]] = _alone
    if mixing:
        joint, backprop_mixed = mix_layers(model, layers, learns=True)

    def backprop(d_vectors: list[Floats2d]) -> list:
        d_layers = backprop_mixed(with_starts(model, d_vectors))
        parts = zip(*(one_by_one(readings, d_layer) for d_layer in d_layers), strict=True)
        return backprop_network([Outputs(d, None, lower=lower) for *lower, d in parts])

    return without_starts(joint, doc_lengths(readings[0])), backprop


def _alone(d_hidden: Floats2d) -> list[Floats2d]:
    return [d_hidden]


def _no_backprop(d_hidden: list[Floats2d]) -> list:
    return []


def _validate(
    cell: str,
    precision: str,
    tied: bool,
    width: int,
    embedding_width: int,
    depth: int,
    cutoffs: str | list[int] | None,
) -> None:
    _check_choice("cell", cell, CELLS)
    _check_choice("precision", precision, PRECISIONS)
    for name, size in (("width", width), ("embedding_width", embedding_width), ("depth", depth)):
        check_size(name, size, least=1)
    if tied and width != embedding_width:
        raise ValueError(Errors.R017.format(width=width, embedding_width=embedding_width))
    if isinstance(cutoffs, str) and cutoffs not in CHOICES:
        known = "auto, fast, null, or a list of rows"
        raise ValueError(Errors.R008.format(option="cutoffs", value=cutoffs, known=known))
    if isinstance(cutoffs, list) and (
        not all(isinstance(row, int) for row in cutoffs)
        or min(cutoffs, default=2) < 2
        or cutoffs != sorted(set(cutoffs))
    ):
        raise ValueError(Errors.R018.format(cutoffs=cutoffs, words="?"))


def _check_choice(option: str, value: str, choices: Iterable[str]) -> None:
    if value not in choices:
        known = ", ".join(choices)
        raise ValueError(Errors.R008.format(option=option, value=value, known=known))


@serialize_attr.register(Vocabulary)
def _serialize_vocabulary(_: Any, value: Vocabulary, name: str, model: Model) -> bytes:
    return value.to_bytes()


@deserialize_attr.register(Vocabulary)
def _deserialize_vocabulary(_: Any, value: bytes, name: str, model: Model) -> Vocabulary:
    return Vocabulary.from_bytes(value)
