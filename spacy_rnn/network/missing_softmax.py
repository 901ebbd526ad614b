"""What an encoder has in place of a softmax: whoever asks it for a probability gets an error."""

from __future__ import annotations

from typing import Any, NoReturn

from torch import nn

from .softmax import SoftmaxHead


class MissingSoftmax(SoftmaxHead):
    """No weights, and no probabilities.

    `message` is what the error says; those who know the network's users set it.
    """

    message = "the network has no softmax"

    def __init__(self) -> None:
        nn.Module.__init__(self)

    @property
    def weight(self) -> NoReturn:  # type: ignore[override]
        self._refuse()

    @property
    def bias(self) -> NoReturn:  # type: ignore[override]
        self._refuse()

    def target_log_probs(self, *args: Any, **kwargs: Any) -> NoReturn:
        """RAISES (ValueError): Always, like all others here."""
        self._refuse()

    def log_distribution(self, *args: Any, **kwargs: Any) -> NoReturn:
        self._refuse()

    def row_log_probs(self, *args: Any, **kwargs: Any) -> NoReturn:
        self._refuse()

    def top_k(self, *args: Any, **kwargs: Any) -> NoReturn:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise ValueError(self.message)
