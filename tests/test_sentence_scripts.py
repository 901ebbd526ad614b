"""Raw text for encoders and language models: sentences, paragraphs, articles."""

import pytest
import spacy
import typer
from spacy.tokens import DocBin
from typer.testing import CliRunner

from .helpers import load_script

english = load_script("wikitext")
chinese = load_script("chinese_sentences")


def run(main, *args):
    app = typer.Typer()
    app.command()(main)
    done = CliRunner().invoke(app, [str(arg) for arg in args], catch_exceptions=False)
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (" The cat sat . It slept ! ", ["The cat sat .", "It slept !"]),
        (" It cost 10 @,@ 000 or 2 @.@ 5 . ", ["It cost 10,000 or 2.5 ."]),
        (" A well @-@ known man didn 't go . ", ["A well - known man did n't go ."]),
        (" J. K. Smith of U.S. origin ", ["J. K. Smith of U.S. origin"]),
        (" <unk> came . <unk> left . ", ["<unk> came .", "<unk> left ."]),
        (" = Heading = ", []),
        (" ", []),
    ],
)
def test_english_paragraphs_are_split_and_written_as_elsewhere(line, expected):
    assert list(english.sentences(line)) == expected


def test_english_words_are_neither_lost_nor_doubled(tmp_path):
    text = " = Title = \n \n One two . Three four ? \n Five six . \n"
    for name in ("train", "valid"):
        (tmp_path / f"{name}.txt").write_text(text, encoding="utf8")
    run(english.main, tmp_path, tmp_path / "out")
    for name in ("train", "dev"):
        lines = (tmp_path / "out" / f"{name}.txt").read_text("utf8").splitlines()
        body = [line for line in text.splitlines() if "=" not in line]
        assert " ".join(lines).split() == " ".join(body).split()
        assert len(lines) == 3


PARAGRAPHS = [
    (" It cost $ 10 @,@ 000 or 2 @.@ 5 % ( half ) . ", "It cost $10,000 or 2.5% (half)."),
    (" A well @-@ known man didn 't go ; he 'd left . ", "A well-known man didn't go; he'd left."),
    (' " I cannot , " he said , " Tom \'s " . ', '"I cannot," he said, "Tom\'s".'),
]


@pytest.mark.parametrize(("line", "text"), PARAGRAPHS)
def test_a_paragraph_is_the_text_before_its_tokens_were_separated(line, text):
    assert english.plain_text(line) == text


@pytest.mark.parametrize(("line", "text"), PARAGRAPHS)
def test_a_document_has_the_tokens_that_spacy_makes_of_the_text(line, text):
    nlp = spacy.blank("en")
    (doc,) = english.make_docs(nlp, [line], english.Document.line)
    assert doc.text == text
    assert [token.text for token in doc] == [token.text for token in nlp(text)]


def test_a_missing_word_stays_one_token_wherever_it_stands():
    line = " ( <unk> ) , <unk> 's <unk> @-@ made 1 @,@ <unk> <unk> . "
    (doc,) = english.make_docs(spacy.blank("en"), [line], english.Document.line)
    expected = "( <unk> ) , <unk> 's <unk> - made <unk> <unk> ."
    assert " ".join(token.text for token in doc) == expected


def test_articles_are_told_by_their_titles_and_keep_their_paragraphs_apart(tmp_path):
    lines = [" = One = ", "", " A b . ", " = = Part = = ", " C d . ", " = Two = ", " E f . "]
    for name in ("train", "valid"):
        (tmp_path / f"{name}.txt").write_text("\n".join(lines), encoding="utf8")
    found = {}
    for kind in ("line", "article"):
        run(english.main, tmp_path, tmp_path / kind, "--document", kind)
        bins = DocBin().from_disk(tmp_path / kind / "dev.spacy")
        found[kind] = [doc.text for doc in bins.get_docs(spacy.blank("en").vocab)]
    assert found == {"line": ["A b.", "C d.", "E f."], "article": ["A b.\nC d.", "E f."]}


