"""What a language model can say: the next word, the whole distribution, a continuation."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from spacy.tokens import Doc
from spacy.vocab import Vocab
from thinc.api import Model

from ..errors import Errors
from ..layers.finite import check_finite
from ..layers.read_states import ReadState
from ..layers.sequences import read_words
from ..network.generation import continue_rows, next_log_probs, next_top_k, read_prefix
from ..network.recurrent import State
from ..network.sampling import ExcludedRows, Transform, standard_transforms
from ..validation import check_number, check_size
from ..vocabulary import BOUNDARY_ROW, UNKNOWN_ROW, Vocabulary
from ..vocabulary.spacing import Spacing
from ..vocabulary.symbols import BOUNDARY
from .completion import LAST_TOKENS, Completion, complete_text
from .detokenization import Detokenizer
from .preceding import WeakPipeline
from .session import Session

if TYPE_CHECKING:
    from ..layers.shim import RNNShim


class Writer:
    """The methods of the component that take a prompt.

    A prompt is text or a Doc. Text is read by `tokenizer` and by the components before this one
    that may change tokens, those of the pipeline which the component was made or initialized in.
    Where a pipeline gets another tokenizer or sources the component, give Docs, or set `tokenizer`
    (no other component runs then). Words that the vocabulary doesn't have are read as `<unk>`; an
    empty prompt is the beginning of a document.
    """

    name: str
    vocab: Vocab
    model: Model
    vocabulary: Vocabulary
    spacing: Spacing
    shim: RNNShim
    tokenizer: Callable[[str], Doc] | None
    _pipeline: WeakPipeline
    finish_pending_step: Callable[[], None]

    def predict_next(self, prompt: str | Doc, k: int = 5) -> list[tuple[str, float]]:
        """The most probable next words.

        prompt (Union[str, Doc]): What was read so far.
        k (int): How many words.
        RETURNS (List[Tuple[str, float]]): Words and probabilities, falling; `<unk>` is left out,
            `</s>` is the end of the document.
        RAISES (ValueError): If k is no whole number, below 1, or more than the words that can be
            predicted.
        """
        k = check_size("k", k, least=1)
        return self.next_words(self._read(prompt), k)

    def next_words(self, state: State, k: int) -> list[tuple[str, float]]:
        """See `predict_next`.

        state (State): After what was read.
        """
        words = len(self.vocabulary) - 1
        if k > words:
            raise ValueError(Errors.R308.format(k=k, words=words))
        log_probs, rows = next_top_k(self.shim.network, state, k, UNKNOWN_ROW)
        check_finite(self.name, np.array(log_probs))
        return [
            (self.vocabulary.words[row], math.exp(log_prob))
            for row, log_prob in zip(rows, log_probs, strict=True)
        ]

    def next_distribution(self, prompt: str | Doc) -> tuple[list[str], np.ndarray]:
        """The distribution over the whole vocabulary.

        prompt (Union[str, Doc]): What was read so far.
        RETURNS (Tuple[List[str], ndarray]): All words by row, `<unk>` and `</s>` among them, and
            their float32 probabilities (words,), which sum to 1.
        """
        probabilities = next_log_probs(self.shim.network, self._read(prompt)).exp()
        check_finite(self.name, probabilities)
        return list(self.vocabulary.words), probabilities.cpu().numpy()

    def generate(
        self,
        prompt: str | Doc = "",
        *,
        max_tokens: int = 20,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        excluded: Iterable[str] = (),
        repetition_penalty: float = 1.0,
        transforms: Sequence[Transform] | None = None,
        seed: int = 0,
    ) -> str:
        """Continue a text, word by word, until `</s>` or `max_tokens`. Never writes `<unk>`.

        Spaces go where the raw text of training had them (see `vocabulary/spacing.py`), or, for a
        model that saw none, where script and punctuation call for them.

        prompt (Union[str, Doc]): The beginning; stands unchanged in the result.
        max_tokens (int): At most so many new tokens.
        temperature (float): Below 1 sharpens the distribution, above 1 flattens it; 0 always
            takes the most probable word.
        top_k (int): Draw from the k most probable words only; 0 for all.
        top_p (float): Draw from the most probable words that have this much probability together
            (Holtzman et al. 2020); 1.0 for all.
        excluded (Iterable[str]): Words that are never written; with `</s>` among them no text ends
            before `max_tokens`.
        repetition_penalty (float): Words that were read or written have p ∝ p^penalty (after Keskar
            et al. 2019); 1.0 changes nothing.
        transforms (Optional[Sequence[Transform]]): Instead of these options, what is done to each
            distribution before a word is drawn; see `network/sampling.py`.
        seed (int): The same seed gives the same text; any number of 64 bits.
        RETURNS (str): Prompt and continuation.
        RAISES (ValueError): For an option out of range; if no word is left to draw.
        """
        written = self.stream(
            prompt,
            max_tokens=max_tokens,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            excluded=excluded,
            repetition_penalty=repetition_penalty,
            transforms=transforms,
            seed=seed,
        )
        text = prompt if isinstance(prompt, str) else prompt.text
        return text + "".join(written)

    def stream(
        self,
        prompt: str | Doc = "",
        *,
        max_tokens: int = 20,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        excluded: Iterable[str] = (),
        repetition_penalty: float = 1.0,
        transforms: Sequence[Transform] | None = None,
        seed: int = 0,
    ) -> Iterator[str]:
        """What `generate` writes after the prompt, as it comes.

        See `generate` for the options, which are checked at once.
        YIELDS (str): A word, with a space before it where one belongs.
        """
        doc = self._as_doc(prompt)
        return self.stream_from(
            self._read(doc),
            Detokenizer(self.spacing, doc, normalize=self.vocabulary.normalize),
            self.vocabulary.rows([doc])[0].tolist(),
            max_tokens=max_tokens,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            excluded=excluded,
            repetition_penalty=repetition_penalty,
            transforms=transforms,
            seed=seed,
        )

    def stream_from(
        self,
        state: State,
        detokenizer: Detokenizer,
        read: Iterable[int],
        *,
        max_tokens: int = 20,
        transforms: Sequence[Transform] | None = None,
        seed: int = 0,
        **options: Any,
    ) -> Iterator[str]:
        """See `stream`.

        state (State): After what was read.
        detokenizer (Detokenizer): What was read; it reads on.
        read (Iterable[int]): The rows of what was read.
        """
        check_number("max_tokens", max_tokens, lambda n: n >= 0, ">= 0", whole=True)
        check_number("seed", seed, lambda n: -(2**63) <= n < 2**63, "of 64 bits", whole=True)
        usual = self.transforms_for(**options)
        rows = continue_rows(
            self.shim.network,
            state,
            end=BOUNDARY_ROW,
            max_tokens=int(max_tokens),
            # unknown words have no text to write
            transforms=[
                ExcludedRows([UNKNOWN_ROW]),
                *(usual if transforms is None else transforms),
            ],
            seed=int(seed),
            read=read,
        )
        return self._write(rows, detokenizer)

    def _write(self, rows: Iterator[int], detokenizer: Detokenizer) -> Iterator[str]:
        try:
            for row in rows:
                yield detokenizer.add(self.vocabulary.words[row])
        except FloatingPointError:
            raise ValueError(Errors.R371.format(name=self.name)) from None
        except LookupError:
            raise ValueError(Errors.R830.format(name=self.name)) from None

    def transforms_for(
        self,
        *,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        excluded: Iterable[str] = (),
        repetition_penalty: float = 1.0,
    ) -> list[Transform]:
        """The transforms that the options of `generate` stand for.

        RETURNS (List[Transform]): Excluded words, repetition, top-k, temperature, top-p.
        RAISES (ValueError): For an option out of range.
        """
        check_number("temperature", temperature, lambda t: t >= 0, ">= 0")
        check_number("top_k", top_k, lambda k: k >= 0, ">= 0", whole=True)
        check_number("top_p", top_p, lambda p: 0 < p <= 1, "above 0 and at most 1")
        check_number("repetition_penalty", repetition_penalty, lambda p: p >= 1, ">= 1")
        if isinstance(excluded, str) or not isinstance(excluded, Iterable):
            raise TypeError(Errors.R831.format(type=type(excluded).__name__))
        return standard_transforms(
            temperature=float(temperature),
            top_k=int(top_k),
            top_p=float(top_p),
            excluded=self._rows_of(excluded),
            repetition_penalty=float(repetition_penalty),
        )

    def session(self) -> Session:
        """RETURNS (Session): A text that grows while somebody types, empty at first."""
        return Session(self)

    def complete(
        self,
        text: str | Doc,
        k: int = 5,
        *,
        accept: Callable[[str], bool] | None = None,
    ) -> list[Completion]:
        """What a text may go on with whose last word may be half-typed.

        The next word w begins at a border b: at the end of the text, or before one of its last four
        tokens, since a tokenizer may cut a half-typed word anywhere. Then it is longer than what
        stands after b and begins with it:

            P(b, w) ∝ p(tokens before b) · p(w | tokens before b)

        over all such b and w: words of the vocabulary (without `<unk>` and `</s>`) and, with a
        speller, user words of the tokenizer, which have the probability of their spelling. No word
        holds a space: in English only what follows the last one can be half-typed.

        text (Union[str, Doc]): The text.
        k (int): At most so many completions.
        accept (Optional[Callable[[str], bool]]): Which words may come, as for an input method; P is
            normalised over these.
        RETURNS (List[Completion]): By falling probability.
        """
        doc = self._as_doc(text)
        before = max(0, len(doc) - LAST_TOKENS)
        state = self._read(doc[:before].as_doc())
        start = doc[before].idx if before < len(doc) else 0
        read = Detokenizer(self.spacing, doc[:before].as_doc(), normalize=self.vocabulary.normalize)
        known = ReadState(self.shim.network, state)
        found = complete_text(self, known, doc[before:].as_doc(), k, accept, read)
        return [made._replace(start=made.start + start) for made in found]

    def _rows_of(self, words: Iterable[str]) -> list[int]:
        rows = [BOUNDARY_ROW if word == BOUNDARY else self.vocabulary.row(word) for word in words]
        return [row for row in rows if row != UNKNOWN_ROW]

    def _as_doc(self, text: str | Doc) -> Doc:
        if isinstance(text, str):
            if self.tokenizer is None:
                raise ValueError(Errors.R312.format(name=self.name))
            text = self._pipeline.prepare_prompt(self, self.tokenizer(text))
        if not isinstance(text, Doc):
            raise TypeError(Errors.R316.format(type=type(text).__name__))
        return text

    def _read(self, prompt: str | Doc) -> State:
        prompt = self._as_doc(prompt)
        self.finish_pending_step()
        if self.shim.network.directions == (True,):
            raise ValueError(Errors.R324.format(name=self.name, action="write"))
        rows, features = read_words(self.model, prompt)
        return read_prefix(self.shim.network, rows, features)
