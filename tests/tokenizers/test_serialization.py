"""A saved tokenizer segments as before: in this process, in another, on another machine."""

import copy
import json
import os
import pickle
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import spacy
from spacy.vocab import Vocab

from spacy_rnn.tokenizers.dictionary import jieba_fingerprint
from spacy_rnn.tokenizers.jieba_tokenizer import JiebaTokenizer

ROOT = Path(__file__).parents[2]
TEXT = "我爱你，云计算公司\u3000在读列夫·托尔斯泰  的书\n。"
USER_WORDS = ["云计算", ["我爱你", 0], "列夫·托尔斯泰", ["司在", 5]]


def words(tokenizer):
    return [(token.text, token.whitespace_) for token in tokenizer(TEXT)]


@pytest.fixture
def dictionary_path(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("我爱 50\n你 5\n计算公 40\n司 30\n的书 8\n我爱你 90\n", encoding="utf8")
    return path


@pytest.fixture(params=["jieba", "jieba_no_hmm", "own"])
def nlp(request, make_nlp, dictionary_path):
    """Pipelines with user words: jieba's dictionary, the same without model, an own dictionary."""
    settings = {"user_words": USER_WORDS, "hmm": request.param != "jieba_no_hmm"}
    if request.param == "own":
        settings["dictionary"] = str(dictionary_path)
    return make_nlp(**settings)


def by_disk(nlp, folder):
    nlp.to_disk(folder / "pipeline")
    return spacy.load(folder / "pipeline")


def by_bytes(nlp, folder):
    return spacy.blank("zh", config=nlp.config).from_bytes(nlp.to_bytes())


def by_pickle(nlp, folder):
    return pickle.loads(pickle.dumps(nlp))


def by_deepcopy(nlp, folder):
    return copy.deepcopy(nlp)


# rjieba reads its dictionary anew for every pipeline with user words, in half a second
ROUND_TRIPS = [
    pytest.param(
        engine,
        round_trip,
        marks=() if engine == "jieba" or round_trip is by_bytes else pytest.mark.slow,
        id=f"{engine}-{round_trip.__name__}",
    )
    for engine in ("jieba", "rjieba")
    for round_trip in (by_disk, by_bytes, by_pickle, by_deepcopy)
]
each_round_trip = pytest.mark.parametrize(
    ("make_nlp", "round_trip"), ROUND_TRIPS, indirect=["make_nlp"]
)


@each_round_trip
@pytest.mark.parametrize("used_before", [True, False])
def test_pipeline_segments_as_before(nlp, tmp_path, dictionary_path, round_trip, used_before):
    copied = None
    if not used_before:
        copied = round_trip(nlp, tmp_path)
    expected = words(nlp)
    copied = copied or round_trip(nlp, tmp_path)
    # What the file says now is of no importance any more.
    dictionary_path.write_text("我爱你云计算 5\n", encoding="utf8")
    assert words(copied) == expected
    assert copied.tokenizer.user_words == USER_WORDS
    assert copied.tokenizer.hmm == nlp.tokenizer.hmm
    assert copied.tokenizer.vocab is copied.vocab


@each_round_trip
def test_two_round_trips_do_no_more_than_one(nlp, tmp_path, dictionary_path, round_trip):
    expected = words(nlp)
    (tmp_path / "again").mkdir()
    once = round_trip(nlp, tmp_path)
    dictionary_path.unlink()
    assert words(round_trip(once, tmp_path / "again")) == expected


def test_tokenizer_takes_over_all_settings(nlp, tmp_path):
    expected = words(nlp)
    nlp.tokenizer.to_disk(tmp_path / "tokenizer")
    for load in (
        lambda other: other.from_disk(tmp_path / "tokenizer"),
        lambda other: other.from_bytes(nlp.tokenizer.to_bytes()),
    ):
        other = JiebaTokenizer(Vocab(), hmm=False, user_words=[["云计算", 0]])
        assert words(other) != expected
        assert load(other) is other
        assert words(other) == expected
        assert other.to_bytes() == nlp.tokenizer.to_bytes()


IN_ANOTHER_PROCESS = """
import json, pickle, sys
from pathlib import Path
import spacy
import spacy_rnn.tokenizers.jieba_tokenizer
imported = "jieba" in sys.modules
folder, text = Path(sys.argv[1]), sys.argv[2]
by_disk = spacy.load(folder / "pipeline")
by_bytes = spacy.blank("zh", config=spacy.util.load_config(folder / "pipeline" / "config.cfg"))
by_bytes.from_bytes((folder / "bytes").read_bytes())
by_pickle = pickle.loads((folder / "pickle").read_bytes())
pipelines = [by_disk, by_bytes, by_pickle]
words = [[(token.text, token.whitespace_) for token in nlp(text)] for nlp in pipelines]
print(json.dumps([imported, words]))
"""


@pytest.mark.slow
def test_another_machine_segments_as_before(nlp, tmp_path, dictionary_path):
    expected = [list(pair) for pair in words(nlp)]
    nlp.to_disk(tmp_path / "pipeline")
    (tmp_path / "bytes").write_bytes(nlp.to_bytes())
    (tmp_path / "pickle").write_bytes(pickle.dumps(nlp))
    dictionary_path.unlink()

    places = {name: tmp_path / name for name in ("HOME", "XDG_CACHE_HOME", "TMPDIR")}
    for place in places.values():
        place.mkdir()
    # A cache that somebody left in the shared folder, where jieba itself would read it.
    planted = places["TMPDIR"] / "jieba.cache"
    planted.write_bytes(b"not a dictionary")

    environment = {**os.environ, **{name: str(place) for name, place in places.items()}}
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), environment.get("PYTHONPATH", "")])
    command = [sys.executable, "-c", IN_ANOTHER_PROCESS, str(tmp_path), TEXT]
    result = subprocess.run(
        command, env=environment, cwd=places["HOME"], capture_output=True, encoding="utf8"
    )
    assert result.returncode == 0, result.stderr
    jieba_was_imported, segmentations = json.loads(result.stdout)
    assert segmentations == [expected] * 3
    assert not jieba_was_imported, "importing the tokenizer must stay cheap"
    assert "jieba" not in result.stderr, "jieba's messages are not for our users"
    written = [path for place in places.values() for path in place.rglob("*") if path.is_file()]
    assert [path for path in written if "jieba" in path.name] == [planted]
    assert planted.read_bytes() == b"not a dictionary"


