"""The scripts of the project."""

import json
import math
import shutil
import subprocess
import sys
from html import unescape
from html.parser import HTMLParser

import pytest
import spacy
import typer
from spacy.tokens import Doc, DocBin
from spacy.util import load_config
from typer.testing import CliRunner

from spacy_rnn import render
from spacy_rnn.rendering.chinese import CHINESE
from spacy_rnn.training.log_outputs import read_evaluations

from .helpers import CONFIG, ROOT, load_script, write_corpus

BOOKS = ("红楼梦", "三国演义", "水浒传", "西游记")


def run(main, *args):
    app = typer.Typer()
    app.command()(main)
    return CliRunner().invoke(app, [str(arg) for arg in args])


# --- split_novels


def write_novels(folder, novels=None):
    folder.mkdir()
    for book in BOOKS:
        text = (novels or {}).get(book, "第一回 空\n一行。\n")
        (folder / f"{book}.txt").write_text(text, encoding="utf8")
    return folder


def read_chapters(path):
    return [chapter.split("\n") for chapter in path.read_text("utf8").rstrip("\n").split("\n\n")]


def test_of_every_ten_chapters_the_fifth_is_dev_and_the_tenth_test(tmp_path):
    digits = "一二三四五六七八九十"
    numbers = [f"第{'二十' * (n >= 20) + digits[n % 10]}回" for n in range(23)]
    text = "\n".join(f"{number} 标题{n}\n正文{n}。" for n, number in enumerate(numbers))
    novels = write_novels(tmp_path / "novels", {"西游记": text})
    result = run(load_script("split_novels").main, novels, tmp_path / "out")
    assert result.exit_code == 0, result.output
    parts = {name: read_chapters(tmp_path / "out" / f"{name}.txt") for name in ("dev", "test")}
    for name, rest in (("dev", 4), ("test", 9)):
        expected = [[f"{numbers[n]} 标题{n}", f"正文{n}。"] for n in range(23) if n % 10 == rest]
        assert parts[name] == expected
    train = read_chapters(tmp_path / "out" / "train.txt")
    others = [n for n in range(23) if n % 10 not in (4, 9)]
    # the other books have a chapter each, and come before
    assert train[:3] == [["第一回 空", "一行。"]] * 3
    assert [chapter[1] for chapter in train[3:]] == [f"正文{n}。" for n in others]


def test_chapters_are_counted_in_each_book_anew(tmp_path):
    text = "\n".join(f"第{n}回\n正文{n}。" for n in "一二三四五六")
    novels = write_novels(tmp_path / "novels", dict.fromkeys(BOOKS, text))
    run(load_script("split_novels").main, novels, tmp_path / "out")
    assert read_chapters(tmp_path / "out" / "dev.txt") == [["第五回", "正文五。"]] * 4
    assert (tmp_path / "out" / "test.txt").read_text("utf8").strip() == ""


@pytest.mark.parametrize(
    "line",
    [
        "第一回",
        "第一百二十回 尾声",
        "第12回 数",
        "第〇回 零",
        "第○回",
        "第Ｏ回 x",
        "楔子",
        "楔子 话说",
    ],
)
def test_such_a_line_begins_a_chapter(line):
    chapters = load_script("split_novels").chapters("水浒传", f"序\n{line}\n正文。")
    assert chapters == [[line, "正文。"]]


@pytest.mark.parametrize("line", ["第一回书", "第一章 x", "话说第一回 x", "第回 x", "楔子话", "回"])
def test_such_a_line_begins_none(line):
    chapters = load_script("split_novels").chapters("水浒传", f"第一回\n{line}\n正文。")
    assert chapters == [["第一回", line, "正文。"]]


def test_lines_are_cleaned():
    raw = "序言\n第一回\u3000甲\t乙\n\n \u3000 \n\u3000\u3000话说．  他\u3000走了。 \n首页|目录\n"
    raw += "完．\r\n"
    chapters = load_script("split_novels").chapters
    assert chapters("三国演义", raw) == [["第一回 甲 乙", "话说． 他 走了。", "完．"]]
    assert chapters("红楼梦", raw) == [["第一回 甲 乙", "话说。 他 走了。", "完。"]]


def test_a_byte_order_mark_hides_no_chapter(tmp_path):
    novels = write_novels(tmp_path / "novels")
    (novels / "红楼梦.txt").write_text("第一回 首\n正文。\n", encoding="utf-8-sig")
    run(load_script("split_novels").main, novels, tmp_path / "out")
    assert read_chapters(tmp_path / "out" / "train.txt")[0] == ["第一回 首", "正文。"]


