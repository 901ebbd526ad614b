"""Load models, listen, answer until the server is stopped."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from ..errors import Errors, reason
from .connections import watched_protocol
from .limits import ServeLimits

# The folder that `spacy train` writes says nothing of what is in it.
_PLAIN = ("model-best", "model-last")


def listen(host: str, port: int) -> socket.socket:
    """RETURNS (socket): Bound, and listening.

    host (str): An address or a name.
    port (int): 0 for any that is free.
    RAISES (ValueError): If that can't be done.
    """
    try:
        ((family, _, _, _, address), *_) = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return socket.create_server((address[0], port), family=family, backlog=128)
    except (OSError, OverflowError) as error:
        message = Errors.R850.format(host=host, port=port, error=reason(error))
        raise ValueError(message) from error


def url_of(listener: socket.socket) -> str:
    """RETURNS (str): Where a browser finds it."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def serve_app(
    app: ASGIApp, listener: socket.socket, limits: ServeLimits, *, started: Callable[[], None]
) -> None:
    """Answer requests until SIGINT or SIGTERM.

    app (ASGIApp): See `make_app`.
    listener (socket): See `listen`.
    limits (ServeLimits): What is allowed.
    started (Callable[[], None]): Called when requests are answered.
    """
    config = uvicorn.Config(
        app,
        http=watched_protocol(limits),
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,  # texts are private
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=3,
    )
    with suppress(KeyboardInterrupt):  # uvicorn hands it on when all answers are given
        _Server(config, started).run(sockets=[listener])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._tell_started = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._tell_started()


def served_names(models: Sequence[str]) -> list[str]:
    """RETURNS (List[str]): A short name for each model, no two the same.

    models (Sequence[str]): Folders or names of pipelines: of a folder the last parts that tell it
        from the others, "zh-modern/model-best".
    """
    every = [Path(model).resolve().parts if Path(model).exists() else (model,) for model in models]
    names: list[str] = []
    for number, parts in enumerate(every):
        others = [other for other in every if other != parts]
        count = 2 if parts[-1] in _PLAIN else 1
        while count < len(parts) and any(o[-count:] == parts[-count:] for o in others):
            count += 1
        name = "/".join(parts[-count:])
        again = every[:number].count(parts)
        names.append(f"{name} ({again + 1})" if again else name)
    return names
