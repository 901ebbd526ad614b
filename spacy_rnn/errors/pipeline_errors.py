"""Errors of the component, its annotations, looking inside and typing."""

from .coded import Coded


class PipelineErrors(metaclass=Coded):
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
        "{name} didn't keep {annotation!r}. Add it to `annotations` of the component in the "
        "config. An encoder (softmax = false) has only hidden states to give."
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
