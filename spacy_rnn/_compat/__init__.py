"""Every private or undocumented name of torch, spaCy and thinc that is used, and what happens where
a version of them doesn't have it."""
