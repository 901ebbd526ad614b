"""The learned embedding table: look up, compare, export."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from spacy.vectors import Vectors
from spacy.vocab import Vocab

from ..errors import Errors
from ..layers.finite import check_finite
from ..validation import check_size, check_type
from ..vocabulary import UNKNOWN_ROW, Vocabulary

if TYPE_CHECKING:
    from ..layers.shim import RNNShim


class EmbeddingTable:
    """The methods of the component that read the embedding."""

    name: str
    vocab: Vocab
    vocabulary: Vocabulary
    shim: RNNShim
    finish_pending_step: Callable[[], None]

    def embedding(self, word: str) -> np.ndarray:
        """RETURNS (ndarray): float32 (embedding_width,); that of `<unk>` for an unknown word.
        RAISES (TypeError): For anything else than a word.
        """
        self.finish_pending_step()
        row = self.shim.network.embedding[self._row(word)]
        return row.detach().cpu().numpy().copy()

    def most_similar(self, word: str, n: int = 10) -> list[tuple[str, float]]:
        """The words with the most similar embeddings, by cosine.

        word (str): A word of the vocabulary.
        n (int): How many; fewer come back from a smaller vocabulary.
        RETURNS (List[Tuple[str, float]]): Words and cosines, falling; without the word itself,
            `<unk>` and `</s>`.
        RAISES (ValueError): If the word is not in the vocabulary, n is below 1, or the weights are
            so large that a cosine isn't finite.
        RAISES (TypeError): For anything else than a word.
        """
        n = check_size("n", n, least=1)
        row = self._row(word)
        table = self._table()
        if row == UNKNOWN_ROW:
            raise ValueError(Errors.R310.format(word=word, name=self.name))
        with np.errstate(over="ignore", invalid="ignore"):
            norms = np.linalg.norm(table, axis=1)
            cosines = table @ table[row] / np.maximum(norms * norms[row], 1e-12)
        check_finite(self.name, norms, cosines)
        order = np.argsort(-cosines, kind="stable").tolist()
        found = [r for r in order if r > 1 and r != row][:n]
        return [(self.vocabulary.words[r], float(cosines[r])) for r in found]

    def export_vectors(self, *, overwrite: bool = False, vocab: Vocab | None = None) -> None:
        """Write the embedding of every word into `vocab.vectors`, for `token.vector` and
        `similarity`.

        overwrite (bool): Replace vectors that are there already.
        vocab (Optional[Vocab]): Where to. A component that was sourced from another pipeline keeps
            the other's vocab: give it `nlp.vocab`.
        RAISES (ValueError): If there are vectors and `overwrite` is False.
        """
        vocab = self.vocab if vocab is None else vocab
        check_type("vocab", vocab, Vocab, "a Vocab of spaCy, such as nlp.vocab")
        if vocab.vectors.shape[0] and not overwrite:
            raise ValueError(Errors.R311.format(rows=vocab.vectors.shape[0]))
        table = self._table()
        name = f"{self.name}.vectors"
        words = self.vocabulary.words[2:]
        for word in words:
            vocab.strings.add(word)
        attr = self.vocabulary.attr
        vocab.vectors = Vectors(data=table[2:].copy(), keys=words, name=name, attr=attr)

    def _row(self, word: str) -> int:
        check_type("word", word, str, "a string")
        # "The" is read as "the", if the attribute is "LOWER"
        normed = word and self.vocabulary.attr != "ORTH"
        return self.vocabulary.row_of(self.vocab[word]) if normed else self.vocabulary.row(word)

    def _table(self) -> np.ndarray:
        self.finish_pending_step()
        return self.shim.network.embedding.detach().cpu().numpy()
