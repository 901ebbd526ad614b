"""What a picture says in words, in one language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Wording:
    """Legends, notes and labels: templates for `str.format`, as HTML. A field that holds a number
    that is counted has two forms: of one, and of all others.

    lang (str): The code of the language, as spaCy and HTML write it.
    """

    lang: str
    # --- of every style
    between_sentences: str
    between_words: str
    start_of_text: str
    end_of_text: str
    before: str
    after: str
    cut: str
    picture: str
    token_count: tuple[str, str]
    bits: str
    bits_a_token: str
    perplexity: str
    unknown_words: str
    # --- surprisal
    surprisal_below: str
    full_bar: str
    gap: str
    white_space: str
    no_token: str
    sums_of_all: str
    # --- next
    guesses: str
    previous_guesses: str
    pieces: str
    next_titles: tuple[str, str, str]
    previous_titles: tuple[str, str, str]
    # --- line
    line: str
    smoothed: str
    hollow: str
    strokes: str
    by_character: str
    lines_label: str
    most: str
    tokens_below: str
    characters_below: str
    numbers_table: str
    long_table: str
    token_title: str
    tokens_title: str
    word_title: str
    text_title: str
    bits_title: str
    own_bits: str
    mean_title: str
    # --- embeddings
    map: str
    unseen: str
    links: str
    not_on_map: str
    without_label: str
    map_label: str
    nearest: str
    nearest_title: str
    # --- states
    states: str
    two_signs: str
    towards_one: str
    similar: str
    scrolling: str
    unit: str
    states_caption: str
    of_layer: str
    all_units: str
    some_units: str
    read_backward: str
    value_names: Mapping[str, str]
    # --- steps
    steps: str
    equations: Mapping[str, str]
    steps_caption: str
    layer_count: tuple[str, str]
    drawn_units: str
    layer: str
    unit_of_layer: str
    step: str
    unknown_step: str
    guesses_label: str
    came: str
    rank: str
    unknown_came: str
    numbers: str
    numbers_label: str
    vector_names: Mapping[str, str]

    def count(self, forms: tuple[str, str], number: int) -> str:
        """RETURNS (str): A number with what is counted, such as "1 token"."""
        return forms[number != 1].format(count=number)

    def sentences(self, parts: Iterable[str]) -> str:
        """RETURNS (str): Sentences after each other, without the empty ones."""
        return self.between_sentences.join(filter(None, parts))

    def side(self, backward: bool) -> str:
        """RETURNS (str): Where the tokens stand that were read before a token."""
        return self.after if backward else self.before

    def edge(self, *, begins: bool) -> str:
        """RETURNS (str): The beginning or the end of a text, as HTML."""
        name = self.start_of_text if begins else self.end_of_text
        return f'<em class="spacy-rnn-edge" lang="{self.lang}">{name}</em>'
