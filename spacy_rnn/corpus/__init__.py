"""Files → Docs: what the readers of `spacy train` read, and how texts are cut into windows."""
