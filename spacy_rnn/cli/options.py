"""Values that several commands' options can have."""

from enum import Enum


class DocumentKind(str, Enum):
    """What a document of a .txt file is."""

    line = "line"
    block = "block"
    file = "file"
