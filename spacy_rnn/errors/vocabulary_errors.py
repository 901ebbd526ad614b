"""Errors of vocabulary, network and weights."""

from .coded import Coded


class VocabularyErrors(metaclass=Coded):
    R001 = "Unknown token attribute {attr!r}: choose one of {known}."
    R002 = (
        "There is no word to build a vocabulary from: every document is empty. Check the path and "
        "the format of the training corpus, or give [initialize.components.rnn_lm.labels]."
    )
    R003 = (
        "No word is left for the vocabulary with min_count = {min_count} and max_size = "
        "{max_size}. Lower min_count, raise max_size, or train on more text."
    )
    R004 = (
        "Can't read a vocabulary from {path}: {error}. It has to be a JSON file "
        '[["word", count], ...], as `python -m spacy init labels` writes it.'
    )
    R005 = (
        "A vocabulary is a list of [word, count] with a word that isn't empty and a whole number "
        ">= 0; this is not: {entry}."
    )
    R006 = "The word {word!r} stands in the vocabulary twice. Remove one of the two."
    R007 = (
        "The language model has no vocabulary. Initialize it with training text "
        "(`nlp.initialize(get_examples)` or `python -m spacy train`), give "
        "[initialize.components.rnn_lm.labels], or set `vocabulary` of the architecture to a file."
    )
    R008 = "Unknown {option} {value!r}: choose one of {known}."
    R009 = "`{option}` has to be a whole number of at least {least}, not {value!r}."
    R010 = (
        "The saved weights belong to a network of other settings ({detail}). Load them with the "
        "config they were saved with, or train again."
    )
    R011 = (
        "The saved weights can't be read: {error}. The file is damaged or wasn't written by "
        "spacy-rnn. Copy it again from its source, or load another checkpoint."
    )
    R012 = (
        "The saved weights don't fit the network that their header describes: {problems}. Copy "
        "the file again from its source, or load another checkpoint."
    )
    R013 = 'RAdam is not supported for rnn_lm: set @optimizers = "Adam.v1" (or "SGD.v1").'
    R014 = (
        "A gradient of {name} is not finite (in: {weights}); no weight of it was changed. Lower "
        'the learning rate, set grad_clip (1.0 is usual), or set precision = "float32".'
    )
    R030 = (
        "A weight of {name} is not finite after a step (in: {weights}): the learning rate is too "
        "high, or the memory is at fault. What was saved before is as it was: load it, lower the "
        "learning rate, or set grad_clip (1.0 is usual)."
    )
    R015 = (
        "The language model is not initialized. Train it (`python -m spacy train`), call "
        "`nlp.initialize(get_examples)` with text, or load a trained pipeline."
    )
    R016 = "Unknown device type {device!r}: use 'cpu' or 'gpu'."
    R017 = (
        "tied = true shares the embedding's rows with the softmax, so the widths must be equal: "
        "width = {width}, embedding_width = {embedding_width}. Set one to the other, or tied = "
        "false."
    )
    R019 = (
        "There is no trained network in {path}. As `source`, give the folder of a pipeline with an "
        "rnn_lm, the folder of that component, or a file that `spacy pretrain` wrote."
    )
    R020 = (
        "The network in {path} has another shape ({detail}). Set the options of the architecture "
        "to those of its source."
    )
    R021 = (
        "The network in {path} can't be read: {error}. Copy it again from where it was saved, or "
        "take another `source`."
    )
    R022 = (
        "The layer {layer!r} has no language model to train. For spacy-rnn.PretrainNextToken.v1, "
        'set [pretraining] component = "rnn_lm", or component and layer to a '
        '"spacy-rnn.RNNTok2Vec.v1" (component = "tagger", layer = "tok2vec").'
    )
    R023 = (
        "The loss is {loss} at this step of the pretraining; no weight was changed. Lower the "
        'learning rate, set grad_clip, or set precision = "float32".'
    )
    R024 = (
        "There are several trained networks in {path} ({names}). As `source`, give the folder of "
        "one of these components."
    )
    R050 = (
        "No word is left for the vocabulary with min_count = {min_count}: the words of this text "
        "are whole sentences ({example}), so most occur once. The text isn't cut into words. Set "
        "tokenized = false in the corpus readers, and a tokenizer for the language "
        "([nlp.tokenizer]); `python -m spacy rnn init CONFIG --task lm --lang LANGUAGE` writes "
        "both."
    )
    R018 = (
        "cutoffs = {cutoffs} has to rise, begin at 2 or later and end below the size of the "
        "vocabulary ({words} rows)."
    )
