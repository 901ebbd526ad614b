"""The line that ends every scoring: how much of it are unknown words."""

from ..errors import Warnings
from ..messages import inform, warn
from ..scoring.unknown_share import UnknownShare

# Of the tokens; with more of them, results may be results about unknown words.
_MOST = 0.05


def tell_unknown_share(share: UnknownShare, model: str = "") -> None:
    """Say the share of unknown tokens and of the bits that they carry; warn where these are many.

    share (UnknownShare): Of what was scored; nothing is said of no token.
    model (str): Whose it is, where there are several.
    """
    if not share.tokens:
        return
    shares = {"tokens": f"{share.of_tokens:.1%}", "bits": f"{share.of_bits:.1%}"}
    if share.of_tokens > _MOST:
        text = Warnings.W385.format(**shares)
    else:
        text = "unknown words: {tokens} of the tokens, {bits} of the bits".format(**shares)
    text = f"{model}: {text}" if model else text
    (warn if share.of_tokens > _MOST else inform)(text)
