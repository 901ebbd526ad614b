"""Errors of `rnn train`: trainings that go on, in one process and several."""

from .coded import Coded


class TrainingErrors(metaclass=Coded):
    R601 = (
        "{folder} holds a training already ({names}). Add --resume to go on from its last "
        "checkpoint, --overwrite to drop it, or give another --output."
    )
    R602 = (
        "The training began with other settings ({differ}). Go on with those, or begin anew with "
        "--overwrite. Only paths and [training] max_steps, max_epochs, patience and logger may "
        "change in between."
    )
    R603 = (
        "The number of processes was {before}, and is {now} now. Each has its own place "
        "in the corpus: start as many as before."
    )
    R604 = "The checkpoint {folder} can't be used: {error}."
    R605 = (
        "No checkpoint in {folder} can be used. Copy the folder again from its source, or begin "
        "anew with --overwrite (model-best and model-last are removed then: move them first)."
    )
    R606 = "Process {rank} failed, so this one stops too. Its own message says why."
    R607 = (
        "The loss of {name} is {loss}; no weight was changed. Lower the learning rate, or look for "
        "broken examples in the training corpus."
    )
    R609 = (
        "Training on several processes needs a GPU for each: {count} were started here, and the "
        "number of GPUs is {gpus}. Start fewer, or leave --gpu-id out."
    )
    R610 = (
        "A schedule of the optimizer ({names}) gives other numbers than before, so the training "
        "can't go on. It has to follow from the config alone; random or outside numbers can't be "
        "repeated."
    )
    R611 = (
        "The training corpus or the batches made of it are not those that the training began with, "
        "so its place in them can't be found. Restore the corpus, or begin anew with --overwrite."
    )
    R612 = (
        "There is no example to train on (for one of several processes: fewer documents than "
        "processes). Check [corpora.train], or start fewer processes."
    )
    R613 = "There is no config {path}. `python -m spacy init fill-config` makes a whole one."
    R614 = (
        "The processes have different weights now, so they don't train one model any more. The "
        "machines may compute differently: start the training on equal ones, from the last "
        "checkpoint."
    )
    R615 = (
        "The optimizer remembers weights ({names}) that no component of the pipeline has, so a "
        "checkpoint would lose something. Train this pipeline with `spacy train`."
    )
    R616 = (
        "WORLD_SIZE says that there are several processes, but {names} is missing. Start them with "
        "torchrun, or unset WORLD_SIZE."
    )
    R617 = "Another process trains in {folder} at this moment. Wait until it ends, or stop it."
    R618 = (
        "A model can't be written into {folder}: {error}. The models before are kept. Make room on "
        "the disk and go on with --resume."
    )
    R620 = (
        "The development corpus is not the one that the training was evaluated on before: the best "
        "model would be chosen by scores of different texts. Restore it (another path doesn't "
        "matter, nor another order), or begin anew with --overwrite."
    )
    R630 = (
        "There is no trained pipeline {source!r}: give the folder that `spacy train` wrote "
        "(training/model-best), or the name of an installed pipeline."
    )
    R631 = (
        "The pipeline {source} has {count} components with the factory rnn_lm. A source needs "
        "exactly one: train one with `python -m spacy rnn init lm.cfg --task lm`."
    )
    R632 = (
        "spaCy has no language {lang!r}, or a package is missing that it needs. See "
        "https://spacy.io/usage/models#languages."
    )
    R633 = (
        "--segmenter is for Chinese (zh); the language {lang} has a tokenizer of its own. Leave "
        "--segmenter out."
    )
    R634 = (
        "The components of this config read a transformer, which an rnn_lm can't stand in for. "
        "Start from a config with a tok2vec: `python -m spacy init config base.cfg --optimize "
        "efficiency`."
    )
    R635 = (
        "The config has a component {name!r} already. Change its `source` by hand, or start from a "
        "config without it."
    )
    R636 = (
        "No component of this config has a tok2vec that an rnn_lm could stand in for: {pipeline}. "
        "Give a config with a tagger, NER, parser, spancat or textcat that reads a tok2vec."
    )
    R637 = (
        "--base swaps the tok2vec of the components in a config; --task {task} makes a language "
        "model alone. Leave one of the two out."
    )
    R638 = (
        "The {what} is of the language {there}, not {lang}. The words of the two must be the same: "
        "leave --lang out, or give another {what}."
    )
    R639 = "Say for which language the config is: --lang zh, --lang en, …"
    R640 = "{path} is there already. Give another name, or --overwrite."
    R642 = (
        "--text takes .txt or .jsonl files of one kind; in {path} are: {found}. For other files "
        "write a config (`python -m spacy rnn init`) and train with it."
    )
    R643 = (
        "{path} has {count} documents, and at least {least} are needed to learn from some and look "
        "at others. A document is a line, or a block of lines between empty ones: break the text "
        "into paragraphs."
    )
    R644 = (
        "Give a config, or raw text to choose one for: `rnn train config.cfg -o DIR` or `rnn train "
        "--text novel.txt --lang zh -o DIR`."
    )
    R645 = "Only one config can be given, not {arguments}."
    R646 = (
        "Streams are for a language model that starts from nothing: leave --reading out, or give "
        "--task lm and no --source."
    )
    R647 = (
        "A language model of raw text starts from nothing here: leave --source out. To go on with "
        "a trained one write a config: `python -m spacy rnn init lm.cfg --task lm --source MODEL`."
    )
    R648 = (
        "This task learns from annotated Docs in .spacy files; in {path} are: {found}. "
        "`python -m spacy convert` writes them from CoNLL and JSON."
    )
    R641 = "Give --steps or --minutes, not both: the one decides about the other."
    R830 = (
        "{name} has no word left to write: the transforms leave out all of them. Exclude fewer "
        "words, or let the text end (`</s>` is one of what can be excluded)."
    )
    R831 = 'Excluded words have to be a list of words, not {type}: ["的", "了"].'
    R832 = "There is nothing to undo: nothing was fed since the session began."
    R833 = "accept has to be a function that takes a word and returns a bool, not {type}."
