"""The parts of `spacy.training.loop`, which spaCy's documentation doesn't promise.

They are what they were since spaCy 3.0. Where one is missing, importing `training.resumable` fails,
and `spacy train` still works.
"""

from spacy.training.initialize import init_nlp
from spacy.training.loop import (
    DIR_MODEL_BEST,
    DIR_MODEL_LAST,
    create_before_to_disk_callback,
    create_evaluation_callback,
    subdivide_batch,
    update_meta,
)

__all__ = [
    "DIR_MODEL_BEST",
    "DIR_MODEL_LAST",
    "create_before_to_disk_callback",
    "create_evaluation_callback",
    "init_nlp",
    "subdivide_batch",
    "update_meta",
]
