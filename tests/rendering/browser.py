"""A real browser without a window: what it lays out and what it paints."""

import json
import os
import re
import shutil
import struct
import subprocess
import tempfile
import zlib
from html import escape, unescape
from pathlib import Path

import numpy as np

NAMES = (
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"),
    *("msedge", "microsoft-edge", "microsoft-edge-stable"),
)
BROWSER = next(filter(None, map(shutil.which, NAMES)), None)
DARK = "--blink-settings=preferredColorScheme=0"

# A window can't be made as narrow as a frame.
_FRAME = (
    '<!DOCTYPE html><meta charset="utf-8"><body style="margin:0">'
    '<iframe style="width:{width}px;height:{height}px;border:0" srcdoc="{page}"></iframe>{script}'
)
_SCRIPT = """<script>
const colour = text => (text.match(/[\\d.]+/g) || []).map(Number);
const behind = element => {
  for (; element; element = element.parentElement) {
    const found = colour(element.ownerDocument.defaultView.getComputedStyle(element)
      .backgroundColor);
    if (found.length == 3 || found[3] == 1) return found.slice(0, 3);
  }
  return null;
};
const box = element => {
  const range = element.ownerDocument.createRange();
  range.selectNodeContents(element);
  const [own, text] = [element.getBoundingClientRect(), range.getBoundingClientRect()];
  const style = element.ownerDocument.defaultView.getComputedStyle(element);
  return {text: element.textContent, colour: colour(style.color).slice(0, 3),
    behind: behind(element), display: style.display, align: style.textAlign, size: style.fontSize,
    padding: style.padding, left: own.left, right: own.right, top: own.top, bottom: own.bottom,
    inkLeft: text.left, inkRight: text.right, inkTop: text.top, inkBottom: text.bottom};
};
window.onload = () => {
  const view = document.querySelector("iframe").contentWindow, page = view.document;
  const all = selector => [...page.querySelectorAll(selector)].map(box);
  const measured = MEASURED;
  measured.overflow = page.documentElement.scrollWidth - page.documentElement.clientWidth;
  measured.scripts = page.scripts.length;
  measured.hacked = "hacked" in view;
  measured.dark = view.matchMedia("(prefers-color-scheme: dark)").matches;
  document.body.innerHTML = "<pre></pre>";
  document.querySelector("pre").textContent = JSON.stringify(measured);
};
</script>"""


def measure(page, *flags, width=1200, **selectors):
    """RETURNS (Dict): For each selector what the browser says of its elements, and of the page."""
    listed = ", ".join(f"{name}: all({json.dumps(css)})" for name, css in selectors.items())
    script = _SCRIPT.replace("MEASURED", f"{{{listed}}}")
    dom = _run(page, width, 900, script, "--dump-dom", *flags)
    found = re.search(r"<pre>(.*)</pre>", dom, re.DOTALL)
    assert found, dom[-2000:]
    return json.loads(unescape(found[1]))


def paint(page, *flags, width=1200, height=900):
    """RETURNS (ndarray): The pixels: uint8 (height, width, 3)."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "picture.png"
        size = f"--window-size={width},{height}"
        _run(page, width, height, "", f"--screenshot={path}", size, "--hide-scrollbars", *flags)
        return _decode_png(path.read_bytes())


def _run(page, width, height, script, *flags):
    framed = _FRAME.format(width=width, height=height, page=escape(page), script=script)
    return run_browser(framed, *flags)


def run_browser(page, *flags):
    """RETURNS (str): What the browser prints of a page."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        source = Path(folder) / "page.html"
        source.write_text(page, encoding="utf8")
        command = [BROWSER, "--headless=new", "--disable-gpu", f"--user-data-dir={folder}/profile"]
        command += ["--force-device-scale-factor=1", "--no-first-run", "--disable-extensions"]
        if getattr(os, "geteuid", lambda: 1)() == 0:
            command.append("--no-sandbox")
        command += [*flags, source.as_uri()]
        done = subprocess.run(command, capture_output=True, timeout=400)
    assert done.returncode == 0, done.stderr.decode("utf8", "replace")[-2000:]
    return done.stdout.decode("utf8")


def _decode_png(data):
    """The pixels of an 8-bit RGB or RGBA picture, as browsers write it."""
    width, height, depth, kind = struct.unpack(">IIBB", data[16:26])
    assert depth == 8 and kind in (2, 6)
    size, place, packed = (3 if kind == 2 else 4), 8, b""
    while place < len(data):
        (length,) = struct.unpack(">I", data[place : place + 4])
        if data[place + 4 : place + 8] == b"IDAT":
            packed += data[place + 8 : place + 8 + length]
        place += length + 12
    rows = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(height, 1 + width * size)
    pixels = np.zeros((height + 1, width + 1, size), np.int64)  # a border of zeros
    for y, row in enumerate(rows, 1):
        pixels[y, 1:] = _unfiltered(int(row[0]), row[1:].reshape(width, size), pixels[y - 1])
    return pixels[1:, 1:, :3].astype(np.uint8)


def _unfiltered(kind, row, above):
    if kind == 0:
        return row
    if kind == 1:
        return np.cumsum(row, axis=0, dtype=np.int64) % 256
    if kind == 2:
        return (row + above[1:]) % 256
    made = np.zeros_like(above)
    for x in range(1, len(above)):
        left, up, corner = made[x - 1], above[x], above[x - 1]
        if kind == 3:
            guess = (left + up) // 2
        else:
            away = np.abs(np.stack([up - corner, left - corner, left + up - 2 * corner]))
            guess = np.choose(np.argmin(away, axis=0), [left, up, corner])
        made[x] = (row[x - 1] + guess) % 256
    return made[1:]


def contrast(one, other):
    """RETURNS (float): The ratio of the Web Content Accessibility Guidelines, 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour):
    values = np.asarray(colour[:3], dtype=float) / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])
