"""Errors of encoders that other components read."""

from .coded import Coded


class EncoderErrors(metaclass=Coded):
    R920 = (
        "{name} has learned to mix {expected} layers, the lowest {width} wide, but the language "
        "model that it reads has {found}, the lowest {embedded} wide. Let it read the one that it "
        "was trained with, or train it anew."
    )
    R921 = (
        "There are no layers of {name} for a listener with mixing on this Doc. Run {name} before "
        'it, or name "layers" in its `annotations` if its listener is not in the same pipeline; if '
        "it is frozen in training, add it to [training] annotating_components."
    )
    R922 = (
        "A listener with mixing = true can't be replaced by a copy of {name}, which gives the "
        "states of its last layer only. Keep {name} in the pipeline, or train the component with "
        "mixing = false."
    )