def test_sentences_in_the_tokens_of_spacy_are_documents(tmp_path):
    lines = [" = One = ", " It cost 10 @,@ 000 . The <unk> @-@ made one didn 't . ", "", " A b . "]
    for name in ("train", "valid"):
        (tmp_path / f"{name}.txt").write_text("\n".join(lines), encoding="utf8")
    run(english.main, tmp_path, tmp_path / "out", "--document", "sentence", "--tokens", "spacy")
    nlp = spacy.blank("en")
    docs = list(DocBin().from_disk(tmp_path / "out" / "dev.spacy").get_docs(nlp.vocab))
    assert [doc.text for doc in docs] == ["It cost 10,000.", "The <unk>-made one didn't.", "A b."]
    assert [token.text for token in docs[1]][:3] == ["The", "<unk>", "-"]
    assert [token.text for token in docs[0]] == [token.text for token in nlp(docs[0].text)]


def test_raw_sentences_lack_no_word(tmp_path):
    lines = [" = One = ", " A well @-@ known man . The <unk> came . It was 2 @.@ 5 . "]
    for name in ("train", "valid"):
        (tmp_path / f"{name}.txt").write_text("\n".join(lines), encoding="utf8")
    run(english.main, tmp_path, tmp_path / "out", "--document", "raw")
    text = (tmp_path / "out" / "dev.txt").read_text("utf8")
    assert text == "A well-known man.\nIt was 2.5.\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("他来了。她走了！", ["他来了。", "她走了！"]),
        ("他说：“走吧。”她笑了。", ["他说：“走吧。”", "她笑了。"]),
        ("真的吗？！好……\n没有句号", ["真的吗？！", "好……", "没有句号"]),
        ("\n 　\n", []),
    ],
)
def test_chinese_sentences_end_behind_their_marks_and_quotes(text, expected):
    assert chinese.sentences(text) == expected


def test_chinese_text_is_segmented_and_complete(tmp_path):
    folders = []
    for number, text in enumerate(("我爱北京。你好！\n", "妈妈 喜欢苹果。\n")):
        folder = tmp_path / str(number)
        folder.mkdir()
        folders.append(folder)
        for name in ("train", "dev"):
            (folder / f"{name}.txt").write_text(text, encoding="utf8")
    run(chinese.main, tmp_path / "out", *folders)
    lines = (tmp_path / "out" / "train.txt").read_text("utf8").splitlines()
    assert [line.replace(" ", "") for line in lines] == ["我爱北京。", "你好！", "妈妈喜欢苹果。"]
    assert "北京" in lines[0].split() and "苹果" in lines[2].split()
    assert not (tmp_path / "out" / "test.txt").exists()


def test_chinese_text_can_have_a_character_a_word(tmp_path):
    for name in ("train", "dev"):
        (tmp_path / f"{name}.txt").write_text("我爱北京。\n", encoding="utf8")
    run(chinese.main, tmp_path / "out", tmp_path, "--segmenter", "char")
    assert (tmp_path / "out" / "dev.txt").read_text("utf8") == "我 爱 北 京 。\n"


def test_chinese_test_text_is_written_where_every_folder_has_some(tmp_path):
    for name in ("train", "dev", "test"):
        (tmp_path / f"{name}.txt").write_text(f"{name}。\n", encoding="utf8")
    run(chinese.main, tmp_path / "out", tmp_path)
    assert (tmp_path / "out" / "test.txt").read_text("utf8") == "test 。\n"


def test_a_byte_order_mark_is_no_part_of_the_first_sentence(tmp_path):
    for name in ("train", "valid", "dev"):
        (tmp_path / f"{name}.txt").write_text("One two .\n", encoding="utf-8-sig")
    run(english.main, tmp_path, tmp_path / "en")
    run(chinese.main, tmp_path / "zh", tmp_path)
    for folder in ("en", "zh"):
        for name in ("train", "dev"):
            assert (tmp_path / folder / f"{name}.txt").read_text("utf8") == "One two .\n"
