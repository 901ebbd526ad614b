"""Many pictures in one start of the browser: what overlaps, flows out or can't be read."""

import json
import re
from html import escape, unescape

from .browser import run_browser

_PAGE = """<!DOCTYPE html><meta charset="utf-8"><body style="margin:0">{frames}<script>
const shrink = 0.18; // fonts of Chinese have much room above and below their signs
const numbers = text => (text.match(/[\\d.]+/g) || []).map(Number);
const grounds = new WeakMap();
const behind = element => {{
  if (!element) return null;
  if (!grounds.has(element)) {{
    const found = numbers(element.ownerDocument.defaultView.getComputedStyle(element)
      .backgroundColor);
    const own = found.length == 3 || found[3] == 1;
    grounds.set(element, own ? found.slice(0, 3) : behind(element.parentElement));
  }}
  return grounds.get(element);
}};
const everywhere = {{left: -1e9, right: 1e9, top: -1e9, bottom: 1e9}};
const clip = element => {{ // what hides the rest of a text
  const hiding = element.closest(".spacy-rnn-below");
  return hiding ? hiding.getBoundingClientRect() : everywhere;
}};
const texts = page => {{
  const walker = page.createTreeWalker(page.body, NodeFilter.SHOW_TEXT), found = [];
  const range = page.createRange();
  for (let node; node = walker.nextNode();) {{
    const parent = node.parentElement;
    if (!node.data.trim() || parent.closest("style, title")) continue;
    // asking for what is closed would lay it out, each time anew
    if (!parent.closest("summary") && parent.closest("details:not([open])")) continue;
    range.selectNodeContents(node);
    const rects = [...range.getClientRects()].filter(rect => rect.width && rect.height);
    const edges = clip(parent);
    for (const rect of rects) {{
      const cut = shrink * Math.min(rect.height, rect.width > rect.height ? rect.height : 1e9);
      const box = {{text: node.data.trim().slice(0, 30), element: parent,
        left: Math.max(rect.left + 0.5, edges.left), top: Math.max(rect.top + cut, edges.top),
        right: Math.min(rect.right - 0.5, edges.right),
        bottom: Math.min(rect.bottom - cut, edges.bottom)}};
      if (box.left < box.right && box.top < box.bottom) found.push(box);
    }}
  }}
  return found;
}};
const overlaps = boxes => {{
  const sorted = [...boxes].sort((a, b) => a.top - b.top), found = [];
  for (let i = 0; i < sorted.length; i++)
    for (let j = i + 1; j < sorted.length && sorted[j].top < sorted[i].bottom - 1; j++)
      if (sorted[i].element != sorted[j].element && sorted[i].left < sorted[j].right - 1
          && sorted[j].left < sorted[i].right - 1)
        found.push([sorted[i].text, sorted[j].text]);
  return found;
}};
const survey = frame => {{
  const view = frame.contentWindow, page = view.document, width = page.documentElement.clientWidth;
  const boxes = texts(page), closed = boxes.length;
  const tables = [...page.querySelectorAll("details")];
  for (const table of [...tables.slice(0, 3), ...tables.slice(-1)]) table.open = true;
  const all = texts(page), colours = {{}};
  for (const box of all) {{
    const style = view.getComputedStyle(box.element);
    const own = numbers(box.element.closest("svg") ? style.fill : style.color).slice(0, 3);
    colours[JSON.stringify([own, behind(box.element)])] = box.text;
  }}
  const marks = {{}};
  for (const mark of page.querySelectorAll(".spacy-rnn-dot, .spacy-rnn-stroke, .spacy-rnn-spot")) {{
    const style = view.getComputedStyle(mark);
    const own = mark.closest("svg") ? style.stroke : style.borderTopColor;
    const pair = [numbers(own).slice(0, 3), behind(mark.parentElement)];
    marks[JSON.stringify(pair)] = mark.getAttribute("class");
  }}
  const scrolls = box => box.element.closest(".spacy-rnn-scroll");
  const outside = all.filter(box => !scrolls(box) && (box.left < -1 || box.right > width + 1));
  return {{
    closed, texts: all.length, overlaps: [...overlaps(boxes), ...overlaps(all)],
    outside: outside.map(box => box.text),
    overflow: page.documentElement.scrollWidth - width,
    colours: Object.entries(colours).map(([pair, text]) => [...JSON.parse(pair), text]),
    marks: Object.entries(marks).map(([pair, text]) => [...JSON.parse(pair), text]),
    scripts: page.scripts.length, hacked: "hacked" in view,
    handlers: [...page.querySelectorAll("*")].flatMap(e => e.getAttributeNames())
      .filter(name => name.startsWith("on")),
    dark: view.matchMedia("(prefers-color-scheme: dark)").matches,
    words: [...page.querySelectorAll(".spacy-rnn-word")].map(e => e.textContent),
  }};
}};
window.onload = () => {{
  const found = [...document.querySelectorAll("iframe")].map(survey);
  document.body.innerHTML = "<pre></pre>";
  document.querySelector("pre").textContent = JSON.stringify(found);
}};
</script>"""


def survey(pages, *flags):
    """What the browser says of pages, each (HTML, width in pixels).

    RETURNS (List[Dict]): For each page `texts`, the number of pieces of text; `closed`, how many
        are seen before the first tables and the last are opened; `overlaps`, texts that cover each
        other; `outside`, texts beyond the page's sides; `colours` and `marks`, [colour, what is
        behind, example].
    """
    frames = "".join(
        f'<iframe style="width:{width}px;height:900px;border:0" srcdoc="{escape(html)}"></iframe>'
        for html, width in pages
    )
    dom = run_browser(_PAGE.format(frames=frames), "--dump-dom", *flags)
    found = re.search(r"<pre>(.*)</pre>", dom, re.DOTALL)
    assert found, dom[-2000:]
    return json.loads(unescape(found[1]))
