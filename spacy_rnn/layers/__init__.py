"""The bridge between spaCy's Docs and the network: thinc models and their shim."""
