"""Errors of the command line, services and long runs."""

from .coded import Coded


class CommandErrors(metaclass=Coded):
    # --- R5xx: command line ---
    R501 = (
        "There is no rnn_lm in the pipeline {model} (it has: {pipes}). Give the folder or the name "
        "of a pipeline that has one."
    )
    R502 = (
        "The pipeline {model} has several components rnn_lm ({names}). Choose one as `component`."
    )
    R503 = "{name!r} is no rnn_lm of the pipeline {model}. The `component` can be one of: {names}."
    R504 = "{path} exists. Go on where it ends with --resume, or replace it with --overwrite."
    R505 = (
        "Can't tell the format of the output {path} by its name. It must end in .jsonl, .csv or "
        ".tsv, or in one of these and .gz; or in .parquet."
    )
    R506 = (
        "{path} has other columns ({found}) than this run would write ({expected}). Resume it with "
        "the options that it was written with, or write to another file."
    )
    R507 = (
        "{path} doesn't go with this input and pipeline: its last document ({place}) was {found}. "
        "Resume it with the same input, pipeline and options, or write to another file."
    )
    R508 = (
        "{path} can't be resumed, because it isn't what `rnn score` writes: {error}. Write to "
        "another file, or replace this one with --overwrite."
    )
    R509 = (
        "{path} ends within a document, in a gzip member that holds complete ones too. Decompress "
        "it and resume the decompressed file."
    )
    R510 = "--resume and --overwrite are about an output file. Give OUTPUT, or leave them out."
    R511 = "--resume keeps what the output holds and --overwrite drops it: give only one of them."
    R512 = "The output {path} is the input. Write to another file."
    R513 = "Unknown measure {name!r} in --measures. Choose from {known}, separated by commas."
    R514 = (
        "{name} gave no {measure!r} for a document. Leave it out of --measures, or update "
        "spacy-rnn."
    )
    R515 = (
        "{place}: the surprisal of this document is not a finite number, so the weights of {name} "
        "are damaged or have grown beyond all bounds. Use another checkpoint."
    )
    R516 = "Can't use GPU {gpu} ({error}). Leave --gpu-id out to use the CPU."
    R517 = (
        "{place}: the value of {key!r} can't be kept as an id ({error}). Repair it, or name "
        "another key with --id-key."
    )
    R518 = "--{option} tells what {what}. Leave it out: {path} tells it by its name."
    R519 = "A model was given twice: {model}. Each can be compared once."

    # --- R53x: services and long runs, more of the command line ---
    R530 = (
        "release_memory can't be called within a memory zone, whose words it would keep. Call it "
        "after the `with nlp.memory_zone()` block, before the next one."
    )
    R531 = "Another run writes to {path}. Wait for its end, or write to another file."

    R885 = (
        "--er-lagged says which entropy reduction is written, but --columns names none "
        "({columns}). Name entropy_reduction there, or leave --er-lagged out."
    )
    R560 = (
        "{path} is a pipe, a device or a socket: it doesn't keep what was written, so --resume "
        "can't go on there. Leave --resume out and give --overwrite, or write to a file."
    )
