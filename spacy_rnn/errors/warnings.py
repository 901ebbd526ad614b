"""Every warning that a user can see."""

from .coded import Coded


class Warnings(metaclass=Coded):
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
        "tokenized = true in the corpus readers (`rnn train`: --corpora.dev.tokenized true "
        "--corpora.train.tokenized true, or --corpora.train.corpus.tokenized true where the config "
        "reads streams). Then `<unk>` is a missing word."
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
        "own text {own}. Are both cut by the same tokenizer, in the same script, with the "
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
    W385 = (
        "unknown words: {tokens} of the tokens, {bits} of the bits. That is many: your results "
        'may come mostly from these words. Which column to take: docs/measures.md, "Unknown words".'
    )
    W395 = (
        "{path} has {words} with capital letters. With --lower texts are looked up in lower case, "
        "so these rows are never reached: if the network was trained on text as it is, leave "
        "--lower out."
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
