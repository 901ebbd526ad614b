"""Score groups of rows: documents for the pipeline, numbers for the rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

from ...errors import Errors, reason
from ...pipeline.doc_measures import measure_docs
from ...pipeline.measure_table import annotations_for
from ...pipeline.preceding import deciding_components, run_components
from ...pipeline.rnn_lm import RNNLM
from ..chunks import Chunks
from ..document_scores import finite_output
from ..releasing import memory_zone
from ..rows.row_places import Row
from ..unknown_share import UnknownShare
from .cutting import TokenSpan, cut_at_regions
from .item_numbers import text_records
from .item_options import ItemOptions
from .row_groups import OnBad, RowGroup, RowGroups, in_group

Records = list[dict[str, Any]]


@dataclass
class ItemScorer:
    """Gives the rows of a table their numbers, in memory that no table's length changes.

    nlp (Language): The pipeline. It is left as it is.
    lm (RNNLM): Its language model.
    options (ItemOptions): What is asked for.
    on_bad (OnBad): Told about what can't be scored; it may raise the error.
    batch_size (int): The most groups that are scored at once.
    scored (UnknownShare): The texts of all groups that were scored, once each.
    """

    nlp: Language
    lm: RNNLM
    options: ItemOptions
    on_bad: OnBad
    batch_size: int
    scored: UnknownShare = field(default_factory=UnknownShare)

    def score(
        self, read: Callable[[Callable[[ValueError], None]], Iterable[Row]], start: int = 1
    ) -> Iterator[tuple[Records, int]]:
        """Score a table.

        read (Callable): Reads its rows from the first one; called with what is to be told about
            rows that can't be read.
        start (int): The number of the first row that is wanted; the first one of a group. Those
            before it are looked through, and scored again only if they shared the network's pass
            with it: so numbers are the same to the last bit, wherever one goes on.
        YIELDS (Tuple[List[Dict], int]): Records of whole groups, in the order of the table, and the
            last row that is done with.
        RAISES (ValueError): What `on_bad` raises; what comes before it was yielded.
        """
        tell = _Quiet(self.on_bad, start)
        groups = RowGroups(self.options, tell)
        stream = groups.divide(read(groups.leave_out))
        chunks = Chunks(stream, self.batch_size, lambda group: group.characters)
        while not chunks.exhausted:
            chunk = chunks.take()
            if not chunk or chunk[-1].rows[-1].number < start:
                continue
            kept: Records = []
            last = 0
            for group, found in self._score_chunk(chunk):
                if isinstance(found, str):
                    try:
                        tell(ValueError(found), group.rows[0].number, len(group.rows))
                    except ValueError:
                        if kept:
                            yield kept, last
                        raise
                elif group.rows[0].number >= start:
                    kept += found
                last = group.rows[-1].number
            yield kept, last
        chunks.finish()

    def _score_chunk(self, groups: list[RowGroup]) -> list[tuple[RowGroup, Records | str]]:
        """RETURNS (List[Tuple[RowGroup, Union[Records, str]]]): Records of each group, or what is
        wrong with it."""
        # in a caller's zone, what is made here lives as long as that one
        vocab: Any = self.nlp.vocab
        with memory_zone(self.nlp, not vocab.in_memory_zone):
            return list(self._score_groups(groups))

    def _score_groups(self, groups: list[RowGroup]) -> Iterator[tuple[RowGroup, Records | str]]:
        # messages only: an error keeps the Docs that its functions had, and they end with the zone
        wrong: dict[int, str] = {}
        try:
            found = self._score_together(groups, wrong)
        except ValueError as error:
            if len(groups) == 1:
                yield groups[0], reason(in_group(error, groups[0].rows))
                return
            for group in groups:  # one of them is to blame
                yield from self._score_groups([group])
            return
        for number, group in enumerate(groups):
            yield group, wrong[number] if number in wrong else found[number]

    def _score_together(self, groups: list[RowGroup], wrong: dict[int, str]) -> dict[int, Records]:
        """RETURNS (Dict[int, Records]): The records of each group; `wrong` gets the other ones."""
        docs, spans = self._make_docs(groups, wrong)
        chains = [chain for own in docs.values() for chain in self._chains(own)]
        read = [doc for chain in chains for doc in chain]
        wanted = annotations_for(["surprisal", *self.options.columns])
        self.lm.set_annotations(read, self.lm.predict_chained(chains, wanted))
        measured = iter(measure_docs(self.lm, [doc for own in docs.values() for doc in own]))
        found: dict[int, Records] = {}
        for number, own in docs.items():
            group = groups[number]
            made, outputs = [], []
            for text, doc, tokens in zip(group.texts, own, spans[number], strict=True):
                numbers = next(measured)
                try:
                    place = group.rows[text.regions[0].row].place
                    outputs.append(finite_output(self.lm, doc, place))
                except ValueError as error:
                    wrong[number] = reason(in_group(error, group.rows))
                    continue
                made += text_records(group, text, doc, tokens, numbers, self.options)
            # stable: the regions of a row stay in their order
            made.sort(key=lambda pair: pair[0].row)
            found[number] = [record for _, record in made]
            if number not in wrong:
                for output in outputs:
                    self.scored.add(output)
        return found

    def _chains(self, docs: list[Doc]) -> list[list[Doc]]:
        """RETURNS (List[List[Doc]]): Those of a group's documents that are read after each other.
        One of which nothing is read stands for itself: an empty cell is no text, so no `</s>` is
        read for it."""
        if self.options.context == "reset":
            return [[doc] for doc in docs]
        lengths = self.lm.vocabulary.forms_of(docs).lengths
        chain = [doc for doc, length in zip(docs, lengths, strict=True) if length]
        apart = [[doc] for doc, length in zip(docs, lengths, strict=True) if not length]
        return [chain, *apart] if chain else apart

    def _make_docs(
        self, groups: Sequence[RowGroup], wrong: dict[int, str]
    ) -> tuple[dict[int, list[Doc]], dict[int, list[list[TokenSpan]]]]:
        """RETURNS (Tuple[Dict, Dict]): By the group's place, the Docs that the language model
        reads, and for each Doc the tokens of its regions."""
        made: dict[int, list[Doc]] = {}
        for number, group in enumerate(groups):
            try:
                made[number] = [self.nlp.make_doc(text.text) for text in group.texts]
            except ValueError as error:
                wrong[number] = reason(in_group(_placed_at(group, error), group.rows))
        names = deciding_components(self.nlp, self.lm)
        flat = [doc for docs in made.values() for doc in docs]
        run = iter(list(run_components(self.nlp, names, flat)))
        docs: dict[int, list[Doc]] = {}
        spans: dict[int, list[list[TokenSpan]]] = {}
        for number in made:
            group = groups[number]
            docs[number] = [next(run) for _ in group.texts]
            try:
                spans[number] = [
                    self._cut(group, text.text, text.regions, doc)
                    for text, doc in zip(group.texts, docs[number], strict=True)
                ]
            except ValueError as error:
                del docs[number]
                wrong[number] = reason(in_group(error, group.rows))
        return docs, spans

    def _cut(self, group: RowGroup, text: str, regions: Any, doc: Doc) -> list[TokenSpan]:
        if len(doc.text) != len(text):
            place = group.rows[regions[0].row].place
            raise ValueError(Errors.R730.format(place=place, name=self.lm.name))
        return cut_at_regions(doc, regions, group.rows, cut=self.options.cut)


class _Quiet:
    """Says nothing about rows that a run before has told about."""

    def __init__(self, on_bad: OnBad, start: int) -> None:
        self.on_bad = on_bad
        self.start = start

    def __call__(self, error: ValueError, row: int, count: int) -> None:
        if row >= self.start:
            self.on_bad(error, row, count)


def _placed_at(group: RowGroup, error: ValueError) -> ValueError:
    return ValueError(f"{group.rows[0].place}: {error}")
