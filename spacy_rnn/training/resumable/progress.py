"""How far a training has come, and when it ends."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class TrainingProgress:
    """What has happened so far.

    steps (int): The steps that were done.
    epoch (int): The epoch of the last one.
    results (List[Tuple[float, int]]): Score and step of every evaluation.
    losses (Dict[str, float]): The losses of this process since the last evaluation.
    weights (Dict[str, float]): The scores that still count, with their weights: spaCy forgets
        those that an evaluation left out.
    words (int): The tokens that were read.
    seconds (float): The time that the training took, without the time between its parts.
    complete (bool): Whether it is over, and model-last written.
    dev_checksum (Optional[int]): Of the text that it was evaluated on; None before the first
        evaluation, and in a checkpoint that was saved without it.
    dev_varies (bool): Whether two evaluations were on different texts.
    """

    steps: int = 0
    epoch: int = 0
    results: list[tuple[float, int]] = field(default_factory=list)
    losses: dict[str, float] = field(default_factory=dict)
    weights: dict[str, float] = field(default_factory=dict)
    words: int = 0
    seconds: float = 0.0
    complete: bool = False
    dev_checksum: int | None = None
    dev_varies: bool = False

    def is_best(self) -> bool:
        """RETURNS (bool): Whether the last evaluation's score is the highest."""
        return self.results[-1][0] == max(score for score, _ in self.results)

    def is_over(self, max_steps: int, patience: int) -> bool:
        """RETURNS (bool): Whether the last step was the last one, as `spacy train` sees it.

        max_steps (int): The number of the last step, counted from 0; 0 for no limit.
        patience (int): The steps without a better score after which it ends; 0 for no limit.
        """
        if not self.results:
            return False
        step = self.steps - 1
        best = -max((score, -step) for score, step in self.results)[1]  # the earliest of equals
        return bool((patience and step - best >= patience) or (max_steps and step >= max_steps))

    def note_dev_text(self, checksum: int | None) -> None:
        """Compare the text of an evaluation with that of the one before.

        checksum (Optional[int]): Its checksum.
        """
        self.dev_varies |= self.dev_checksum not in (None, checksum)
        self.dev_checksum = checksum

    def to_values(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): For JSON."""
        values = asdict(self)
        # the losses differ between processes
        values["losses"] = {}
        return values

    @classmethod
    def from_values(cls, values: dict[str, Any]) -> TrainingProgress:
        """RETURNS (TrainingProgress): What `to_values` was called on."""
        progress = cls(**values)
        progress.results = [(score, step) for score, step in progress.results]
        return progress