def test_missing_novels_are_named(tmp_path):
    novels = write_novels(tmp_path / "novels")
    (novels / "水浒传.txt").unlink()
    result = run(load_script("split_novels").main, novels, tmp_path / "out")
    assert result.exit_code == 1
    assert "水浒传.txt" in result.output and "project assets" in result.output.replace("\n", " ")
    assert not (tmp_path / "out").exists()


# --- prepare


def prepare(*args):
    return CliRunner().invoke(load_script("prepare").app, [str(arg) for arg in args])


def read_texts(path):
    return [doc.text for doc in DocBin().from_disk(path).get_docs(spacy.blank("zh").vocab)]


def test_prepared_documents_are_those_of_the_tokenizer(tmp_path):
    source = write_corpus(tmp_path / "text")
    result = prepare(CONFIG, source, tmp_path / "out")
    assert result.exit_code == 0, result.output
    nlp = load_script("prepare").load_tokenizer(CONFIG, {})
    for part in ("train", "dev", "test"):
        texts = (source / f"{part}.txt").read_text("utf8").splitlines()
        docs = DocBin().from_disk(tmp_path / "out" / f"{part}.spacy").get_docs(nlp.vocab)
        for doc, text in zip(docs, texts, strict=True):
            assert [t.text for t in doc] == [t.text for t in nlp.make_doc(text)]


def test_a_document_can_be_a_block(tmp_path):
    source = write_corpus(tmp_path / "text")
    (source / "train.txt").write_text("甲说。\n乙说。\n\n丙说。\n", encoding="utf8")
    assert prepare(CONFIG, source, tmp_path / "out", "--document", "block").exit_code == 0
    assert read_texts(tmp_path / "out" / "train.spacy") == ["甲说。\n乙说。", "丙说。"]


def test_settings_of_the_config_are_overridden(tmp_path):
    source = write_corpus(tmp_path / "text")
    (source / "train.txt").write_text("我爱你\n", encoding="utf8")
    words = ["--nlp.tokenizer.user_words", '[["我爱", 900000]]']
    assert prepare(CONFIG, source, tmp_path / "out", *words).exit_code == 0
    docs = DocBin().from_disk(tmp_path / "out" / "train.spacy").get_docs(spacy.blank("zh").vocab)
    assert [[t.text for t in doc] for doc in docs] != [["我", "爱", "你"]]
    assert prepare(CONFIG, source, tmp_path / "out", "--dokument", "line").exit_code != 0


# --- unquoted


