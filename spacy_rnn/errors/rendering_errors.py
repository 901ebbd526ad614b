"""Errors of pictures."""

from .coded import Coded


class RenderingErrors(metaclass=Coded):
    # --- R4xx: pictures ---
    R401 = "Unknown style {style!r} of a picture: choose one of {known}."
    R402 = (
        "There are no numbers of {name} on the Doc {text!r}. Make it with a pipeline that has this "
        "component (doc = nlp(text)), or give the name of another one: render(doc, component=…)."
    )
    R403 = "A picture is made of a Doc, a Span or an iterable of them, not of {type}."
    R404 = (
        "{name} has {found} numbers only. Draw them with direction = {found!r}, or run a component "
        "that reads {asked}."
    )

    # --- R81x: pictures of several texts, models and words ---
    R810 = (
        "There are {lines} lines to draw and {names} names. Give a name for each text and "
        "component, the components of a text together."
    )
    R811 = (
        "{lines} lines in one picture can't be told apart: {most} are the most. Draw fewer texts "
        "or components at once."
    )
    R812 = "`{option}` is an option of the style {styles}, not of {style!r}: leave it out."
    R813 = (
        'The style "embeddings" draws a language model, not {type}: '
        'render(nlp.get_pipe("rnn_lm"), style="embeddings").'
    )
    R814 = "`{option}` has to be a list of strings, not {value}."
    R815 = "The vocabulary has none of the words {words}. Choose some of lm.vocabulary.words."
    R816 = "{words:,} words don't fit on a map: {most} are the most."
