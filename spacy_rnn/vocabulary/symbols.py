"""The two rows of every vocabulary that are no words."""

UNKNOWN = "<unk>"
BOUNDARY = "</s>"
UNKNOWN_ROW = 0
BOUNDARY_ROW = 1
