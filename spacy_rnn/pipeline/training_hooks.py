"""What a training loop asks of the component beyond spaCy's protocol: its state between two steps,
and its share of a batch that several processes divide."""

from __future__ import annotations

from collections.abc import Sequence

from spacy.tokens import Doc
from torch import Tensor

from ..corpus.windows import count_inner_windows, count_predictions
from ..layers.carried import CarriedStates
from ..layers.shim import RNNShim
from ..vocabulary import Vocabulary
from .upstream import ListenedTo


class TrainingHooks(ListenedTo):
    """The methods of the component that `python -m spacy rnn train` calls."""

    shim: RNNShim
    vocabulary: Vocabulary
    _carried: CarriedStates
    # of each number of `count_predictions`: what the mean over it in this process is multiplied by
    loss_scales: list[float] | None = None

    def get_training_state(self) -> dict[str, Tensor]:
        """RETURNS (Dict[str, Tensor]): What isn't saved with the pipeline and yet decides on the
        next step: the states that streams carry."""
        return self._carried.to_tensors()

    def set_training_state(self, tensors: dict[str, Tensor]) -> None:
        """Go on from `get_training_state`.

        tensors (Dict[str, Tensor]): Its result.
        """
        self._carried.from_tensors(tensors, self.shim.device)

    def count_predictions(self, docs: Sequence[Doc]) -> list[int]:
        """RETURNS (List[int]): For each direction, how many symbols the loss of a batch sums, and
        with a speller what its loss is divided by."""
        network, skip = self.shim.network, self.vocabulary.skips_space
        ways = network.directions
        counts = [count_predictions(docs, reverse=way, skip_space=skip) for way in ways]
        if network.speller is not None:
            # windows without an edge count for one symbol less, unless listeners read their end
            inside = count_inner_windows(docs, reverse=ways[0], skip_space=skip)
            counts.append(counts[0] - (0 if self.listeners else inside))
        has_tokens = any(len(doc) for doc in docs)  # no step is made of others alone
        return counts if has_tokens else [0] * len(counts)
