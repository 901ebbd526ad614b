"""Words ↔ rows: the closed vocabulary, the alphabet and the subword features of its words."""

from .symbols import BOUNDARY, BOUNDARY_ROW, UNKNOWN, UNKNOWN_ROW
from .vocabulary import Vocabulary

__all__ = ["BOUNDARY", "BOUNDARY_ROW", "UNKNOWN", "UNKNOWN_ROW", "Vocabulary"]
