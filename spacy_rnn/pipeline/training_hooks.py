"""What a training loop asks of the component beyond spaCy's protocol: its state between two steps,
and its share of a batch that several processes divide."""

from __future__ import annotations

from collections.abc import Sequence

from spacy.tokens import Doc
from torch import Tensor

from ..corpus.windows import count_predictions
from ..layers.carried import CarriedStates
from ..layers.shim import RNNShim


class TrainingHooks:
    """The methods of the component that `python -m spacy rnn train` calls."""

    shim: RNNShim
    _carried: CarriedStates
    # of each direction: what the mean over this process's symbols is multiplied by
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
        """RETURNS (List[int]): For each direction, how many symbols the loss of a batch sums."""
        directions = self.shim.network.directions
        if not any(len(doc) for doc in docs):  # `update` does nothing then
            return [0 for _ in directions]
        return [count_predictions(docs, reverse=reverse) for reverse in directions]
