"""The JSON API, and the files of the page."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from ..about import __version__
from ..errors import Errors, shorten
from .bodies import (
    CompleteAnswer,
    CompleteBody,
    EndEvent,
    ErrorAnswer,
    GenerateBody,
    ModelsAnswer,
    NextAnswer,
    NextBody,
    PictureBody,
    ScoreAnswer,
    ScoreBody,
    TextBody,
    TraceAnswer,
    TraceBody,
    WordEvent,
)
from .limits import MOST_NEW_TOKENS, MOST_WORDS, ServeLimits
from .origin_guard import PICTURE_POLICY, Guard
from .refusal import Refused
from .served_model import ServedModel
from .trace_json import check_numbers, trace_to_json

_LOG = logging.getLogger("uvicorn.error")  # where the server's other mistakes are told
_FILES = Path(__file__).parent / "static"
_REFUSALS: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": ErrorAnswer, "description": "What the client can put right"},
    "5XX": {"model": ErrorAnswer, "description": "What it can't"},
}
_EVENTS = "Server-sent events: `word` (WordEvent) once for each word, then `end` (EndEvent)."


def make_app(
    models: Sequence[ServedModel], limits: ServeLimits, hosts: Iterable[str] = ()
) -> ASGIApp:
    """Make the application.

    models (Sequence[ServedModel]): The models, of different names; the first is asked by default.
    limits (ServeLimits): What requests may ask for.
    hosts (Iterable[str]): Names of this server, see `Guard`.
    RETURNS (ASGIApp): For uvicorn, or for tests.
    """
    app = FastAPI(
        title="spacy-rnn", version=__version__, docs_url=None, redoc_url=None, responses=_REFUSALS
    )
    _add_errors(app)
    _add_answers(app, models, limits)
    _add_events(app, models, limits)
    app.mount("/", StaticFiles(directory=_FILES, html=True))
    return Guard(app, hosts, limits)


def _add_answers(app: FastAPI, models: Sequence[ServedModel], limits: ServeLimits) -> None:
    @app.get("/api/models")
    async def list_models() -> ModelsAnswer:
        """The models that can be asked, and what may be asked of them."""
        sizes = {"text_chars": limits.text_chars, "max_tokens": MOST_NEW_TOKENS, "k": MOST_WORDS}
        sizes |= {"trace_tokens": limits.trace_tokens, "trace_numbers": limits.trace_numbers}
        described = [model.describe() for model in models]
        return ModelsAnswer.model_validate({"models": described, "limits": sizes})

    @app.post("/api/score", response_model=ScoreAnswer)
    async def score_text(body: ScoreBody) -> Response:
        """The tokens of a text, and how surprising each is."""
        model = _choose(models, limits, body)
        found = await model.turn(model.score, body.text, body.session, body.last)
        return _json_answer(ScoreAnswer.model_validate(found))

    @app.post("/api/next", response_model=NextAnswer)
    async def predict_text(body: NextBody) -> Response:
        """The most probable next words; </s> is the end of the document."""
        model = _choose(models, limits, body)
        found = await model.turn(model.next, body.text, body.session, body.prefix, body.k)
        return _json_answer(NextAnswer.model_validate(found))

    @app.post("/api/complete", response_model=CompleteAnswer)
    async def complete_typed(body: CompleteBody) -> Response:
        """What a text may go on with whose last word may be half-typed."""
        model = _choose(models, limits, body)
        found = await model.turn(model.complete, body.text, body.session, body.k)
        return _json_answer(CompleteAnswer.model_validate(found))

    @app.post("/api/trace", response_model=TraceAnswer)
    async def trace_text(body: TraceBody) -> StreamingResponse:
        """What the network does at every step of a text."""
        model = _choose(models, limits, body)
        trace = await model.turn(model.trace, body.text, body.k)
        check_numbers(trace, body.units, limits.trace_numbers)
        # each part is made on a thread, when the one before is taken
        parts = trace_to_json(model.name, trace, body.units)
        return StreamingResponse(parts, media_type="application/json")

    @app.get("/api/picture", response_class=HTMLResponse)
    async def draw_text(body: Annotated[PictureBody, Query()]) -> HTMLResponse:
        """A picture of the steps, or of the states, as a page without scripts."""
        model = _choose(models, limits, body)
        html = await model.turn(model.draw, body.text, body.style, body.lang)
        # the page asks whether it can be drawn, and then shows it
        kept = {"Cache-Control": "private, max-age=60"}
        return HTMLResponse(html, headers={"Content-Security-Policy": PICTURE_POLICY, **kept})


def _add_events(app: FastAPI, models: Sequence[ServedModel], limits: ServeLimits) -> None:
    schemas = {"oneOf": [WordEvent.model_json_schema(), EndEvent.model_json_schema()]}
    content = {"text/event-stream": {"schema": schemas}}

    @app.post(
        "/api/generate",
        response_class=StreamingResponse,
        responses={200: {"description": _EVENTS, "content": content}},
    )
    async def generate_text(body: GenerateBody) -> StreamingResponse:
        """Write on, word by word. Whoever closes the connection ends it."""
        model = _choose(models, limits, body)
        options = body.model_dump(exclude={"text", "model"})
        words, first = await model.turn(model.start_writing, body.text, options)
        events = _events(model, words, first, body.max_tokens)
        return StreamingResponse(events, media_type="text/event-stream")


async def _events(
    model: ServedModel, words: Iterator[str], word: str | None, most: int
) -> AsyncIterator[str]:
    count = 0
    try:
        while word is not None:
            yield _event("word", {"text": word})
            count += 1
            word = await model.turn(model.write_on, words)
    except Refused as refused:
        yield _failed(count, refused)
        return
    except Exception:
        # the answer has begun: nobody above can tell the client any more
        _LOG.exception("a text can't be written on")
        yield _failed(count, Refused(500, Errors.R853))
        return
    yield _event("end", {"reason": "length" if count == most else "end", "tokens": count})


def _failed(count: int, refused: Refused) -> str:
    return _event("end", {"reason": "error", "tokens": count, "error": refused.content})


def _event(name: str, data: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


def _json_answer(answer: BaseModel) -> Response:
    """RETURNS (Response): The answer; FastAPI would check it once more, which takes longer."""
    return Response(answer.model_dump_json(), media_type="application/json")


def _choose(models: Sequence[ServedModel], limits: ServeLimits, body: TextBody) -> ServedModel:
    """RETURNS (ServedModel): The model that is asked.
    RAISES (Refused): If there is none of this name, or if the text is too long.
    """
    limits.check_text(body.text)
    if body.model is None:
        return models[0]
    for model in models:
        if model.name == body.model:
            return model
    known = ", ".join(model.name for model in models)
    raise Refused(404, Errors.R848.format(name=shorten(body.model), known=known))


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(Refused)
    async def refuse(request: Request, refused: Refused) -> JSONResponse:
        return JSONResponse(refused.content, refused.status)

    @app.exception_handler(RequestValidationError)
    async def refuse_body(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        if first["type"] == "json_invalid":
            reason = first.get("ctx", {}).get("error", first["msg"])
            return await refuse(request, Refused(400, Errors.R844.format(error=reason)))
        field = ".".join(map(str, first["loc"][1:])) or "body"
        message = Errors.R845.format(field=shorten(field).strip("'"), error=first["msg"])
        return await refuse(request, Refused(422, message))

    @app.exception_handler(HTTPException)
    async def refuse_path(request: Request, error: HTTPException) -> JSONResponse:
        if error.status_code == 400:
            return await refuse(request, Refused(400, Errors.R844.format(error=error.detail)))
        path, method = shorten(request.url.path), request.method
        message = Errors.R854.format(path=path, method=method)
        return await refuse(request, Refused(error.status_code, message))

    @app.exception_handler(Exception)
    async def confess(request: Request, error: Exception) -> JSONResponse:
        return await refuse(request, Refused(500, Errors.R853))
