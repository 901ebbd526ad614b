"""Reads a picture back from its HTML."""

from html.parser import HTMLParser

VOID = ("meta", "br")
# every element that a picture is made of
TAGS = {
    *("html", "head", "meta", "title", "style", "body", "div", "p", "figure", "figcaption"),
    *("ruby", "rt", "bdi", "span", "em", "strong", "br"),
    *("table", "thead", "tbody", "tr", "th", "td", "ol", "li", "details", "summary"),
    *("svg", "polyline", "path", "line", "circle", "text"),
}


class Element:
    def __init__(self, tag, attrs=()):
        self.tag, self.attrs, self.children = tag, dict(attrs), []

    def walk(self):
        yield self
        for child in self.children:
            if isinstance(child, Element):
                yield from child.walk()

    def all(self, name):
        """The elements of a tag, or of a class if the name begins with a dot."""
        for element in self.walk():
            classes = (element.attrs.get("class") or "").split()
            if name[1:] in classes if name[0] == "." else element.tag == name:
                yield element

    def one(self, name):
        (element,) = self.all(name)
        return element

    @property
    def text(self):
        return "".join(c.text if isinstance(c, Element) else c for c in self.children)


class Reader(HTMLParser):
    """A tree, and an error wherever a tag doesn't match."""

    def __init__(self, html):
        super().__init__()
        self.stack = [Element("")]
        self.feed(html)
        self.close()
        assert len(self.stack) == 1, [element.tag for element in self.stack]

    def handle_starttag(self, tag, attrs):
        element = Element(tag, attrs)
        self.stack[-1].children.append(element)
        if tag not in VOID:
            self.stack.append(element)

    def handle_endtag(self, tag):
        assert self.stack.pop().tag == tag

    def handle_data(self, data):
        self.stack[-1].children.append(data)


def read(html):
    """RETURNS (Element): The root of a picture that is made of known elements only."""
    root = Reader(html).stack[0]
    assert {element.tag for element in root.walk()} - {""} <= TAGS
    return root


def words_and_numbers(root):
    """Of the style "surprisal": every token as it is shown."""
    pairs = [(ruby.one("bdi").text, ruby.one("rt").text) for ruby in root.all("ruby")]
    return [word for word, _ in pairs], [number for _, number in pairs]


def table_rows(root):
    """Of the style "next": (what was read, [(guess, number, hit)], what came, hit, bits)."""
    for row in (row for body in root.all("tbody") for row in body.all("tr")):
        before, expected, came = (c for c in row.children if isinstance(c, Element))
        guesses = [
            (_name(item), item.one(".spacy-rnn-number").text, "✓" in item.text)
            for item in expected.all("li")
        ]
        bits = [number.text for number in came.all(".spacy-rnn-number")]
        yield _name(before), guesses, _name(came), came.text.startswith("✓"), (bits or [None])[0]


def _name(cell):
    return next(e for e in cell.walk() if e.tag in ("bdi", "em")).text
