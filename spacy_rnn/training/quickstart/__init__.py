"""Whole configs, and from a file of text to a trained model: what a user would have to write."""
