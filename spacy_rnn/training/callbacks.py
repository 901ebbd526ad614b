"""Callbacks for the config."""

from collections.abc import Callable

from spacy.language import Language
from spacy.util import registry

from ..config_errors import checks_settings
from ..validation import check_size


@registry.callbacks("spacy-rnn.set_max_length.v1")
@checks_settings
def create_max_length_callback(max_length: int) -> Callable[[Language], Language]:
    """Create a callback that raises `nlp.max_length`, for documents that fill a file.

    spaCy refuses longer texts, as its parser and NER need much memory for them; a language model
    doesn't (a Doc itself takes some 200 bytes a token).

    max_length (int): The most characters of a text.
    RETURNS (Callable[[Language], Language]): The callback.
    RAISES (ValueError): If max_length isn't a whole number above 0.

    CONFIG:
        [nlp.after_creation]
        @callbacks = "spacy-rnn.set_max_length.v1"
        max_length = 10000000
    """
    check_size("max_length", max_length, least=1)

    def set_max_length(nlp: Language) -> Language:
        nlp.max_length = max_length
        return nlp

    return set_max_length
