"""How many pairs a model judges as people do: in all, and of each group."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..unknown_share import UnknownShare
from .intervals import wilson_interval
from .pair_scorer import CORRECT, PAIR_MEASURES, TIE, WRONG, ScoredPair

_OPPOSITES = {CORRECT: WRONG, WRONG: CORRECT, TIE: TIE}


@dataclass
class Tally:
    """Results of pairs.

    correct, wrong, ties (int): How often the acceptable sentence had the higher score, how often
        the other one, and how often neither.
    """

    correct: int = 0
    wrong: int = 0
    ties: int = 0

    def add(self, result: str) -> None:
        """Count a result: CORRECT, WRONG or TIE; MISSING is none."""
        self.correct += result == CORRECT
        self.wrong += result == WRONG
        self.ties += result == TIE

    @property
    def pairs(self) -> int:
        """RETURNS (int): How many there were."""
        return self.correct + self.wrong + self.ties

    @property
    def accuracy(self) -> float | None:
        """RETURNS (Optional[float]): The share of correct ones, from 0 to 1; a tie isn't correct.
        None without a pair."""
        return self.correct / self.pairs if self.pairs else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """RETURNS (Optional[Tuple[float, float]]): Wilson's interval of 95% for the accuracy."""
        return wilson_interval(self.correct, self.pairs)

    def to_dict(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): For JSON."""
        interval = self.interval
        return {
            "pairs": self.pairs,
            "correct": self.correct,
            "ties": self.ties,
            "accuracy": self.accuracy,
            "interval": None if interval is None else list(interval),
        }


@dataclass
class MeasureAccuracy:
    """The results of one measure.

    every (Tally): Of all pairs.
    equal_unknown, different_unknown (Tally): Of pairs whose sentences have as many unknown words as
        each other, and of the others: there the model judges words that it doesn't know.
    fewer_unknown (Tally): Of these others again, but correct is here that the sentence with fewer
        unknown words has the higher score, whichever is acceptable.
    """

    every: Tally = field(default_factory=Tally)
    equal_unknown: Tally = field(default_factory=Tally)
    different_unknown: Tally = field(default_factory=Tally)
    fewer_unknown: Tally = field(default_factory=Tally)

    def add(self, scored: ScoredPair, measure: str) -> None:
        """Count a pair by one of PAIR_MEASURES."""
        result = scored.result(measure)
        self.every.add(result)
        if scored.equal_unknown:
            self.equal_unknown.add(result)
            return
        self.different_unknown.add(result)
        more = scored.good.unknown > scored.bad.unknown
        self.fewer_unknown.add(_OPPOSITES[result] if more else result)

    def to_dict(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): For JSON."""
        return {
            **self.every.to_dict(),
            "equal_unknown": self.equal_unknown.to_dict(),
            "different_unknown": self.different_unknown.to_dict(),
            "fewer_unknown": self.fewer_unknown.to_dict(),
        }


class GroupAccuracy:
    """The results of some pairs, by each of PAIR_MEASURES."""

    def __init__(self) -> None:
        self.measures = {name: MeasureAccuracy() for name in PAIR_MEASURES}

    def __getitem__(self, measure: str) -> MeasureAccuracy:
        return self.measures[measure]

    @property
    def pairs(self) -> int:
        """RETURNS (int): How many there were."""
        return self.measures[PAIR_MEASURES[0]].every.pairs

    def add(self, scored: ScoredPair) -> None:
        """Count a pair."""
        for name, results in self.measures.items():
            results.add(scored, name)

    def to_dict(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): For JSON."""
        return {name: results.to_dict() for name, results in self.measures.items()}


@dataclass
class PairAccuracies:
    """What a model makes of a set of minimal pairs.

    every (GroupAccuracy): Of all pairs.
    groups (Dict[str, Dict[str, GroupAccuracy]]): By the kind of group, such as "paradigm", and its
        name, both in the order in which they came.
    equal_sentences (int): Pairs whose two sentences are one and the same text: always ties.
    unknown_share (UnknownShare): How much of all sentences are unknown words.
    """

    every: GroupAccuracy = field(default_factory=GroupAccuracy)
    groups: dict[str, dict[str, GroupAccuracy]] = field(default_factory=dict)
    equal_sentences: int = 0
    unknown_share: UnknownShare = field(default_factory=UnknownShare)

    def add(self, scored: ScoredPair) -> None:
        """Count a pair."""
        self.every.add(scored)
        self.equal_sentences += scored.pair.good == scored.pair.bad
        for kind, name in scored.pair.groups.items():
            groups = self.groups.setdefault(kind, {})
            groups.setdefault(name, GroupAccuracy()).add(scored)

    def mean(self, kind: str, measure: str) -> float | None:
        """RETURNS (Optional[float]): The mean accuracy of the groups of a kind, each as heavy as
        another; None without any.

        kind (str): One of `groups`.
        measure (str): One of PAIR_MEASURES.
        """
        found = [group[measure].every.accuracy for group in self.groups.get(kind, {}).values()]
        shares = [share for share in found if share is not None]
        return sum(shares) / len(shares) if shares else None

    def to_dict(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): For JSON: "all", "groups" (a list with "by", "name" and the
        measures), "means" of each kind of group, "equal_sentences", "unknown_share"."""
        return {
            "all": self.every.to_dict(),
            "groups": [
                {"by": kind, "name": name, **group.to_dict()}
                for kind, groups in self.groups.items()
                for name, group in groups.items()
            ],
            "means": {
                kind: {measure: self.mean(kind, measure) for measure in PAIR_MEASURES}
                for kind in self.groups
            },
            "equal_sentences": self.equal_sentences,
            "unknown_share": {
                "tokens": self.unknown_share.of_tokens,
                "bits": self.unknown_share.of_bits,
            },
        }
