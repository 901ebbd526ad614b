"""A page and a JSON API on the own machine: `python -m spacy rnn serve MODEL`."""