def test_dictionary_of_an_earlier_pipeline_does_not_stay(make_nlp, tmp_path, dictionary_path):
    folder = tmp_path / "tokenizer"
    make_nlp(dictionary=str(dictionary_path)).tokenizer.to_disk(folder)
    assert (folder / "dictionary.txt").read_bytes() == dictionary_path.read_bytes()
    make_nlp().tokenizer.to_disk(folder)
    assert not (folder / "dictionary.txt").exists()
    loaded = make_nlp(dictionary=str(dictionary_path)).tokenizer.from_disk(folder)
    assert words(loaded) == words(make_nlp())


def test_excluded_parts_stay_as_they_are(make_nlp, tmp_path, dictionary_path):
    saved = make_nlp(user_words=["云计算"]).tokenizer
    other = make_nlp(user_words=[["云计算", 0]], dictionary=str(dictionary_path)).tokenizer
    expected = words(other)
    for part in ("cfg", "vocab"):
        saved.to_disk(tmp_path / part, exclude=[part])
    other.from_disk(tmp_path / "cfg", exclude=["cfg", "dictionary"])
    other.from_bytes(saved.to_bytes(exclude=["cfg"]), exclude=["cfg", "dictionary"])
    assert words(other) == expected
    other.from_disk(tmp_path / "vocab")
    assert words(other) == words(saved)


def test_one_half_can_be_loaded_alone(make_nlp, dictionary_path):
    own = {"dictionary": str(dictionary_path)}
    saved = make_nlp(user_words=["云计算"], **own).tokenizer.to_bytes()
    other = make_nlp(user_words=[["云计算", 0]], **own).tokenizer
    expected = words(other)
    assert words(other.from_bytes(saved, exclude=["cfg"])) == expected
    other.from_bytes(saved, exclude=["dictionary"])
    assert words(other) == words(make_nlp(user_words=["云计算"], **own))
    with pytest.raises(ValueError, match="R114"):
        make_nlp().tokenizer.from_bytes(saved, exclude=["dictionary"])


def test_settings_of_the_config_count_when_the_saved_tokenizer_is_excluded(make_nlp, tmp_path):
    make_nlp(user_words=USER_WORDS).to_disk(tmp_path)
    config = {"nlp.tokenizer.user_words": ["你云"]}
    changed = spacy.load(tmp_path, exclude=["tokenizer"], config=config)
    assert words(changed) == words(make_nlp(user_words=["你云"]))
    assert words(spacy.load(tmp_path, config=config)) == words(make_nlp(user_words=USER_WORDS))


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "cfg").unlink(),
        lambda folder: (folder / "cfg").write_text('{"hmm": tru', encoding="utf8"),
        lambda folder: (folder / "cfg").write_text('{"segmenter": "jieba"}', encoding="utf8"),
        lambda folder: (folder / "cfg").write_text("[]", encoding="utf8"),
        lambda folder: (folder / "dictionary.txt").unlink(),
        lambda folder: (folder / "dictionary.txt").write_bytes(b""),
        lambda folder: (folder / "dictionary.txt").write_text("北京 5\n", encoding="utf8"),
    ],
    ids=["no cfg", "half a cfg", "foreign cfg", "list", "no dictionary", "empty", "changed"],
)
def test_damaged_folder_is_an_error_and_nothing_is_lost(
    make_nlp, tmp_path, dictionary_path, damage
):
    folder = tmp_path / "tokenizer"
    make_nlp(dictionary=str(dictionary_path)).tokenizer.to_disk(folder)
    damage(folder)
    tokenizer = make_nlp(user_words=USER_WORDS).tokenizer
    expected = words(tokenizer)
    with pytest.raises(ValueError, match=r"\[R109\]"):
        tokenizer.from_disk(folder)
    assert words(tokenizer) == expected


@pytest.mark.parametrize("data", [b"", b"abc", b"\xc1", b"\x81\xa3cfg\x01", b"\x80"])
def test_damaged_bytes_are_an_error(make_nlp, data):
    with pytest.raises(ValueError, match=r"\[R109\]"):
        make_nlp().tokenizer.from_bytes(data)
    cut_off = make_nlp(user_words=USER_WORDS).tokenizer.to_bytes()[:-9]
    with pytest.raises(ValueError, match=r"\[R109\]"):
        make_nlp().tokenizer.from_bytes(cut_off)


def test_another_version_of_jiebas_dictionary_is_noticed(make_nlp, tmp_path):
    folder = tmp_path / "tokenizer"
    make_nlp().tokenizer.to_disk(folder)
    cfg = json.loads((folder / "cfg").read_text(encoding="utf8"))
    assert cfg["fingerprint"] == jieba_fingerprint()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make_nlp().tokenizer.from_disk(folder)("我")
    (folder / "cfg").write_text(json.dumps({**cfg, "fingerprint": "0" * 32}), encoding="utf8")
    tokenizer = make_nlp().tokenizer.from_disk(folder)
    with pytest.warns(UserWarning, match=r"\[W101\]"):
        tokenizer("我")
