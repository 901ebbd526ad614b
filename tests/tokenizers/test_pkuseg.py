"""spaCy's own tokenizer with pkuseg, the other segmenter for an `rnn_lm` pipeline."""

import pytest
import spacy

pytest.importorskip("spacy_pkuseg")

TEXTS = [
    "我爱北京",
    "我们坐火车去上海。",
    "今天  天气很好\n明天下雨\t吗？",
    " 他喝coffee ☕ 和 3.5杯牛奶\u3000👩‍🔬 ",
    "我\x00爱\x0b北京\x85\u2028\u200b",
    "",
    " ",
    "\r\n",
]


@pytest.fixture
def nlp(pkuseg_model, monkeypatch):
    import spacy_pkuseg

    def download(*args, **kwargs):
        raise AssertionError("a model of one's own needs no download")

    monkeypatch.setattr(spacy_pkuseg, "download_model", download)
    tokenizer = {"@tokenizers": "spacy.zh.ChineseTokenizer", "segmenter": "pkuseg"}
    settings = {"pkuseg_model": str(pkuseg_model), "pkuseg_user_dict": "default"}
    config = {"nlp": {"tokenizer": tokenizer}, "initialize": {"tokenizer": settings}}
    nlp = spacy.blank("zh", config=config)
    nlp.initialize()
    return nlp


def words(nlp, text):
    return [(token.text, token.whitespace_) for token in nlp(text)]


def test_segments_as_trained(nlp):
    assert [token.text for token in nlp("我爱北京")] == ["我", "爱", "北京"]
    assert [token.text for token in nlp("他在学校看书")] == ["他", "在", "学校", "看书"]


@pytest.mark.parametrize("text", TEXTS)
def test_doc_has_the_text_it_was_made_from(nlp, text):
    assert nlp(text).text == text


@pytest.mark.slow
def test_segments_as_before_when_loaded(nlp, tmp_path):
    expected = [words(nlp, text) for text in TEXTS]
    nlp.to_disk(tmp_path / "pipeline")
    from_disk = spacy.load(tmp_path / "pipeline")
    from_bytes = spacy.blank("zh", config=nlp.config).from_bytes(nlp.to_bytes())
    for loaded in (from_disk, from_bytes):
        assert [words(loaded, text) for text in TEXTS] == expected
