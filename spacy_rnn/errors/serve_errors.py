"""Errors of `rnn serve`."""

from .coded import Coded


class ServeErrors(metaclass=Coded):
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
    R865 = "The server answers {most:,} requests already. Ask again later."
    R866 = (
        "The trace has {numbers:,} numbers; {most:,} are sent. Ask for fewer of each vector "
        "(`units`: {units}), or send a shorter text."
    )
    R867 = "The server is being stopped. Start it again."
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