def test_arguments_lose_the_quotes_around_them_and_the_status_is_handed_on(tmp_path):
    script = tmp_path / "my script.py"
    script.write_text("import json, sys; print(json.dumps(sys.argv[1:])); sys.exit(3)")
    arguments = [f'"{script}"', '"a  b"', "c", '"', '""', 'd"e"', "'f'", "--x"]
    command = [sys.executable, ROOT / "scripts" / "unquoted.py", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stderr
    assert json.loads(done.stdout) == ["a  b", "c", '"', "", 'd"e"', "'f'", "--x"]


@pytest.mark.parametrize(
    "body, shown",
    [
        ("raise ValueError('[R008] Unknown cell.')", "✘ [R008] Unknown cell."),
        ("raise OSError('[E050] no model')", "✘ [E050] no model"),
        ("open('nowhere')", "✘ [Errno 2] No such file or directory: 'nowhere'"),
    ],
)
def test_what_a_user_can_put_right_is_shown_in_a_line(tmp_path, body, shown):
    (tmp_path / "script.py").write_text(body)
    command = [sys.executable, ROOT / "scripts" / "unquoted.py", tmp_path / "script.py"]
    done = subprocess.run(command, capture_output=True, encoding="utf8", check=False)
    assert (done.returncode, done.stderr.strip()) == (1, shown)


def test_a_mistake_of_a_script_keeps_its_traceback_and_scripts_find_their_neighbours(tmp_path):
    (tmp_path / "neighbour.py").write_text("NAME = 'here'")
    (tmp_path / "script.py").write_text("import neighbour; raise ValueError(neighbour.NAME)")
    command = [sys.executable, ROOT / "scripts" / "unquoted.py", tmp_path / "script.py"]
    done = subprocess.run(command, capture_output=True, encoding="utf8", check=False)
    assert done.returncode == 1
    assert "Traceback" in done.stderr and done.stderr.strip().endswith("ValueError: here")


# --- show


def test_show_prints_what_the_model_expects_and_writes(workflow):
    main = load_script("show").main
    result = run(main, workflow.model, "--prompts", "妹妹,老师", "--k", 3)
    assert result.exit_code == 0, result.output
    lm = spacy.load(workflow.model).get_pipe("rnn_lm")
    for number, prompt in enumerate(("妹妹", "老师")):
        for word, probability in lm.predict_next(prompt, k=3):
            assert f"{word} {probability:.3f}" in result.output
        assert lm.generate(prompt, temperature=0.5, seed=number) in result.output


# --- report


class Page(HTMLParser):
    """Tags, their nesting and the text of a page."""

    def __init__(self, text):
        super().__init__()
        self.source, self.tags, self.open, self.text = text, [], [], []
        self.rubies, self.numbers = [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in ("meta", "br"):  # what needs no end
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, tag

    def handle_data(self, data):
        self.text.append(data)
        if self.open[-2:] == ["ruby", "bdi"]:
            self.rubies.append(data)
        if self.open[-2:] == ["ruby", "rt"]:
            self.numbers.append(data)


@pytest.fixture
def page(workflow, tmp_path):
    """The page of the tiny model, on test text that would break a page if it weren't escaped."""
    nlp = spacy.load(workflow.model)
    docs = [nlp.make_doc(line) for line in workflow.lines]
    docs.append(Doc(nlp.vocab, words=["<b>妹妹", "&amp;", "</p>", "喜欢", '"苹果"']))
    docs.append(Doc(nlp.vocab, words=[]))
    folder = tmp_path / "<i>corpus"
    folder.mkdir()
    DocBin(docs=docs).to_disk(folder / "test.spacy")
    output = tmp_path / "new" / "report.html"
    arguments = workflow.model, folder / "test.spacy", workflow.log, workflow.metrics, output
    result = run(load_script("report").main, *arguments, "--prompts", "<u>妹妹")
    assert result.exit_code == 0, (result.output, result.exception)
    return Page(output.read_text("utf8"))


def test_the_report_is_well_formed_and_escapes_text(page):
    assert page.open in ([], ["html"])
    assert not {"b", "i", "u"} & set(page.tags)
    text = "".join(page.text)
    for literal in ("<b>妹妹", "&amp;", "</p>", "<i>corpus", "<u>妹妹", "<unk>"):
        assert literal in text


def test_the_report_has_every_score(page, workflow):
    text = "".join(page.text)
    scores = json.loads(workflow.metrics.read_text("utf8"))
    names = [name for name in scores if name.startswith("lm_")]
    assert len(names) == 6
    for name in names:
        assert f"{scores[name]:,.6g}" in text, name


def test_the_report_shows_the_curve_and_the_words(page, workflow):
    assert {"svg", "polyline", "ruby", "rt", "table"} <= set(page.tags)
    assert page.tags.count("polyline") == 2
    assert {"妹妹", "喜欢"} & set(page.rubies)
    lm = spacy.load(workflow.model).get_pipe("rnn_lm")
    text = "".join(page.text)
    for word, probability in lm.predict_next("<u>妹妹"):
        assert f"{word} {probability:.3f}" in text


def test_the_most_surprising_document_comes_first(page, workflow):
    nlp = spacy.load(workflow.model)
    docs = [nlp(line) for line in workflow.lines]
    docs.append(nlp(Doc(nlp.vocab, words=["<b>妹妹", "&amp;", "</p>", "喜欢", '"苹果"'])))
    means = [doc._.rnn_surprisal / len(doc) for doc in docs]
    text = "".join(page.text)
    most, least = (
        text.index(CHINESE.bits_a_token.format(bits=f"{max(means):.1f}")),
        text.rindex(CHINESE.bits_a_token.format(bits=f"{min(means):.1f}")),
    )
    texts = load_script("report").TEXTS["zh"]
    assert text.index(texts["most"]) < most < text.index(texts["least"]) < least


def test_an_unknown_word_has_a_question_mark_and_a_known_one_has_none(page, workflow):
    lm = spacy.load(workflow.model).get_pipe("rnn_lm")
    assert {"&amp;"} < set(page.rubies)
    for word, number in zip(page.rubies, page.numbers, strict=True):
        assert number.endswith("?") == (word not in lm.vocabulary.words)


def test_the_report_shows_what_comes_next_in_the_first_test_text(page, workflow):
    doc = spacy.load(workflow.model)(workflow.lines[0])
    text = "".join(page.text)
    for position in range(len(doc)):
        for word, probability in doc._.rnn_lm.next_words.at(position):
            shown = "文本结尾" if word == "</s>" else word
            assert f"{shown} {probability:.3f}" in text


def test_every_section_and_score_is_explained_in_the_language_of_the_model(
    page, workflow, tmp_path
):
    texts = load_script("report").TEXTS
    assert texts["en"].keys() == texts["zh"].keys()
    assert texts["en"]["labels"].keys() == texts["zh"]["labels"].keys()
    english = tmp_path / "english"
    nlp = spacy.blank("en")
    nlp.add_pipe("rnn_lm", source=spacy.load(workflow.model))
    nlp.to_disk(english)
    arguments = workflow.test, workflow.log, workflow.metrics
    other = Page(make_report(tmp_path / "en.html", english, *arguments)[0])
    for shown, own, foreign in ((page, "zh", "en"), (other, "en", "zh")):
        text = "".join(shown.text)
        for name in ("scores", "curve", "next", "writes", "states", "gate", "map", "words"):
            assert texts[own][name] in text and texts[own][f"{name}_about"] in text
            assert texts[foreign][f"{name}_about"] not in text
        for label, about in texts[own]["labels"].values():
            assert unescape(label) in text and about in text


def test_the_report_shows_the_states_and_the_map(page, workflow):
    nlp = spacy.load(workflow.model)
    lm = nlp.get_pipe("rnn_lm")
    assert set(lm.vocabulary.words[2:12]) <= set(
        page.text
    )  # labels of the map, or titles of its points
    trace = lm.trace(nlp.make_doc(workflow.lines[0])[:12].as_doc())
    html = render(trace, "states", max_units=16, jupyter=False)
    figure = html[html.index("<figure") : html.index("</figure>")]
    assert figure in page.source


def test_a_log_with_missing_figures_makes_a_page_all_the_same(workflow, tmp_path):
    rows = read_evaluations(workflow.log)
    rows[0]["train_perplexity"] = rows[1]["scores"]["lm_perplexity"] = None
    log = tmp_path / "log.jsonl"
    log.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf8")
    output = tmp_path / "report.html"
    arguments = workflow.model, workflow.test, log, workflow.metrics, output
    result = run(load_script("report").main, *arguments, "--prompts", "妹妹")
    assert result.exit_code == 0, result.exception
    page = Page(output.read_text("utf8"))
    assert page.tags.count("polyline") == 2
    assert not any(str(value) in "".join(page.text) for value in (math.inf, math.nan))


def test_a_moved_model_gives_the_same_report(workflow, tmp_path):
    def report(model, output):
        arguments = model, workflow.test, workflow.log, workflow.metrics, output
        assert run(load_script("report").main, *arguments, "--prompts", "妹妹").exit_code == 0
        return output.read_text("utf8")

    shutil.copytree(workflow.model, tmp_path / "moved")
    one, two = (
        report(model, tmp_path / f"{number}.html")
        for number, model in enumerate((workflow.model, tmp_path / "moved"))
    )
    assert one == two


def make_report(output, model, test, log, metrics):
    """RETURNS (Tuple[str, str]): The page, and what is printed."""
    result = run(load_script("report").main, model, test, log, metrics, output, "--prompts", "妹妹")
    assert result.exit_code == 0, (result.output, result.exception)
    return output.read_text("utf8"), result.output


def renamed(scores):
    return {name.replace("lm_", "forth_", 1): value for name, value in scores.items()}


def test_scores_with_another_prefix_give_the_same_report(workflow, tmp_path):
    model, log, metrics = (tmp_path / name for name in ("model", "log.jsonl", "test.json"))
    shutil.copytree(workflow.model, model)
    config = load_config(model / "config.cfg")
    config["components"]["rnn_lm"]["scorer"]["prefix"] = "forth"
    config.to_disk(model / "config.cfg")
    rows = read_evaluations(workflow.log)
    for row in rows:
        # beside another language model, whose figures have the usual names
        row["scores"] = renamed(row["scores"]) | {"lm_perplexity": 1e6}
        row["train_perplexity"] = {"other": 1e6, "rnn_lm": row["train_perplexity"]}
    log.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf8")
    scores = json.loads(workflow.metrics.read_text("utf8"))
    metrics.write_text(json.dumps(renamed(scores) | {"lm_perplexity": 1e6}), encoding="utf8")
    usual = make_report(
        tmp_path / "1.html", workflow.model, workflow.test, workflow.log, workflow.metrics
    )
    page, printed = make_report(tmp_path / "2.html", model, workflow.test, log, metrics)
    assert page == usual[0]
    assert f"{scores['lm_perplexity']:.6g}" in printed and "forth_perplexity" in printed


def test_a_log_without_a_perplexity_makes_a_page_without_a_curve(workflow, tmp_path):
    log = tmp_path / "log.jsonl"
    log.write_text('{"step": 0, "train_perplexity": null, "scores": {}}\n', encoding="utf8")
    arguments = workflow.model, workflow.test, log, workflow.metrics
    page, _ = make_report(tmp_path / "report.html", *arguments)
    assert "polyline" not in Page(page).tags
    assert load_script("report").TEXTS["zh"]["no_curve"] in page
