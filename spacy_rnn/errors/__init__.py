"""Every message that a user can see when something is wrong, by room, and every warning.

Each says what is wrong and what to do. Use: ``raise ValueError(Errors.R001.format(...))``.
Codes: R0xx vocabulary, network and weights; R1xx tokenizers; R2xx corpora and training;
R3xx the component and its annotations; R4xx pictures; R5xx the command line, clusters and long
runs; R6xx `rnn train`; R79x and R80x looking inside; R83x typing; R84x and R85x `rnn serve`;
R90x and R91x `rnn import`; R92x encoders.
"""

from .coded import Coded, counted, reason, shorten
from .command_errors import CommandErrors
from .corpus_errors import CorpusErrors
from .encoder_errors import EncoderErrors
from .import_errors import ImportErrors
from .pipeline_errors import PipelineErrors
from .rendering_errors import RenderingErrors
from .scoring_errors import ScoringErrors
from .serve_errors import ServeErrors
from .tokenizer_errors import TokenizerErrors
from .training_errors import TrainingErrors
from .vocabulary_errors import VocabularyErrors
from .warnings import Warnings

__all__ = ["Errors", "Warnings", "counted", "reason", "shorten"]


class Errors(
    VocabularyErrors,
    TokenizerErrors,
    CorpusErrors,
    PipelineErrors,
    TrainingErrors,
    ScoringErrors,
    RenderingErrors,
    CommandErrors,
    ServeErrors,
    ImportErrors,
    EncoderErrors,
    metaclass=Coded,
):
    """All errors, whichever room raises them."""
