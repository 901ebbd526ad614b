"""Errors of documents and tables in, tables out."""

from .coded import Coded


class ScoringErrors(metaclass=Coded):
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
