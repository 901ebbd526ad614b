"""Errors of tokenizers."""

from .coded import Coded


class TokenizerErrors(metaclass=Coded):
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
