"""A web service that loads a pipeline once and forks workers: the surprisal of posted text as JSON.

python examples/prefork_server.py path/to/model --port 8000 --workers 4
curl --data-binary '我爱北京' http://127.0.0.1:8000/

All workers accept on one socket. SIGTERM ends the service when the answers under way are given, and
a deadline ends it in any case. A worker whose parent is gone ends too. It needs fork, so no
Windows. Put it behind a proxy, such as nginx, if strangers may ask.
"""

import argparse
import io
import json
import os
import signal
import socket
import sys
import traceback
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from socketserver import ThreadingMixIn
from threading import BoundedSemaphore, Event, Lock, Thread, Timer
from time import monotonic

import spacy
from spacy.language import Language

MOST_BYTES = 1_000_000
MOST_CONNECTIONS = 100  # of a worker, at once
REQUEST_SECONDS = 10  # until a request is there; and until its answer has been taken
SHUTDOWN_SECONDS = 20  # for all answers under way
SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Deadline(io.RawIOBase):
    """What a client sends up to a moment: the socket's own timeout begins anew with each byte."""

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        self.connection = connection
        self.end = monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:
        left = self.end - monotonic()
        if left <= 0:
            raise TimeoutError
        self.connection.settimeout(left)
        return self.connection.recv_into(buffer)


class Handler(BaseHTTPRequestHandler):
    nlp: Language
    predicting = Lock()  # a memory zone is one for the whole pipeline

    def setup(self) -> None:
        super().setup()
        self.rfile = io.BufferedReader(Deadline(self.connection, REQUEST_SECONDS))

    def do_POST(self) -> None:
        try:
            text = self.read_text()
        except ValueError as error:
            self.answer(400, {"error": str(error)})
            self.drop_rest()
            return
        try:
            self.answer(200, self.score(text))
        except ValueError as error:  # of the pipeline: its weights are damaged, say
            self.answer(500, {"error": str(error)})

    def score(self, text: str) -> dict:
        # the words of all requests would pile up without the memory zone
        with self.predicting, self.nlp.memory_zone():
            doc = self.nlp(text)
            words = [[token.text, token._.rnn_surprisal] for token in doc]
            return {"surprisal": doc._.rnn_surprisal, "words": words, "worker": os.getpid()}

    def read_text(self) -> str:
        """RAISES (ValueError): If there is no text in the request that can be scored."""
        lengths = self.headers.get_all("Content-Length", [])
        # a chunked body has its lengths between its parts, whatever else the headers say
        if "Transfer-Encoding" in self.headers or len(lengths) != 1:
            raise ValueError("Send the text as the body, not in chunks, with one Content-Length.")
        digits = lengths[0].strip()
        if not (digits.isascii() and digits.isdigit()):
            raise ValueError("Content-Length has to be the number of bytes of the body.")
        digits = digits.lstrip("0") or "0"
        if len(digits) > len(str(MOST_BYTES)) or int(digits) > MOST_BYTES:
            raise ValueError(f"The text has more than {MOST_BYTES:,} bytes: send it in parts.")
        body = self.rfile.read(int(digits))
        if len(body) < int(digits):
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
        self.connection.settimeout(REQUEST_SECONDS)  # for all of it
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def drop_rest(self) -> None:
        """Take what was not read: clients look for the answer when they have sent everything."""
        self.connection.shutdown(socket.SHUT_WR)
        rest = Deadline(self.connection, 1)
        left, buffer = 20 * MOST_BYTES, memoryview(bytearray(2**16))
        while left > 0 and (count := rest.readinto(buffer)):
            left -= count

    def log_message(self, *args: object) -> None:
        """Nothing: the proxy in front writes the log."""


class Server(ThreadingMixIn, HTTPServer):
    """Answers each connection in a thread of its own, so that nobody waits for a slow client."""

    def __init__(self, listener: socket.socket) -> None:
        super().__init__(listener.getsockname(), Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.free = BoundedSemaphore(MOST_CONNECTIONS)

    def get_request(self) -> tuple[socket.socket, object]:
        # who is busy leaves the connection to the other workers
        with Handler.predicting:
            pass
        return super().get_request()

    def process_request(self, request: socket.socket, client_address: object) -> None:
        self.free.acquire()
        super().process_request(request, client_address)

    def process_request_thread(self, request: socket.socket, client_address: object) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.free.release()

    def handle_error(self, request: socket.socket, client_address: object) -> None:
        if not isinstance(sys.exception(), OSError):  # the client has gone, or is too slow
            traceback.print_exc()


def work(listener: socket.socket, parent: int) -> None:
    """Answer requests until SIGTERM, or until the parent is gone.

    parent (int): The end of a pipe whose other end only the parent has open.
    """
    server, ending = Server(listener), Event()

    def wait_for_parent() -> None:
        os.read(parent, 1)  # nothing ever comes, but its end
        ending.set()

    def end() -> None:
        ending.wait()
        timer = Timer(SHUTDOWN_SECONDS, os._exit, [0])
        timer.daemon = True
        timer.start()
        server.shutdown()

    signal.signal(signal.SIGTERM, lambda *_: ending.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent as well
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    for wait in (wait_for_parent, end):
        Thread(target=wait, daemon=True).start()
    server.serve_forever(poll_interval=0.1)
    server.server_close()  # waits for the threads that answer


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--port", type=int, default=8000, help="0 for any that is free")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    only = {"components.rnn_lm.annotations": ["log_probs"]}
    Handler.nlp = spacy.load(options.model, config=only)
    Handler.nlp("我爱北京")  # what the first text needs is made here, once for all workers
    listener = socket.create_server(("127.0.0.1", options.port), backlog=128)
    listener.setblocking(False)  # all workers wake up for a connection, and one gets it
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    parent, mine = os.pipe()  # the system closes mine when this process ends, however it does
    children: set[int] = set()
    for _ in range(options.workers):
        child = os.fork()
        if not child:
            os.close(mine)
            work(listener, parent)
            os._exit(0)
        children.add(child)

    def tell_all(number: int) -> None:
        for child in children:
            with suppress(ProcessLookupError):  # it has just ended
                os.kill(child, number)

    def end(*_: object) -> None:
        tell_all(signal.SIGTERM)
        signal.alarm(SHUTDOWN_SECONDS + 5)

    for number in SIGNALS:
        signal.signal(number, end)
    signal.signal(signal.SIGALRM, lambda *_: tell_all(signal.SIGKILL))
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
