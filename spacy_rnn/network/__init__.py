"""The network in pure torch: it knows rows and numbers, not spaCy and not thinc."""
