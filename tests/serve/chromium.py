"""A real Chromium that is driven over its DevTools protocol, through pipes."""

import base64
import itertools
import json
import os
import subprocess
import time
from pathlib import Path

from ..rendering.browser import BROWSER

_SWITCHES = [
    "--headless=new",
    "--disable-gpu",
    "--no-first-run",
    "--disable-extensions",
    "--disable-background-networking",
    "--force-device-scale-factor=1",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
]


class Chromium:
    """One window with one page. Close it when it isn't needed any more."""

    def __init__(self, folder, *flags, language="en-US"):
        commands, self._writer = os.pipe()
        self._reader, answers = os.pipe()
        switches = [*_SWITCHES, f"--user-data-dir={folder}", f"--accept-lang={language}", *flags]
        if getattr(os, "geteuid", lambda: 1)() == 0:
            switches.append("--no-sandbox")
        # Chromium reads commands at 3 and writes answers at 4
        shell = f'exec "$0" "$@" 3<&{commands} 4>&{answers}'
        self._process = subprocess.Popen(
            ["bash", "-c", shell, BROWSER, *switches, "about:blank"],
            pass_fds=(commands, answers),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(commands)
        os.close(answers)
        self._numbers = itertools.count(1)
        self._rest = b""
        self._session = None
        self.said = []
        page = self._first_page()
        self._session = self.call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def _first_page(self):
        while True:
            targets = self.call("Target.getTargets")["targetInfos"]
            pages = [each["targetId"] for each in targets if each["type"] == "page"]
            if pages:
                return pages[0]

    def close(self):
        os.close(self._writer)  # that ends it
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._reader)

    def call(self, method, **params):
        """RETURNS (Dict): The answer. What the page says meanwhile is kept in `said`."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._writer, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == number:
                assert "error" not in answer, (method, answer)
                return answer["result"]
            self.said.append(answer)

    def _read(self):
        while b"\0" not in self._rest:
            part = os.read(self._reader, 2**16)
            assert part, "Chromium has ended"
            self._rest += part
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)

    def open(self, url):
        self.said.clear()
        self.call("Page.navigate", url=url)
        self.until("document.body?.dataset.ready")

    def run(self, script):
        """RETURNS (Any): The value of an expression in the page."""
        options = {"returnByValue": True, "awaitPromise": True, "userGesture": True}
        done = self.call("Runtime.evaluate", expression=script, **options)
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    def until(self, script, seconds=20):
        """Wait until an expression is true."""
        end = time.monotonic() + seconds
        while not self.run(f"Boolean({script})"):
            assert time.monotonic() < end, (script, self.run("document.body.innerText"))
            time.sleep(0.02)

    def texts(self, selector):
        """RETURNS (List[str]): What the elements say."""
        listed = f"document.querySelectorAll({json.dumps(selector)})"
        return self.run(f"[...{listed}].map(each => each.textContent)")

    def click(self, selector):
        self.run(f"document.querySelector({json.dumps(selector)}).click()")

    def type(self, text):
        """Type as a keyboard does: one key after the other."""
        for letter in text:
            self.call("Input.dispatchKeyEvent", type="keyDown", text=letter, key=letter)
            self.call("Input.dispatchKeyEvent", type="keyUp", key=letter)

    def press(self, key, code, modifiers=0, text=None):
        """Press a key. Modifiers: 1 Alt, 2 Control, 8 Shift."""
        options = {"key": key, "code": key, "windowsVirtualKeyCode": code, "modifiers": modifiers}
        down = {"type": "rawKeyDown"} if text is None else {"type": "keyDown", "text": text}
        self.call("Input.dispatchKeyEvent", **down, **options)
        self.call("Input.dispatchKeyEvent", type="keyUp", **options)

    def compose(self, text):
        """What an input method shows while its user chooses."""
        place = len(text)
        self.call("Input.imeSetComposition", text=text, selectionStart=place, selectionEnd=place)

    def commit(self, text):
        """What the input method's user chose."""
        self.call("Input.insertText", text=text)

    def resize(self, width, height=900):
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.call("Emulation.setDeviceMetricsOverride", **metrics)

    def paint(self, path, *, whole=True):
        """Write a picture of the page."""
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=whole)
        Path(path).write_bytes(base64.b64decode(shot["data"]))

    def complaints(self):
        """RETURNS (List[str]): Errors and refusals that the browser told of the page."""
        found = []
        for message in self.said:
            params = message.get("params", {})
            if message.get("method") == "Runtime.exceptionThrown":
                found.append(json.dumps(params["exceptionDetails"]))
            elif message.get("method") == "Log.entryAdded" and params["entry"]["level"] == "error":
                found.append(params["entry"]["text"] + " " + params["entry"].get("url", ""))
        return found

    def addresses(self):
        """RETURNS (List[str]): All that the page asked for."""
        return [
            message["params"]["request"]["url"]
            for message in self.said
            if message.get("method") == "Network.requestWillBeSent"
        ]
