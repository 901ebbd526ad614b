"""Errors of corpora and training."""

from .coded import Coded


class CorpusErrors(metaclass=Coded):
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
