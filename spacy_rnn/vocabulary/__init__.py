"""Words ↔ rows: the closed vocabulary, the alphabet and the subword features of its words."""

from .vocabulary import BOUNDARY, BOUNDARY_ROW, UNKNOWN, UNKNOWN_ROW, Vocabulary

__all__ = ["BOUNDARY", "BOUNDARY_ROW", "UNKNOWN", "UNKNOWN_ROW", "Vocabulary"]
