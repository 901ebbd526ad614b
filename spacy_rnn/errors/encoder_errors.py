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
    R923 = (
        "This language model is an encoder: it has no softmax and no speller, so that it gives no "
        "probabilities, and none can be trained. Use the model that it was exported from, or one "
        "that was trained with softmax = true."
    )
    R924 = (
        "With softmax = false {name} gives no probabilities, but they are asked for: {options}. "
        'Set lm_weight = 0, annotations = ["tensor"], speller_width = 0, cache_window = 0 and '
        "scorer = null, or softmax = true."
    )
    R925 = "Say what to export: --encoder keeps of the language model what its listeners read."
    R926 = "{model} is an encoder already: it has no softmax and no speller to leave out."
    R927 = (
        "{path} is the model that is exported, or lies around or within it. Give another folder, "
        "so that its softmax is kept."
    )
    R928 = "{path} is there and is no pipeline, so it is not written over. Give another folder."
