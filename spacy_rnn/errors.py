"""Every message that a user can see when something is wrong, and every warning.

Each says what is wrong and what to do. Use: ``raise ValueError(Errors.R001.format(...))``.
Codes: R0xx vocabulary, network and weights; R1xx tokenizers; R2xx corpora and training;
R3xx the component and its annotations; R4xx pictures; R5xx the command line, clusters and long
runs; R6xx `rnn train`; R79x and R80x looking inside; R83x typing; R84x and R85x `rnn serve`.
"""

import reprlib
from typing import Any


def reason(error: BaseException) -> str:
    """RETURNS (str): What an error says, or what it is if it says nothing."""
    return str(error) or type(error).__name__


def shorten(value: Any) -> str:
    """RETURNS (str): A value of any size and depth in a few characters."""
    return reprlib.repr(value)[:80]


def counted(number: int, noun: str) -> str:
    """RETURNS (str): "1 document", "7,997 documents"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


class _Coded(type):
    """Prefix each message with its code, so that a search for the code finds this file."""

    def __getattribute__(cls, name: str) -> str:
        message = super().__getattribute__(name)
        return f"[{name}] {message}" if name[0] in "RW" and name[1:].isdigit() else message


class Errors(metaclass=_Coded):
    # --- R0xx: vocabulary, network, weights ---
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

    # --- R1xx: tokenizers ---
    R101 = (
        "The text has a lone surrogate ({code} at position {position}), which is no character and "
        "can't be stored. Repair it before: text.encode('utf-16', 'surrogatepass')"
        ".decode('utf-16', 'replace')."
    )
    R102 = (
        "`user_words` of the tokenizer is a list of words or [word, frequency] pairs; this is "
        "neither: {entry}."
    )
    R103 = (
        "The user word {word} is empty or has white space or half a surrogate pair in it, so it "
        "can't be a token. Remove it, or write it without."
    )
    R104 = (
        "The frequency of the user word {word} is {frequency}. It has to be a whole number "
        "from 0 (never this word) to 1000000000000; without one, a fitting frequency is computed."
    )
    R105 = (
        "The tokenizer's dictionary {path!r} doesn't exist here or isn't a file that can be read. "
        "Correct `dictionary` in [nlp.tokenizer], or load the pipeline from where it was saved: a "
        "saved pipeline brings its dictionary along."
    )
    R106 = "The dictionary {source} is not UTF-8 (line {line}). Save it in that encoding."
    R107 = (
        "Line {line} of the dictionary {source} is not 'word frequency' or 'word frequency tag': "
        "{text!r}. The frequency is a whole number from 0 to 1000000000000. Words without one "
        "belong in `user_words`."
    )
    R108 = (
        "There is no word with a frequency above 0 in the dictionary {source}. Fill it, or set "
        "`dictionary = null` to use jieba's own."
    )
    R109 = (
        "The saved tokenizer is damaged, or not one of spacy-rnn.JiebaTokenizer.v1. Copy the "
        'pipeline again from where it was saved, or load it with `exclude=["tokenizer"]`.'
    )
    R113 = (
        "The word {word!r}… of {source} has {length} characters. A word can have {longest} at "
        "most: every beginning of it is an entry of its own."
    )
    R114 = (
        "The saved tokenizer has a dictionary of its own, which was excluded, and this one has "
        "none: load both."
    )
    R120 = "A text is a string, not {type}."
    R111 = "jieba is not installed. Install it with `pip install jieba`."
    R112 = (
        "The tokenizer's engine rjieba is not installed. Install it with `pip install "
        "'spacy-rnn[fast]'`, or load the pipeline with config={\"nlp.tokenizer.engine\": "
        '"jieba"}: it finds the same words, more slowly.'
    )

    # --- R2xx: corpora and training ---
    R201 = (
        "The path of a spacy-rnn.TextCorpus.v1 reader is null or empty. Set it in the config or "
        "on the command line, for example with --paths.train and --paths.dev."
    )
    R202 = "No file or folder {path}. Check the path of the corpus."
    R203 = (
        "Can't tell the format of {path} by its name. A corpus is read from {known}, each of them "
        "gzipped (.gz added) or not, or from folders of such files: rename or convert the file."
    )
    R204 = (
        "The folder {path} holds no file that can be read as a corpus. Its files, or those in its "
        "folders, must end in {known}, or in one of these and .gz."
    )
    R205 = (
        "No document in {path}: nothing but white space, or only documents of fewer tokens than "
        "min_length = {min_length}. Check the files and the options of the reader."
    )
    R206 = (
        "{place}: byte 0x{byte:02X} is not UTF-8. Convert the file to UTF-8 first (Chinese text is "
        "often GB 18030: `iconv -f GB18030 -t UTF-8 FILE`)."
    )
    R207 = "{path} can't be decompressed ({error}): it is damaged or incomplete. Get it anew."
    R208 = "{place}: not valid JSON ({error}). A .jsonl file holds one JSON object a line."
    R209 = (
        "{place}: a JSON object with the key {key!r} (text) or 'tokens' (a list of words) is "
        "needed here. If the text has another name, give it as `text_key`."
    )
    R210 = "{place}: 'tokens' must be a list of strings, none of them empty."
    R211 = (
        "{place}: the text holds half of a surrogate pair (U+{code:04X}), which no Doc can hold. "
        "Remove it, or write the character as a whole."
    )
    R212 = (
        "{path} can't be read as a DocBin ({error}): it is damaged, or not a .spacy file. "
        "Write it anew with spacy.tokens.DocBin.to_disk."
    )
    R213 = (
        "{place}: more than {limit} characters in one document. Cut the text into shorter "
        'documents (document = "line" makes one of every line), or raise nlp.max_length (in a '
        "config: in a callback at [nlp.after_creation])."
    )
    R214 = "{name} must be a whole number >= 0, not {value!r}. (0 means: no limit.)"
    R215 = "Unknown document = {value!r}. A document can be {known}."
    R216 = (
        "line_end = {value!r} can't be used: it is the word that stands for the end of a line in "
        "tokenized text. Give one word without white space, and set tokenized = true."
    )
    R217 = (
        "{place}: more than {limit} characters in one tokenized document. Cut the text into "
        "shorter documents, set max_length of the reader, so that it is split into windows, or "
        "raise nlp.max_length (in a config: [nlp.after_creation] "
        '@callbacks = "spacy-rnn.set_max_length.v1").'
    )
    R218 = (
        "{place}: a line of more than {limit} characters. Break it into shorter lines: a line must "
        "fit into memory."
    )
    R219 = (
        "doc.user_data[{key!r}] is {value!r}, and should be a mark of split_document: "
        "{{'previous': a string or None, 'final': True or False, …}}. Remove it, or split anew."
    )
    R220 = "Can't write the training log to {path} ({error}). Change output_file of the logger."
    R221 = (
        "{place}: 'tokens' can't be matched with the text. The tokens must give the text's "
        "characters in their order, white space aside: leave one of the two out."
    )
    R222 = (
        "The predicted and the reference Doc of an example have different tokens ({text!r}), so "
        "they can't be cut into the same windows. Read the corpus with spacy-rnn.TextCorpus.v1."
    )
    R223 = (
        "An example ({text!r}) is no window of a stream. Use spacy-rnn.batch_by_stream.v1 only for "
        "a corpus that spacy-rnn.StreamCorpus.v1 reads, or take another batcher."
    )
    R224 = (
        "Unknown options: {options}. Overrides of a config need --config; see "
        "`python -m spacy rnn vocab --help`."
    )

    R225 = (
        "There is no recurrent network to fine-tune in the component {name!r} (this pipeline has "
        "{pipes}). Set `component` of spacy-rnn.fine_tuning.v1 to an rnn_lm, or to a component "
        "with an RNNTok2Vec."
    )
    R226 = (
        "{path} is a pipe or a device. A corpus is read several times, so it has to be a file: "
        "write the text into one. (`python -m spacy rnn score` reads a pipe as standard input.)"
    )
    R227 = (
        "{path} can't be read ({error}). Check that it is there, that it isn't a link to nowhere "
        "or to itself, and that you may read it."
    )
    R228 = (
        "{path} would be more than {limit} bytes when it is decompressed, {times} times its own "
        "size: no text is so repetitive. If it is meant to be so, split it into several files."
    )

    # --- R3xx: the component and its annotations ---
    R301 = (
        "Unknown annotation {unknown!r} for {name}: choose from {known}. (`annotations` lists what "
        "is computed and kept.)"
    )
    R302 = (
        "{name} was initialized without training text: `nlp.initialize()` alone has no words to "
        "build a vocabulary from. Pass `get_examples`, or give the vocabulary in "
        "[initialize.components.{name}.labels]."
    )
    R303 = (
        "The loss of {name} is {loss} at this step; no weight was changed, and the best checkpoint "
        "so far is in model-best. Lower the learning rate, set grad_clip, or set precision = "
        '"float32".'
    )
    R304 = (
        "Can't load {name}: {error}. If the file is damaged, copy it again from its source or load "
        "another checkpoint."
    )
    R305 = (
        "The weights of {name} were saved for {rows} words, its vocabulary has {words}. Save and "
        "load both together: the whole folder of the component."
    )
    R306 = (
        "The Doc was retokenized or cut after {name} ran on it, or has other words: its "
        "annotations don't belong to these tokens. Run {name} on it again, or put it after the "
        "retokenizing component."
    )
    R307 = (
        "{name} didn't keep {annotation!r}. Add it to `annotations` of the component in the config."
    )
    R308 = "k = {k} is more than the {words} words that can be predicted. Ask for at most {words}."
    R309 = "`{option}` has to be {range}, not {value!r}."
    R310 = (
        "{word!r} is not in the vocabulary of {name}, so it has no neighbours of its own "
        "(its vector is that of `<unk>`)."
    )
    R311 = (
        "The pipeline's vocab has vectors already (rows: {rows}). Call export_vectors("
        "overwrite=True) to replace them."
    )
    R312 = "{name} has no tokenizer for a text prompt. Create it with nlp.add_pipe, or pass a Doc."
    R314 = "{name}.initialize needs a function that returns examples, not {type}."
    R313 = "The examples for {name} have to be spacy.training.Example objects, not {type}."
    R316 = "A prompt is a text or a Doc, not {type}."
    R315 = (
        "The perplexity of {name} is {perplexity} on this text: its weights have grown beyond all "
        "bounds. The best checkpoint so far is in model-best. Lower the learning rate, set "
        'grad_clip, or set precision = "float32".'
    )
    R318 = (
        "{name} was given two windows of stream {stream} in one batch, but the second needs "
        "the state after the first. Set [training.batcher] @batchers = "
        '"spacy-rnn.batch_by_stream.v1".'
    )
    R320 = (
        "{component} listens to {upstream}, but would read the vectors of {last} from doc.tensor "
        "at prediction. Give {component} a tok2vec with @architectures = "
        '"spacy-rnn.RNNListener.v1" '
        "and upstream = {upstream!r}, move it in front of {last}, or, if {last} is an rnn_lm, take "
        '"tensor" out of its `annotations`.'
    )
    R321 = (
        "A spacy-rnn.RNNListener.v1 needs the name of the rnn_lm it listens to as `upstream`, not "
        '"*".'
    )
    R322 = (
        "There are no vectors of {name} for a listener on this Doc. Run {name} before it: enable "
        'it, keep "hidden" in its `annotations`, and if it is frozen in training, add it to '
        "[training] annotating_components."
    )
    R323 = (
        "A listener expects a width of {width} from {name}, which has {found}. If it is meant to "
        'read that component, set its width = {found} and upstream = "{name}" '
        "(`python -m spacy rnn init new.cfg --base old.cfg` writes both); if it is meant to read "
        "another one, set its upstream to that one's name."
    )
    R324 = (
        "{name} reads from right to left, so it can't {action}. Use a component with direction = "
        '"forward" or "both".'
    )
    R325 = (
        "score_continuation compares several candidates, and was given one {type}. Put it into a "
        "list: [candidate]."
    )
    R326 = (
        "The speller of {name} was saved for another alphabet than that of its vocabulary. Save "
        "and load both together: the whole folder of the component."
    )
    R319 = (
        "{name} was given window {turn} of stream {stream} out of order. Set max_epochs = -1: "
        "otherwise spaCy shuffles the corpus, and a state can't be carried from one window to the "
        "next."
    )

    R330 = (
        "The saved numbers of a language model are damaged ({error}). Run the pipeline on the text "
        "again."
    )
    R331 = (
        "A listener layer answered twice for one batch, or after its batch was over. A component "
        "that needs the vectors in two places takes two listeners."
    )
    R332 = "{name} didn't run on this Doc. Call the pipeline on it first."
    R333 = (
        "The model of {name} is no recurrent language model: give it one of the architecture "
        "spacy-rnn.RNNLM.v1."
    )
    R334 = (
        "A component can't be named {name!r}: its output would take the place of the attribute "
        "{name!r} of all pipelines. Give it another name."
    )
    R335 = (
        "Sentence scores are those of a text, or of a Doc or a Span that {name} has annotated, not "
        "of {type}."
    )

    R340 = (
        "There is no {kind}._.{name}: this Doc was read from JSON, which keeps the values of doc._ "
        "that Doc.to_json(underscore=[...]) was given, none of tokens and spans. Run the pipeline "
        "on the Doc (nlp(doc)), or keep Docs in a DocBin(store_user_data=True)."
    )
    R341 = (
        "The Doc was retokenized after it was read from JSON: the values belong to other tokens. "
        "Run the pipeline on it: nlp(doc)."
    )
    R342 = (
        "{kind}._.{attribute} is what a language model says about the Doc, and can't be set. Keep "
        "your own values in an attribute of another name."
    )
    R343 = (
        "There is no output of {name} on this Doc, which was made of Docs that have one "
        "(Doc.from_docs, Span.as_doc): a word's numbers depend on the words before it. Run the "
        "pipeline on this Doc: nlp(doc)."
    )
    R360 = "The counts of spaces between words are damaged ({error})."
    R361 = (
        "Can't read {path}, which says where spaces go between words: {error}. Remove it, or write "
        "it again: `python -m spacy rnn vocab` writes it beside a vocabulary, `to_disk` into the "
        "folder of a component."
    )
    R370 = (
        "{path} is a pipe, a device or a socket, or a link to one, where a file should be. A model "
        "is read from files only: copy it again from where it was saved."
    )

    R371 = (
        "The numbers of {name} are not finite on this text: its weights are damaged or have grown "
        "beyond all bounds. Load another checkpoint (of a training, the best one so far is in "
        "model-best). To train, lower the learning rate, set grad_clip, or set precision = "
        '"float32".'
    )

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

    # --- R79x, R80x: looking inside ---
    R790 = "{name} doesn't read {asked}: choose the direction {known}, or None for its own."
    R791 = (
        "A trace keeps every gate of every step, so it takes at most {most:,} tokens; this text "
        "has {tokens:,}. Give its beginning only, such as doc[:{most}].as_doc()."
    )
    R792 = 'A trace of "{cell}" has no value {value!r}: choose one of {known}.'
    R793 = "There is no layer {layer!r}: the network has {depth}, from 0 to {last}; −1 is the last."
    R794 = "There is no step {step!r}: the trace has {steps}, from 0 to {last}."

    R800 = (
        "The style {style!r} draws what happens inside the network, so it takes a trace, not a "
        "{type}: render(lm.trace(text), style={style!r})."
    )
    R801 = (
        'A trace is drawn in the style "states" or "steps". The style {style!r} takes a Doc: '
        "render(nlp(text), style={style!r})."
    )
    R802 = (
        "There is no file {path}. A text that begins with @ is the name of a file; write @@ for a "
        "text that begins with @."
    )
    R803 = "The style {style!r} needs a text: give it after the model, as @file, or as - for stdin."

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
    # --- R52x: BatchScorer ---
    R520 = (
        "There is no column {name!r} in the batch (it has: {columns}). Give the name of the column "
        "with the texts: BatchScorer(..., text=...)."
    )
    R521 = (
        "The batch has a column {name!r} already. Give a prefix for the new columns: "
        'BatchScorer(..., prefix="rnn_").'
    )
    R522 = (
        "A batch is a dict of columns, a pandas DataFrame or a pyarrow Table, not {type}. With Ray "
        'Data, leave batch_format out, or set it to "numpy", "pandas" or "pyarrow".'
    )
    R523 = (
        "Row {row} of the batch, counted from 0, can't be scored: {error} (With on_error = "
        '"null" the job goes on, and the column `error` says why this row has no numbers.)'
    )
    R524 = "There is no text here, but {found}."
    R525 = "Unknown measure {name!r}. Choose from {known}: measures = [...]."
    R526 = (
        "Can't use a GPU ({error}). Install the extra for the CUDA version, for example "
        "'spacy-rnn[cuda12x]', and ask the engine for a GPU; or set gpu_id = -1 for the CPU."
    )
    R527 = (
        "{name!r} of the batch isn't a column but {type}. `BatchScorer` takes batches of rows: "
        "with Ray Data use `map_batches`, not `map`."
    )
    R528 = "The batch has {count} columns {name!r}. Rename or drop all but the one with the texts."
    R529 = (
        "The columns of the batch have to be of one length: the length of {name!r} is {length}, "
        "that of {other!r} {others}."
    )
    # --- R53x: services and long runs, more of the command line ---
    R530 = (
        "release_memory can't be called within a memory zone, whose words it would keep. Call it "
        "after the `with nlp.memory_zone()` block, before the next one."
    )
    R531 = "Another run writes to {path}. Wait for its end, or write to another file."

    R560 = (
        "{path} is a pipe, a device or a socket: it doesn't keep what was written, so --resume "
        "can't go on there. Leave --resume out and give --overwrite, or write to a file."
    )
    # --- R55x: `rnn score` ---
    R550 = (
        "--keep-empty writes a record for each empty document; with --tokens it has no token to "
        "write about. Leave one of the two out, or write about its closing </s> with --end."
    )
    R551 = (
        "Stopped with {written} in the output, at one that can't be read or scored: {error} Repair "
        "it and go on with --resume, or leave it and its like out: --resume --bad-lines skip."
    )
    R552 = (
        "Stopped after {written}, at one that can't be read or scored: {error} Repair it, or leave "
        "it and its like out with --bad-lines skip."
    )

    R561 = (
        "{path} seems to be {encoding}, by its first bytes. Text is read as UTF-8: convert the "
        "file first (`iconv -f {encoding} -t UTF-8 FILE`)."
    )

    R553 = "`{option}` has to be {expected}, not {value}."

    # --- R74x: minimal pairs ---
    R740 = (
        "The closing </s> follows the last token of a Doc only: give {name} the whole Doc, or a "
        "Span that ends where it ends."
    )
    R741 = "{place}: a name of the group that the pair belongs to is needed here, not {found}."
    R742 = (
        "There is no table of pairs in the folder {path}: files that end in {known} are read, "
        "gzipped (.gz) or not."
    )
    R743 = (
        "{place}: the pair has a key {name!r}, and so would the record of its scores. Rename the "
        "key, or leave out --records."
    )
    R744 = (
        "{place}: the sentence is empty. A pair needs two sentences: leave the row out, or let "
        "--bad-lines skip leave it out."
    )
    R745 = (
        "{place}: an accuracy is needed here, a number from 0 to 1, not {found}. Divide "
        "percentages by 100; leave cells without a figure empty."
    )
    R746 = "Records of pairs are written as JSON lines: {path} has to end in .jsonl or .jsonl.gz."
    R747 = "{model} scored no pair: all were left out."
    # --- R76x: files of rows ---
    R760 = (
        "Can't tell the format of the table {path} by its name. It must end in {known}; .gz may "
        "follow all but .parquet."
    )
    R761 = (
        "{place}: there is no column {name!r} (there is: {columns}). Give a column that is there."
    )
    R762 = (
        "{place}: a row of {found}, but the header has {expected}. Repair it: perhaps a cell with "
        "{mark} in it has no quotes around it."
    )
    R763 = (
        "{place}: this cell begins with a quote, and no quote ends it before the next {mark}, line "
        'or end of the file. Close it, or double each quote inside: "a ""b"" c".'
    )
    R764 = "{place}: there are two columns {name!r}. Rename one."
    R765 = "{path} has {found}. A table needs names of columns, and rows."
    R766 = (
        "The table has a column {name!r} already, and a new one has this name. Rename the table's, "
        "or drop it."
    )
    R767 = (
        "Parquet needs pyarrow ({error}). Install it with pip install 'spacy-rnn[parquet]', or use "
        ".csv, .tsv or .jsonl."
    )
    R768 = "{place}: text is needed here, not {found}."
    R769 = "{place}: a whole number is needed here, not {found}."
    R770 = '{place}: a row is an object of JSON, such as {{"text": "…"}}, not {type}.'
    R771 = (
        "{place}: byte {byte:#04x} isn't {encoding}, as which the file is read. Perhaps it has "
        "another encoding in parts. Save all of it as UTF-8."
    )
    R772 = "{path} can't be read as Parquet ({error})."
    R773 = (
        "Column {name!r} can't be written ({error}). Write another format, or leave the column out."
    )
    R774 = (
        "{path} has the columns {names}, but {first} has {expected}. Parts of one table have the "
        "same columns."
    )
    R775 = "--safe-cells is for .csv and .tsv, which spreadsheets open. Leave it out for {path}."
    R776 = (
        "{path} can't become the folder of a Parquet output: {found}. Give another name, or remove "
        "it."
    )
    R778 = (
        "{place}: the value of {name!r} can't be kept ({error}). Repair it, or don't name it in "
        "--keep."
    )
    R779 = (
        "A column {name!r} of the input can't be kept: the output has another one of this name. "
        "Rename it, or name in --keep the columns to copy without it."
    )
    R780 = (
        "--keep copies columns of .jsonl, .csv, .tsv and .parquet, and {path} has none of these. "
        "Leave it out."
    )
    R781 = "--end writes a record for the closing </s>, beside those of tokens: add --tokens."
    R777 = (
        "The columns of what comes through the standard input aren't known before its end, but "
        "{path} needs them at its beginning. Give a file, or write .jsonl."
    )

    # --- R71x to R73x: tables of items ---
    R710 = "`{option}` can't be {value!r}. Choose from {known}."
    R711 = (
        "A region is given in one way: by its text (`region`), by its place (`start` and `end`) or "
        "by delimiters. Leave `{one}` or `{other}` out."
    )
    R712 = "`delimiter` has to be something else than white space, such as |."
    R713 = (
        "With rows of words every row is a region of its own: leave `{option}` out, or say with "
        "`text` which column has whole texts, and leave rows = words out."
    )
    R714 = "{option} needs `group`: the column by which rows belong together, such as item."
    R715 = (
        "The words of a group are one text already, so there is nothing that context = carry could "
        "carry. Leave it out."
    )
    R716 = (
        "A whole text has no words before it, so it has no `lags`. Name a region, give a "
        "delimiter, or a table with rows = words."
    )
    R717 = "`{one}` needs `{other}`. Give both."
    R718 = (
        "The table has a column {name!r} already, or it would get two of them. Give `{option}`, "
        "which the names of the new columns then begin with, such as rnn_."
    )
    R719 = "{place}: the region {region} isn't in the text {text}."
    R720 = (
        "{place}: the region {region} is there {count} times in the text {text}. Say which one "
        "with `occurrence`: a number, or the column of it."
    )
    R721 = (
        "{place}: there is no occurrence {number} of the region {region} in the text {text}. It is "
        "there {count} times."
    )
    R722 = (
        "{place}: the region from {start} to {end} is not in the text of {length} characters. They "
        "are counted from 0, and `end` is the one after the last."
    )
    R723 = (
        "{place}: a row before or after this one or in its group can't be read, and may have "
        "belonged to it (`group`: {names}). Its numbers would be those of another text."
    )
    R724 = "{place}: the id {value!r} is that of row {row} too. Every row needs one of its own."
    R725 = (
        "{place}: the group {value} was there already, in row {row}, and ended. Sort the table by "
        "its groups, or name more columns in `group`."
    )
    R726 = "{place}: {value!r} is there twice in the group {group}, in row {row} too."
    R727 = "{error} So its group has no numbers: {rows}."
    R728 = "{place}: {value!r} is no number, so it doesn't tell the order of the rows."
    R729 = (
        "{place}: the region {region} ends or begins within the token {token}. Choose what to do "
        "with `cut`: include, the whole token counts; split, it becomes two tokens."
    )
    R730 = (
        "{place}: a component before {name} changes the text, so there is no telling where the "
        "region is in it. Take it out of the pipeline, or change the texts first."
    )
    R731 = (
        "Stopped with {written} in the output, at one that can't be read or scored: {error} Repair "
        "it and go on with --resume, or leave it and its like out: --resume --bad-lines skip."
    )
    R732 = (
        "Stopped after {written}, at one that can't be read or scored: {error} Repair it, or leave "
        "it and its like out with --bad-lines skip."
    )
    R733 = (
        "{path} can't be resumed: it was written with another {name} ({before}, now {now}; see "
        "{dictionary}). Give the same options, write to another file, or --overwrite."
    )
    R734 = (
        "{path} can't be resumed: {dictionary}, which says how it was made, isn't there or can't "
        "be read. Write to another file, or --overwrite."
    )
    # --- R6xx: trainings that go on, several processes ---
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

    # --- R84x, R85x: `rnn serve` ---
    R840 = (
        "`python -m spacy rnn serve` needs FastAPI and uvicorn: pip install 'spacy-rnn[serve]' "
        "({error})."
    )
    R841 = (
        "This server doesn't answer to the name {host}. Use http://127.0.0.1 with the port that it "
        "printed; for a name of your own start it with --allow-host NAME."
    )
    R842 = (
        "A page from {origin} may not ask this server. Open the server's own page, or ask from a "
        "program, which sends no Origin."
    )
    R843 = "The request has more than {most:,} bytes. Send a shorter text."
    R844 = 'The request isn\'t JSON ({error}). Send an object such as {{"text": "我爱"}}.'
    R845 = "`{field}` can't be used: {error}. See /docs."
    R846 = "The text has {characters:,} characters; {most:,} are allowed. Send a part of it."
    R847 = (
        "{name} is busy: there was no turn within {seconds} seconds. Ask again later, or ask for "
        "less at once."
    )
    R848 = "There is no model {name}: choose one of {known}."
    R849 = "The request took longer than {seconds} seconds to arrive. Send it again."
    R850 = "Can't listen on {host}, port {port}: {error}. Choose another `port`, or 0 for any."
    R851 = "A request has to say Content-Type: application/json, not {found}."
    R852 = (
        "{name} reads from right to left only: it can't predict what is typed next. Serve a model "
        'with direction = "forward" or "both".'
    )
    R853 = "The server made a mistake; it is in its log. Other requests go on."
    R854 = "There is nothing at {path} for {method}. See /docs."
    R855 = "The text has {tokens:,} tokens; the steps of {most:,} can be shown. Send a part of it."
    R700 = "There is no column {name!r}. Choose from {known}."
    R701 = (
        "The column {column!r} needs the vocabulary of {name}, which a Doc doesn't hold. Give the "
        "component itself (`nlp.get_pipe({name!r})`) in place of its name."
    )
    R702 = (
        "The output of {name} was saved without the entropy at the document's end, so that the "
        "entropy after its last token isn't known. Run {name} on the Doc again."
    )
    R703 = (
        "A Doc has no sentences: add a component that sets them (`nlp.add_pipe('sentencizer')`), "
        'or choose other spans: spans = "ents" or a key of doc.spans.'
    )
    R704 = (
        'A Doc has no spans {key!r}; in its doc.spans are: {keys}. Choose "sents", "ents" or one '
        "of these."
    )
    R705 = '`spans` is for level = "span", not for level = {level!r}: leave it out.'
    R706 = (
        "pandas isn't installed: `pip install pandas`. `to_rows` gives the same rows as a list of "
        "dicts."
    )


class Warnings(metaclass=_Coded):
    """What may surprise, with the hundreds of the errors: W1xx is about tokenizers."""

    W101 = (
        "The pipeline was saved with another version of jieba's dictionary than the installed "
        "one, so a few texts may be segmented differently. Install the jieba that it was trained "
        "with, or save the pipeline again."
    )
    W301 = (
        "max_epochs = -1 streams the corpus, and spaCy shows only its first 100 examples to "
        "{name}.initialize: all other words will be unknown. Write the vocabulary with "
        "`python -m spacy rnn vocab CORPUS words.json --config CONFIG` and set "
        "[components.{name}.model] vocabulary (or [initialize.components.{name}.labels])."
    )
    W310 = (
        "{kind}._.{attribute} was registered by other code before; from now on it is what the "
        "language model says. Use another name there: {kind}.set_extension with a name of its own."
    )
    W311 = (
        "There is no output of {name!r} on this Doc. A component that had this name was sourced "
        "into another pipeline under the name {new!r}, and spaCy gave it that name in both: read "
        "doc._.{new}. To have the old name here, load this pipeline anew."
    )
    W312 = (
        "The tokens that {name} is trained on depend on components that are trained with it "
        "({components}), so its vocabulary is counted from other tokens. Train those components "
        "first and freeze them ([training] frozen_components), or give a vocabulary of the tokens "
        "that they will make ([initialize.components.{name}.labels])."
    )
    W313 = (
        "Components before {name} change tokens ({components}), and they don't run in training: "
        "the model learns from other tokens than it predicts. List them, and those that they need, "
        "in [training] annotating_components."
    )
    W314 = (
        "In evaluation, components before {name} change tokens, and in training they didn't yet: "
        "the model learns from other tokens than it predicts. List these components, and those "
        "that they need, in [training] annotating_components."
    )
    W315 = (
        "{name} was copied or pickled, so it doesn't know its pipeline, in which components may "
        "change tokens before it. Text prompts are only tokenized: call "
        'nlp.get_pipe("{name}").join_pipeline(nlp), or give Docs (nlp(text)) as prompts.'
    )
    W335 = (
        "{share} of the words of the training text end in a sign of punctuation, as {example} "
        "does, and few signs stand alone: the text was cut at its spaces only. If it is raw text, "
        "set tokenized = false in the corpus readers, so that the pipeline's tokenizer cuts it."
    )
    W336 = (
        "Words of the training text are whole sentences ({example}): the text isn't cut into "
        "words. Set tokenized = false in the corpus readers, and a tokenizer for the language "
        "([nlp.tokenizer]); `python -m spacy rnn init CONFIG --task lm --lang LANGUAGE` writes "
        "both."
    )
    W337 = (
        "The training text holds `<unk>` {count} times, and the tokenizer cuts it into <, unk and "
        ">, which are learned as words. Such a text has its words separated by spaces already: set "
        "tokenized = true in the corpus readers (--tokenized). Then `<unk>` is a missing word."
    )
    W338 = (
        "{share} of the tokens that {name} scores are unknown to it; of its training text {own} "
        "were, or occurred once. Is the text of the same language, script and case, and cut by the "
        "same tokenizer (--tokenized only for text that is tokenized already)?"
    )
    W339 = (
        "The text that {name} scores holds `<unk>` {count} times, and the tokenizer cuts it into "
        "<, unk and >. Its words are separated by spaces already: read it with --tokenized "
        "(tokenized = true of a corpus reader)."
    )
    W340 = (
        "{name}: the learning rate's schedule ends at step {total}, but the training at step "
        "{steps}. Set total_steps = ${{training.max_steps}} in [training.optimizer.learn_rate]."
    )
    W341 = (
        "{name}: eval_frequency = {frequency} is more than max_steps = {steps}, so that only the "
        "untrained model is evaluated. Lower [training] eval_frequency."
    )
    W342 = (
        "{name}: with max_steps = {steps} and eval_frequency = {frequency} the last steps "
        "({missed}) are never evaluated, and can't be the best model. Choose a max_steps that "
        "eval_frequency divides."
    )
    W343 = (
        "Other components listen to {name}, which starts from random weights: it learns from the "
        "labelled text alone. Pretrain it on raw text (`python -m spacy rnn init lm.cfg --task "
        "encoder`) and set [components.{name}.model] source to that pipeline."
    )
    W344 = (
        "{name} has trained weights and other components listen to it, but it still does work of "
        "its own: lm_weight = {weight}, and annotations that need a softmax: {annotations}. If "
        'you don\'t need them, set lm_weight = 0, annotations = ["tensor"] and scorer = null in '
        "[components.{name}]: training and prediction are then several times as fast."
    )
    W345 = (
        "Nobody listens to the component {other}: it costs time and does nothing. Take it out of "
        "[nlp] pipeline and [components]. Components that shall read {name} need "
        'upstream = "{name}" and its width; `python -m spacy rnn init new.cfg --base old.cfg` '
        "writes both."
    )
    W346 = (
        "{unknown} of the tokens of the training text are unknown to the source of {name}; of its "
        "own text it were {own}. Are both cut by the same tokenizer, in the same script, with the "
        "same case? If so, pretrain on text that is more like this one."
    )
    W347 = (
        "In {share} of the annotated texts there is a space behind most words, as `spacy convert` "
        "writes it for files without SpaceAfter=No. Text that {name} will read later has none. "
        "Make the Docs of words with `spaces=[False] * len(words)`."
    )
    W348 = (
        "The pipeline's language is {lang}, but its tokenizer splits at white space, so that a "
        "whole sentence is one word for {name}. Set [nlp.tokenizer] @tokenizers = "
        '"spacy-rnn.JiebaTokenizer.v1" or "spacy.zh.ChineseTokenizer" (for Japanese '
        '"spacy.ja.JapaneseTokenizer"), or write the config with `python -m spacy rnn init`.'
    )
    W349 = (
        "{share} of the annotated tokens are not those that the pipeline's tokenizer makes of the "
        "same text. {name} then learns from other words than it will read. Use a tokenizer or "
        "segmenter that fits the annotation, or give the pipeline ready-made words."
    )
    W371 = (
        "{host} can be reached by other machines: whoever reaches it can use the models, with no "
        "password and without encryption. Use 127.0.0.1 if only this machine shall."
    )
    W549 = "Left out in the folder: {error}"
    W550 = (
        "No record of the input has {names}, which --keep names: the column is empty. Is the name "
        "spelled as in the input?"
    )
    W530 = (
        "{input} was changed after {output} was last written. The documents up to number {number} "
        "keep the scores of the text that they had then: if one of them was edited, score anew "
        "with --overwrite."
    )
    W531 = (
        "{input} was changed while it was read. The scores may be those of the old text or of the "
        "new one: score it again when nobody writes to it."
    )
    W544 = "Left out: {rows} that can't be read or scored (see above)."
    W545 = (
        "{input} was changed after {output} was last written. The rows before row {row} keep the "
        "numbers that they had then: if one of them was edited, score anew with --overwrite."
    )
    W547 = (
        "{path} has no accuracy for any of the paradigms ({paradigms}). Its column 'paradigm' has "
        "to name them as the pairs do."
    )
    W548 = (
        "The two sentences of {pairs} are one and the same text. They are counted as ties, which "
        "are not correct."
    )
    W601 = (
        "No checkpoint after step {step} in {folder}: {error}. The training goes on, and the "
        "checkpoint before is kept; make room on the disk."
    )
    W610 = (
        "{name} can't be written ({error}). The training goes on; this log will lack what finds no "
        "room."
    )
    W611 = "The logger failed ({error}). The training goes on; its log may have gaps."
    W612 = (
        "The development corpus gave other documents than at the evaluation before, so scores of "
        "different texts are compared. --resume will not compare it with what it was."
    )
