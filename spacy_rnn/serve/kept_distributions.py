"""What may come after a text: a key asks for it more than once, and so does the next key."""

from __future__ import annotations

import math
from collections import OrderedDict

import torch
from torch import Tensor

from ..errors import Errors
from ..network.softmax import EXCLUDED, stable_top_k
from ..pipeline.rnn_lm import RNNLM
from ..pipeline.session import Session
from ..vocabulary import BOUNDARY_ROW, UNKNOWN_ROW

# So much memory at most for a model; of 50,000 words that is 300 distributions.
_MOST_BYTES = 2**26


class KeptDistributions:
    """Distributions over the vocabulary, by what was fed to a session; those that were used longest
    ago go first.

    lm (RNNLM): The language model.
    """

    def __init__(self, lm: RNNLM) -> None:
        self._softmax = lm.network.softmax
        self._words = lm.vocabulary.words
        self._most = max(16, _MOST_BYTES // (4 * len(self._words)))
        # with what was fed, so that no other one gets its id
        self._kept: OrderedDict[int, tuple[object, Tensor]] = OrderedDict()

    def after(self, session: Session, feeds: int) -> list[Tensor]:
        """RETURNS (List[Tensor]): float32 (words,) each, natural log-probabilities of all words
        before each of the last feeds and after them.

        session (Session): What was read.
        feeds (int): How many of its last feeds.
        """
        wanted = session.feeds[-1 - feeds :]
        missing = [fed for fed in wanted if id(fed) not in self._kept]
        if missing:
            with torch.no_grad():  # one product: it reads all weights once
                made = self._softmax.log_distribution(torch.cat([fed.hidden for fed in missing]))
            for fed, row in zip(missing, made, strict=True):
                self._kept[id(fed)] = fed, row.clone()  # a part would keep the whole
        found = [self._kept[id(fed)][1] for fed in wanted]
        for fed in wanted:
            self._kept.move_to_end(id(fed))
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return found

    def end_log_prob(self, session: Session) -> float:
        """RETURNS (float): `session.end_log_prob`, for which alone no distribution is made."""
        kept = self._kept.get(id(session.feeds[-1]))
        return session.end_log_prob if kept is None else float(kept[1][BOUNDARY_ROW])

    def next_words(self, session: Session, k: int) -> list[tuple[str, float]]:
        """RETURNS (List[Tuple[str, float]]): What `session.next(k=k)` returns.
        RAISES (ValueError): If there are fewer words.
        """
        words = len(self._words) - 1
        if k > words:
            raise ValueError(Errors.R308.format(k=k, words=words))
        log_probs = self.after(session, 0)[0].clone()
        log_probs[UNKNOWN_ROW] = EXCLUDED
        values, rows = stable_top_k(log_probs[None], k)
        pairs = zip(rows[0].tolist(), values[0].tolist(), strict=True)
        return [(self._words[row], math.exp(value)) for row, value in pairs]
