"""Errors of `rnn import`."""

from .coded import Coded


class ImportErrors(metaclass=Coded):
    R900 = (
        "{path} wants to run {name}, which no word language model needs. Nothing was run. Save "
        "its state dict with `torch.save(model.state_dict(), path)` and import that."
    )
    R901 = (
        "{path} can't be read as a file of torch.save: {error}. Copy it again, or save the state "
        "dict anew with a present version of torch."
    )
    R902 = (
        "The file holds no network in the form of PyTorch's word language model example: it has "
        "no {missing}. Such a network has the modules encoder, rnn and decoder."
    )
    R903 = (
        "A recurrence of the kind {mode} can't be imported: choose a network with LSTM, GRU or "
        "RNN_TANH that reads in one direction."
    )
    R904 = (
        "The file has weights that a network of encoder, rnn and decoder doesn't: {names}. Such a "
        "network would give other numbers, and can't be imported."
    )
    R905 = "The weights of rnn are those of a cell {found}, not of {given}."
    R906 = (
        "The state dict of an Elman network doesn't say whether its activation is tanh or ReLU. "
        "Give --cell rnn if it is tanh; one with ReLU can't be imported."
    )
    R907 = "The weights don't fit each other: {problems}."
    R908 = "Weights are not finite: {names}. Such a network gives no probabilities."
    R910 = (
        "A weight in the file can't be read: {error}. Copy the file again, or save the state dict "
        "anew with a present version of torch."
    )
    R911 = (
        "Weights are no floating-point numbers: {names}. A network that was quantized can't be "
        "imported: save it before that."
    )
    R912 = (
        "{path} has {words:,} words, but the network has {rows:,} rows. Give the vocabulary that "
        "it was trained with."
    )
    R913 = (
        "{path}: {earlier!r} in line {first} and {later!r} in line {second} are both read as "
        "{word!r}. A row needs a word of its own: rename the one that isn't used."
    )
    R914 = (
        "{path} has no word {word!r}. Give the one that the network was trained with by --{option}."
    )
    R915 = "{path} is not in UTF-8: {error}. Convert it, for example with iconv."
    R916 = "{path}, line {line} is empty: each line has to be the word of its row."
    R917 = "{path} is there already. Give another folder, or --overwrite."
    R918 = (
        "{model} has no SLOR: its words have no counts, as those of an imported network. "
        "Choose another --measure."
    )
    R919 = (
        "The language model doesn't know the word {word!r}, which stands for a line's end here. "
        "Where it was imported, {word!r} became the boundary </s>: let each line be a document "
        '(document = "line") and leave line_end out.'
    )
