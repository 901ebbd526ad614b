"""The architecture "spacy-rnn.RNNTok2Vec.v1": the network as a component's own sublayer."""

from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import Model
from thinc.types import Floats2d

from ..config_errors import checks_settings
from ..defaults import ENCODER
from .layer_mixing import MIXING_PARAMETERS
from .rnn_lm_model import build_rnn_lm


@registry.architectures("spacy-rnn.RNNTok2Vec.v1")
@checks_settings
def build_rnn_tok2vec(
    *,
    cell: str = ENCODER.cell,
    width: int = ENCODER.width,
    embedding_width: int | None = ENCODER.embedding_width,
    depth: int = ENCODER.depth,
    direction: str = ENCODER.direction,
    tied: bool = ENCODER.tied,
    subword_rows: int = ENCODER.subword_rows,
    ngram_rows: int = ENCODER.ngram_rows,
    ngram_min: int = ENCODER.ngram_min,
    ngram_max: int = ENCODER.ngram_max,
    softmax: bool = ENCODER.softmax,
    precision: str = ENCODER.precision,
    attr: str = ENCODER.attr,
    white_space: str = ENCODER.white_space,
    normalize: str = ENCODER.normalize,
    vocabulary: str | None = ENCODER.vocabulary,
    source: str | None = ENCODER.source,
    mixing: bool = False,
) -> Model[list[Doc], list[Floats2d]]:
    """Build a recurrent tok2vec for a tagger, NER or any other component.

    It is the network of "spacy-rnn.RNNLM.v1" with its softmax, so that `spacy pretrain` can train
    it with "spacy-rnn.PretrainNextToken.v1" and a trained `rnn_lm` can be its source.

    vocabulary (Optional[str]): A JSON file `[[word, count], …]` (`python -m spacy rnn vocab`): a
        sublayer sees only ten documents at initialization. Null for that of the source.
    source (Optional[str]): Trained weights to start from: the folder of a pipeline or of a
        component, or a file of `spacy pretrain`. Words are mapped by their text; new ones start as
        `<unk>`.
    mixing (bool): Whether to give a learned mixture of the embedding and the states of all layers,
        instead of the states of the last one; see `layers/layer_mixing.py`.
    cell, width, embedding_width, depth, direction, tied, subword_rows, ngram_rows, ngram_min,
        ngram_max, softmax, precision, attr, white_space, normalize: See "spacy-rnn.RNNLM.v1".
    RETURNS (Model[List[Doc], List[Floats2d]]): A float32 (n_tokens, nO) array for each Doc, the
        same in any batch (1e-5); nO is `width`, or twice that for both directions.
    RAISES (ValueError): See "spacy-rnn.RNNLM.v1". At initialization, without a vocabulary or for a
        source of another shape.
    """
    model = build_rnn_lm(
        cell=cell,
        width=width,
        embedding_width=embedding_width,
        depth=depth,
        direction=direction,
        tied=tied,
        subword_rows=subword_rows,
        ngram_rows=ngram_rows,
        ngram_min=ngram_min,
        ngram_max=ngram_max,
        softmax=softmax,
        precision=precision,
        attr=attr,
        white_space=white_space,
        normalize=normalize,
        vocabulary=vocabulary,
        source=source,
    )
    if mixing:
        for name in MIXING_PARAMETERS:
            model.set_param(name, None)
    return model
