"""How often a language model prefers the acceptable one of two sentences."""
