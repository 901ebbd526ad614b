"""Which rows are scored together, and what is left out."""

import pytest

from spacy_rnn.corpus.text_files import raise_error
from spacy_rnn.scoring.items.row_groups import RowGroups

from .rows import make_rows, options_of

WORDS = {"rows": "words", "group": ("item",)}


def divide(values, *, broken=(), skip=False, **options):
    """The numbers of the rows of each group, its texts, and what was left out.

    broken: numbers of rows that the reader can't read.
    """
    told = []

    def on_bad(error, row, count):
        if not skip:
            raise_error(error)
        told.append((str(error)[:6], row, count))

    groups = RowGroups(options_of(**options), on_bad)

    def read():
        for row in make_rows(values):
            if row.number in broken:
                groups.leave_out(ValueError("[R000] broken"))
            else:
                yield row

    made = [*groups.divide(read())]
    numbers = [[row.number for row in group.rows] for group in made]
    return numbers, [text.text for group in made for text in group.texts], told


def words(*pairs):
    return [{"item": item, "word": word} for item, word in pairs]


STORY = words(("1", "a"), ("1", "b"), ("2", "c"), ("2", "d"), ("3", "e"))


def test_adjacent_rows_of_a_group_are_one_text():
    assert divide(STORY, **WORDS)[:2] == ([[1, 2], [3, 4], [5]], ["a b", "c d", "e"])


def test_several_columns_make_a_group():
    rows = [{"i": i, "c": c, "word": i + c} for i, c in ("1a", "1a", "1b", "2b")]
    assert divide(rows, rows="words", group=("i", "c"))[0] == [[1, 2], [3], [4]]


def test_texts_are_scored_one_by_one_unless_the_context_is_carried():
    rows = [{"g": g, "text": g} for g in "aab"]
    assert divide(rows)[0] == divide(rows, group=("g",))[0] == [[1], [2], [3]]
    assert divide(rows, group=("g",), context="carry")[0] == [[1, 2], [3]]


def test_words_are_read_in_their_order_and_rows_stay_in_theirs():
    rows = [{"item": 1, "word": w, "zone": z} for w, z in (("c", "10"), ("a", "1"), ("b", "9.5"))]
    assert divide(rows, order="zone", **WORDS)[:2] == ([[1, 2, 3]], ["a b c"])


def test_a_group_that_comes_back_is_an_error():
    for item in ("1", "2"):
        rows = [*STORY, {"item": item, "word": "x"}]
        with pytest.raises(
            ValueError, match=rf"R725.*row 6.*the group {item} .*row {2 * int(item) - 1}"
        ):
            divide(rows, **WORDS)
    numbers, _, told = divide([*STORY, *STORY[:2]], skip=True, **WORDS)
    assert numbers == [[1, 2], [3, 4], [5]] and told == [("[R727]", 6, 2)]
    rows = [{"g": g, "text": g} for g in "aba"]
    with pytest.raises(ValueError, match=r"R725.*row 3"):
        divide(rows, group=("g",))
    rows.append(rows[2])
    numbers, _, told = divide(rows, group=("g",), skip=True)
    assert numbers == [[1], [2]] and told == [("[R725]", 3, 1), ("[R725]", 4, 1)]


def test_numbers_that_hash_alike_are_different_groups():
    rows = [{"item": item, "word": "a"} for item in (-1, -2, 1, "1", None, "None", "")]
    assert len(divide(rows, **WORDS)[0]) == 7


def test_an_id_that_is_there_twice_is_an_error():
    rows = [{"id": i, "text": "a"} for i in ("x", "y", "x")]
    with pytest.raises(ValueError, match=r"R724.*row 3, column 'id'.*'x' is that of row 1"):
        divide(rows, id="id")
    assert divide(rows, id="id", skip=True)[0] == [[1], [2]]


def test_a_group_whose_first_row_is_bad_is_a_group_nevertheless():
    names = ("g", "o", "id", "text")
    cells = ["A11a", "A22b", "B52c", "B14d", "B25e"]  # the id 2 comes back in the first B
    rows = [dict(zip(names, row, strict=True)) for row in cells]
    options = {"group": ("g",), "order": "o", "id": "id", "skip": True}
    numbers, _, told = divide(rows, **options)
    assert numbers == [[1], [2], [4], [5]] and told == [("[R724]", 3, 1)]
    # the same for a whole group, which may not come back after another one
    cells = ["A1a", "B1b", "B2c", "C3d", "B4e"]
    rows = [dict(zip(("item", "id", "word"), row, strict=True)) for row in cells]
    numbers, _, told = divide(rows, id="id", skip=True, **WORDS)
    assert numbers == [[1], [4]] and told == [("[R727]", 2, 2), ("[R725]", 5, 1)]


def test_a_group_beside_a_broken_row_may_not_come_back():
    numbers, _, _ = divide([*STORY, *STORY[2:4]], broken={3}, skip=True, **WORDS)
    assert numbers == [[5]]


def test_a_place_in_a_group_that_is_there_twice_is_an_error():
    rows = [{"item": g, "word": "a", "zone": z} for g, z in ((1, "1"), (2, "1"), (2, "1.0"))]
    with pytest.raises(ValueError, match=r"R726.*row 3, column 'zone'.*group 2, in row 2"):
        divide(rows, order="zone", **WORDS)
    numbers, _, told = divide(rows, order="zone", skip=True, **WORDS)
    assert numbers == [[1]] and told == [("[R727]", 2, 2)]


@pytest.mark.parametrize("zone", ["", "first", None, True, "nan", [1]])
def test_an_order_that_is_no_number_is_an_error(zone):
    rows = [{"item": 1, "word": "a", "zone": zone}]
    with pytest.raises(ValueError, match=r"R728.*row 1, column 'zone'"):
        divide(rows, order="zone", **WORDS)


def test_a_word_that_cannot_be_read_takes_its_group_away():
    rows = [*STORY[:3], {"item": "2", "word": None}, STORY[4]]
    numbers, _, told = divide(rows, skip=True, **WORDS)
    assert numbers == [[1, 2], [5]] and told == [("[R727]", 3, 2)]
    with pytest.raises(ValueError, match=r"R768.*row 4, column 'word'.*2 rows"):
        divide(rows, **WORDS)


@pytest.mark.parametrize(
    ("broken", "left"),
    [
        ({1}, [[3, 4], [5]]),
        ({2}, [[5]]),
        ({3}, [[5]]),
        ({4}, [[1, 2]]),
        ({5}, [[1, 2]]),
        ({1, 5}, []),
    ],
)
def test_a_row_that_cannot_be_read_takes_the_groups_beside_it_away(broken, left):
    """Nobody knows which of them it belonged to."""
    numbers, _, told = divide(STORY, broken=broken, skip=True, **WORDS)
    assert numbers == left
    assert sum(count for _, _, count in told) + sum(map(len, numbers)) == len(STORY)


def test_a_text_that_cannot_be_read_takes_nothing_away():
    rows = [{"text": t, "g": "1"} for t in "abc"]
    assert divide(rows, broken={2}, skip=True)[0] == [[1], [3]]
    assert divide(rows, broken={2}, skip=True, group=("g",), context="carry")[0] == []
