"""The spaCy component, its output, its attributes and its scores."""
