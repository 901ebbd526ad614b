"""Pipelines of components that change what a language model reads, none of which says so."""

from spacy.language import Language
from spacy.tokens import Doc, Span

from ..helpers import ENGLISH, make_random

RAN = []


@Language.component("odd_first_two")
def merge_first_two(doc):
    """As in most tutorials: no `retokenizes`."""
    with doc.retokenize() as retokenizer:
        if len(doc) > 2:
            retokenizer.merge(doc[:2])
    return doc


@Language.component("odd_norms")
def set_norms(doc):
    for token in doc:
        if token.text in ("kitty", "kitten"):
            token.norm_ = "cat"
    return doc


@Language.component("odd_words")
def replace_words(doc):
    """A Doc of its own, as for converting traditional characters to simplified ones."""
    words = ["pears" if token.text == "PEARS" else token.text for token in doc]
    spaces = [bool(token.whitespace_) for token in doc]
    return Doc(doc.vocab, words=words, spaces=spaces)


@Language.factory("odd_stranger")
class Stranger:
    """Keeps the hash of a label that it adds when it is needed first."""

    def __init__(self, nlp, name):
        self.label = None

    def __call__(self, doc):
        starts = [token.i for token in doc[:-1] if token.text == "grey"]
        if starts and self.label is None:
            self.label = doc.vocab.strings.add("A LABEL OF THE STRANGER")
        found = [Span(doc, start, start + 2, label=self.label) for start in starts]
        doc.set_ents(found, default="unmodified")
        return doc


@Language.component("odd_disabled")
def merge_all(doc):
    RAN.append("odd_disabled")
    with doc.retokenize() as retokenizer:
        if len(doc) > 1:
            retokenizer.merge(doc[:])
    return doc


@Language.component("odd_last")
def run_last(doc):
    RAN.append("odd_last")
    return doc


SPELLER = {"speller_width": 5, "spelling": "context"}


def save_odd_pipeline(path, attr):
    """A random language model behind components of all kinds, spaCy's own among them.

    path (Path): The folder.
    attr (str): What the language model looks up.
    """
    nlp = make_random([*ENGLISH, "grey cat"], model={"attr": attr, **SPELLER})
    ruler = nlp.add_pipe("entity_ruler", first=True)
    ruler.add_patterns([{"label": "BOAT", "pattern": "old boat"}])
    nlp.add_pipe("odd_words", before="entity_ruler")
    nlp.add_pipe("odd_first_two", before="entity_ruler")
    nlp.add_pipe("odd_disabled", before="entity_ruler")
    nlp.add_pipe("odd_stranger", before="rnn_lm")
    nlp.add_pipe("merge_entities", before="rnn_lm")
    nlp.add_pipe("odd_norms", before="rnn_lm")
    rules = nlp.add_pipe("attribute_ruler", before="rnn_lm")
    rules.add([[{"ORTH": "seaman"}]], {"NORM": "sailor"})
    nlp.add_pipe("sentencizer", before="rnn_lm")
    nlp.add_pipe("odd_last")
    nlp.disable_pipe("odd_disabled")
    nlp.to_disk(path)
