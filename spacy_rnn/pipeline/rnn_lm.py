"""The component: `nlp.add_pipe("rnn_lm")`."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from spacy.language import Language
from spacy.pipeline import Pipe, TrainablePipe
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab
from thinc.api import Model

from ..config_errors import checks_settings
from ..defaults import COMPONENT
from ..errors import Errors, Warnings
from ..layers.carried import CarriedStates
from ..layers.shim import RNNShim, get_shim
from ..network.cache import LARGEST_WINDOW, CacheSettings
from ..validation import check_number, check_size
from ..vocabulary import Vocabulary
from ..vocabulary.spacing import Spacing
from ..vocabulary.spacing_counts import SpacingCounts
from .annotations import ANNOTATIONS, DocAnnotations
from .chained_reading import ChainedReading
from .computing import Computing
from .continuations import Continuing
from .counting import Counting
from .embeddings import EmbeddingTable
from .extensions import register_extensions, set_output
from .learned_spacing import count_beginning, count_beside, learn_spacing, predicted_doc
from .learning import Learner
from .missing_outputs import note_renaming
from .pitfalls import (
    check_coverage,
    check_gold_tokens,
    check_own_work,
    check_pipeline,
    check_readers,
    check_training,
)
from .preceding import WeakPipeline
from .prompting import Writer
from .saving import Saving
from .serving_options import check_serving
from .token_watch import TokenWatch
from .tracing import Tracing
from .training_tokens import as_in_training, warn_of_missed_components

_DUMMY_WORDS = ["x", "y", "z"]
# Where spaCy's own code reads the name.
_NAME: Any = vars(Pipe)["name"]


class RNNLM(
    Learner,
    Writer,
    Continuing,
    Computing,
    ChainedReading,
    Tracing,
    Counting,
    EmbeddingTable,
    Saving,
    TrainablePipe,
):
    """A recurrent language model that annotates Docs and is trained on their tokens.

    vocab (Vocab): The shared vocabulary.
    model (Model[List[Doc], List[Floats2d]]): "spacy-rnn.RNNLM.v1".
    name (str): The component's name; its output is `doc._.<name>`.
    top_k (int): How many next words are kept for each token.
    annotations (Sequence[str]): What is computed and kept: "hidden", "log_probs", "next",
        "final_state", "layers" (hidden states of all layers and the embedding), the measures of
        `network/measures.py`, "entropy" and "rank" (all in `doc._.<name>`, see `LMOutput`), and
        "tensor" (`doc.tensor`). The default leaves out the
        measures. What isn't named costs nothing; without "log_probs", "next" and measures no
        softmax runs.
    min_count (int): At initialization, rarer words are unknown.
    max_size (Optional[int]): At initialization, keep only so many words.
    lm_weight (float): The weight of the language model's own loss beside the gradients of the
        components that listen; 0 leaves the softmax out of training.
    cache_window (int): With a window above 0, each document's words are predicted once more with a
        neural cache of so many of its own words, 10,000 at most (Grave et al. 2017, see
        `network/cache.py`). It needs "log_probs" and stands apart from them:
        `doc._.<name>.cache_log_probs` and the score `lm_cache_perplexity`. 0 for none.
    cache_weight (float): The cache's share of the probability, in [0, 1).
    cache_flatness (float): How much more a word of the cache counts if the state before it was
        like the present one: θ of Grave et al., from 0 (all count alike) to 1000.
    scorer (Optional[Callable]): Called with the examples and `lm=` this component.
    tokenizer (Optional[Callable[[str], Doc]]): Reads text prompts.
    RAISES (ValueError): For an unknown annotation, a size out of range, a model of another
        architecture, or the name of an attribute such as `rnn_next`.

    EXAMPLE:
        >>> import spacy
        >>> from spacy.training import Example
        >>> nlp = spacy.blank("zh")
        >>> lm = nlp.add_pipe("rnn_lm", config={"top_k": 2})
        >>> docs = [nlp.make_doc("我爱你"), nlp.make_doc("我爱北京")]
        >>> _ = nlp.initialize(lambda: [Example(doc, doc) for doc in docs])
        >>> nlp("我爱")._.rnn_lm.hidden.shape
        (2, 256)
    """

    def __init__(
        self,
        vocab: Vocab,
        model: Model,
        name: str = "rnn_lm",
        *,
        top_k: int = COMPONENT.top_k,
        annotations: Sequence[str] = COMPONENT.annotations,
        min_count: int = COMPONENT.min_count,
        max_size: int | None = COMPONENT.max_size,
        lm_weight: float = COMPONENT.lm_weight,
        cache_window: int = COMPONENT.cache_window,
        cache_weight: float = COMPONENT.cache_weight,
        cache_flatness: float = COMPONENT.cache_flatness,
        scorer: Callable[..., dict[str, Any]] | None = None,
        tokenizer: Callable[[str], Doc] | None = None,
    ) -> None:
        unknown = sorted(set(annotations) - set(ANNOTATIONS))
        if unknown:
            known = ", ".join(ANNOTATIONS)
            raise ValueError(Errors.R301.format(unknown=unknown[0], name=name, known=known))
        check_size("top_k", top_k, least=1)
        check_size("min_count", min_count, least=1)
        if max_size is not None:
            check_size("max_size", max_size, least=1)
        check_number("lm_weight", lm_weight, lambda weight: weight >= 0, ">= 0")
        _check_cache(cache_window, cache_weight, cache_flatness)
        if cache_window and get_shim(model).settings["direction"] == "backward":
            raise ValueError(Errors.R324.format(name=name, action="use a neural cache"))
        if not isinstance(model.attrs.get("vocabulary"), Vocabulary):
            raise ValueError(Errors.R333.format(name=name))
        if not get_shim(model).settings.get("softmax", True):
            options = {"lm_weight": lm_weight, "annotations": annotations}
            check_serving(name, {**options, "cache_window": cache_window, "scorer": scorer})
        super().__init__()
        self.vocab = vocab
        self.model = model
        self.name = name
        self._first_name = name
        self.cfg: dict[str, Any] = {}
        self.top_k = top_k
        self.annotations = tuple(annotations)
        self.min_count = min_count
        self.max_size = max_size
        self.lm_weight = lm_weight
        self.cache = CacheSettings(cache_window, cache_weight, cache_flatness)
        self.scorer = scorer
        self.tokenizer = tokenizer
        self.spacing = Spacing()
        self._pipeline = WeakPipeline()
        self.shim.description = name
        self._carried = CarriedStates(name)
        register_extensions(name)

    @property
    def name(self) -> str:
        """RETURNS (str): The component's name; that of the pipeline which sourced it last."""
        return _NAME.__get__(self)

    @name.setter
    def name(self, name: str) -> None:
        before = _NAME.__get__(self)
        if before not in (None, name):
            register_extensions(name)
            note_renaming(before, name)
        _NAME.__set__(self, name)

    @property
    def labels(self) -> tuple[str, ...]:
        """Empty: the words are in `label_data`, too many to list wherever spaCy lists labels."""
        return ()

    @property
    def label_data(self) -> list[list[Any]]:
        """RETURNS (List): ``[[word, count], …]``, what `spacy init labels` writes."""
        return self.vocabulary.labels

    @property
    def vocabulary(self) -> Vocabulary:  # type: ignore[override]
        """RETURNS (Vocabulary): The model's words by row."""
        return self.model.attrs["vocabulary"]

    @property
    def shim(self) -> RNNShim:  # type: ignore[override]
        return get_shim(self.model)

    def join_pipeline(self, nlp: Language) -> None:
        """Read text prompts as a pipeline reads texts, components before this one included.

        nlp (Language): The pipeline. Only a weak reference to it is kept.
        """
        self._pipeline = WeakPipeline(nlp, self)

    # -- prediction

    def predict(self, docs: Iterable[Doc]) -> list[DocAnnotations]:
        """Compute the annotations of a batch, without setting them.

        docs (Iterable[Doc]): The documents, of any number and length, empty ones too.
        RETURNS (List[DocAnnotations]): One for each Doc.
        RAISES (ValueError): If the model is not initialized, if `top_k` is more than the words that
            can be predicted, if a listener would read another component's vectors, or if a number
            isn't finite.
        """
        docs = list(docs)
        self.finish_pending_step(docs)
        self.check_listeners()
        self._check_top_k(self.vocabulary)
        annotations = set(self.annotations) | ({"tensor"} if self.writes_tensor else set())
        annotations |= {"hidden"} if self.shows_hidden else set()
        annotations |= {"layers"} if self.shows_layers else set()
        return self._compute(docs, annotations)

    def set_annotations(self, docs: Iterable[Doc], scores: list[DocAnnotations]) -> None:
        """Write what `predict` computed onto the Docs."""
        register_extensions(self.name)  # somebody else may have taken one since
        for doc, made in zip(docs, scores, strict=True):
            set_output(doc, self.name, made.output)
            if self._first_name != self.name and doc.vocab is self.vocab:
                # a Doc of the pipeline that it comes from, where it goes on under its old name
                set_output(doc, self._first_name, made.output)
            if made.tensor is not None:
                doc.tensor = made.tensor  # type: ignore[assignment]

    # -- training

    @checks_settings
    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        labels: list[list[Any]] | None = None,
    ) -> None:
        """Build the vocabulary and the network, and learn where spaces go.

        get_examples (Callable[[], Iterable[Example]]): The training text; read once, only its
            beginning if the vocabulary is given. Its words are counted as [training]
            annotating_components leave them. If the model has a source, the text's words join the
            source's.
        nlp (Optional[Language]): The pipeline; its tokenizer will read text prompts, its vocab gets
            the words.
        labels (Optional[List]): The vocabulary ``[[word, count], …]``, as
            `python -m spacy init labels` writes it; `[initialize.components.rnn_lm.labels]`.
        RAISES (ValueError): Without any word; for spaCy's dummy example; for a malformed
            vocabulary; if `top_k` is more than the words that can be predicted.
        """
        if nlp is not None:
            self.vocab, self.tokenizer = nlp.vocab, nlp.tokenizer
            self._first_name = self.name
            self.join_pipeline(nlp)
        options = self.vocabulary.options
        setup: Any = self.model.init
        if labels is not None:
            vocabulary = Vocabulary.from_labels(labels, **options)
            gaps = count_beginning(get_examples, vocabulary.normalize)
        elif setup.path is not None:
            vocabulary = Vocabulary.from_file(setup.path, **options)
            gaps = count_beside(setup.path, get_examples, vocabulary.normalize)
        else:
            gaps = SpacingCounts(self.vocabulary.normalize)
            vocabulary = self._count_words(self._training_docs(get_examples), nlp, gaps)
            if setup.source is not None:
                known = setup.read_source().vocabulary
                if nlp is not None:
                    check_readers(nlp, known)
                check_coverage(self.name, vocabulary, known)
                vocabulary = known.joined_with(vocabulary)
        self._check_top_k(vocabulary)
        self._looked_at = True
        if nlp is not None:
            self._check_pitfalls(nlp, get_examples)
        before = self.vocabulary
        self.model.attrs["vocabulary"] = vocabulary
        try:
            self.model.initialize()
        except Exception:
            self.model.attrs["vocabulary"] = before
            raise
        self.spacing = learn_spacing(gaps, setup.source)
        self._carried = CarriedStates(self.name)
        self.forget_batch()
        self._add_strings()

    def _check_pitfalls(self, nlp: Language, get_examples: Callable[[], Iterable[Example]]) -> None:
        setup: Any = self.model.init
        sourced = setup.source is not None
        check_training(nlp, self.name)
        check_pipeline(nlp, self.name, bool(self.listeners), sourced)
        self._watch = TokenWatch(warned=warn_of_missed_components(nlp, self, get_examples))
        if self.listeners:
            check_gold_tokens(nlp, self.name, get_examples)
            if sourced:
                check_own_work(self.name, self.lm_weight, self.annotations)

    def _count_words(
        self, docs: Iterable[Doc], nlp: Language | None, gaps: SpacingCounts
    ) -> Vocabulary:
        if nlp is not None:
            if nlp.config["training"]["max_epochs"] == -1:
                warnings.warn(Warnings.W301.format(name=self.name), stacklevel=3)
            docs = as_in_training(nlp, self, docs)
        return Vocabulary.from_docs(
            gaps.watch(docs),
            min_count=self.min_count,
            max_size=self.max_size,
            **self.vocabulary.options,
        )

    def _check_top_k(self, vocabulary: Vocabulary) -> None:
        words = len(vocabulary) - 1
        # without words the network says what is wrong
        if vocabulary and "next" in self.annotations and self.top_k > words:
            raise ValueError(Errors.R308.format(k=self.top_k, words=words))

    def _training_docs(self, get_examples: Callable[[], Iterable[Example]]) -> Iterator[Doc]:
        if not callable(get_examples):
            raise TypeError(Errors.R314.format(name=self.name, type=type(get_examples).__name__))
        examples = iter(get_examples())
        head = list(itertools.islice(examples, 2))
        for example in head:
            if not isinstance(example, Example):
                raise TypeError(Errors.R313.format(name=self.name, type=type(example).__name__))
        if len(head) == 1 and [token.text for token in head[0].predicted] == _DUMMY_WORDS:
            raise ValueError(Errors.R302.format(name=self.name))
        for example in itertools.chain(head, examples):
            yield predicted_doc(example)


def _check_cache(window: int, weight: float, flatness: float) -> None:
    within = f"from 0 to {LARGEST_WINDOW}"
    check_number("cache_window", window, lambda n: 0 <= n <= LARGEST_WINDOW, within, whole=True)
    check_number("cache_weight", weight, lambda w: 0 <= w < 1, "in [0, 1)")
    check_number("cache_flatness", flatness, lambda f: 0 <= f <= 1000, "in [0, 1000]")
