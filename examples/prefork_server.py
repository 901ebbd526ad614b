"""A web service that loads a pipeline once and forks workers: the surprisal of posted text as JSON.

python examples/prefork_server.py path/to/model --port 8000 --workers 4
curl --data-binary '我爱北京' http://127.0.0.1:8000/

All workers accept on one socket; SIGTERM ends the service when the answers under way are given. It
needs fork, so no Windows. Put it behind a proxy that shields it from slow clients, such as nginx.
"""

import argparse
import json
import os
import signal
import socket
import sys
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import spacy
from spacy.language import Language

MOST_BYTES = 1_000_000
SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Handler(BaseHTTPRequestHandler):
    nlp: Language
    timeout = 10  # seconds for a client that sends nothing

    def do_POST(self) -> None:
        try:
            text = self.read_text()
        except ValueError as error:
            self.answer(400, {"error": str(error)})
            self.drop_rest()
            return
        with self.nlp.memory_zone():  # so that the words of all requests don't pile up
            doc = self.nlp(text)
            words = [[token.text, token._.rnn_surprisal] for token in doc]
            result = {"surprisal": doc._.rnn_surprisal, "words": words, "worker": os.getpid()}
        self.answer(200, result)

    def read_text(self) -> str:
        """RAISES (ValueError): If there is no text in the request that can be scored."""
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            raise ValueError("Send the text as the body, and its length as Content-Length.")
        if int(length) > MOST_BYTES:
            raise ValueError(f"The text has more than {MOST_BYTES:,} bytes: send it in parts.")
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise ValueError("The body is shorter than Content-Length says.")
        try:
            text = body.decode()
        except UnicodeDecodeError as error:
            raise ValueError(f"The text isn't UTF-8: {error}.") from None
        if not text.strip():
            raise ValueError("The text is empty.")
        return text

    def answer(self, status: int, result: dict) -> None:
        body = json.dumps(result, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def drop_rest(self) -> None:
        """Take what was not read: clients look for the answer when they have sent everything."""
        self.connection.shutdown(socket.SHUT_WR)
        self.connection.settimeout(1)
        left = 20 * MOST_BYTES
        with suppress(OSError):
            while left > 0 and (piece := self.connection.recv(2**16)):
                left -= len(piece)

    def log_message(self, *args: object) -> None:
        """Nothing: the proxy in front writes the log."""


def work(listener: socket.socket) -> None:
    """Answer requests until SIGTERM."""
    server = HTTPServer(listener.getsockname(), Handler, bind_and_activate=False)
    server.socket.close()
    server.socket = listener
    # not in this thread: it waits until `serve_forever` has ended
    signal.signal(signal.SIGTERM, lambda *_: Thread(target=server.shutdown).start())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent as well
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    server.serve_forever(poll_interval=0.1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--port", type=int, default=8000, help="0 for any that is free")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    only = {"components.rnn_lm.annotations": ["log_probs"]}
    Handler.nlp = spacy.load(options.model, config=only)
    Handler.nlp("我爱北京")  # what the first text needs is made here, once for all workers
    listener = socket.create_server(("127.0.0.1", options.port), backlog=128)
    listener.setblocking(False)  # all workers wake up for a connection, and one gets it
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    children: set[int] = set()
    for _ in range(options.workers):
        child = os.fork()
        if not child:
            work(listener)
            os._exit(0)
        children.add(child)

    def end(*_: object) -> None:
        for child in children:
            with suppress(ProcessLookupError):  # it has just ended
                os.kill(child, signal.SIGTERM)

    for number in SIGNALS:
        signal.signal(number, end)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    print(f"http://127.0.0.1:{listener.getsockname()[1]}/", flush=True)
    failed = False
    while children:
        child, status = os.wait()
        children.discard(child)
        if status:  # a worker that died takes the service with it: whoever started it will know
            failed = True
            end()
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
