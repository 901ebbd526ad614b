"""What clients send, and what they get: the API's description is made of these."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from .limits import MOST_NEW_TOKENS, MOST_SESSION_LETTERS, MOST_WORDS


def _check_encodable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        code = f"U+{ord(text[error.start]):04X}"
        message = "half a character ({code}) at position {place}"
        raise PydanticCustomError(
            "surrogate", message, {"code": code, "place": error.start}
        ) from error
    return text


_Text = Annotated[str, AfterValidator(_check_encodable)]
_Words = Annotated[int, Field(ge=1, le=MOST_WORDS, description="How many words")]


class TextBody(BaseModel):
    """What every request has."""

    model_config = ConfigDict(extra="forbid", strict=True)

    text: _Text = Field(description="The text; empty is the beginning of a document")
    model: _Text | None = Field(None, description="A name of /api/models; the first if not given")


class SessionBody(TextBody):
    """A text that goes on."""

    session: _Text | None = Field(
        None,
        min_length=1,
        max_length=MOST_SESSION_LETTERS,
        description="A random name of yours: what was read of a text is kept under it for some "
        "minutes, so that the next request reads only what changed. It changes no answer.",
    )


class ScoreBody(SessionBody):
    last: int | None = Field(
        None, ge=0, description="List only so many last tokens; the sums are those of all"
    )


class NextBody(SessionBody):
    k: _Words = 5
    prefix: _Text = Field("", max_length=100, description="Only words that begin with this")


class CompleteBody(SessionBody):
    k: _Words = 5


class GenerateBody(TextBody):
    max_tokens: int = Field(20, ge=0, le=MOST_NEW_TOKENS)
    temperature: float = Field(1.0, ge=0, le=100, allow_inf_nan=False)
    top_k: int = Field(0, ge=0, description="Only the k most probable words; 0 for all")
    top_p: float = Field(1.0, gt=0, le=1, description="Only the most probable words with so much")
    excluded: list[_Text] = Field([], max_length=MOST_WORDS, description="Words never written")
    repetition_penalty: float = Field(1.0, ge=1, le=100, allow_inf_nan=False)
    seed: int = Field(0, ge=-(2**63), lt=2**63)


class TraceBody(TextBody):
    k: Annotated[int | None, Field(ge=1, le=MOST_WORDS)] = None
    units: int | None = Field(
        None, ge=1, description="Only so many numbers of each vector; all if not given"
    )


class PictureBody(TextBody):
    style: Literal["steps", "states"] = "steps"
    lang: Literal["en", "zh"] | None = Field(
        None, description="Of legends and labels; that of the model if not given"
    )


class ErrorAnswer(BaseModel):
    code: str = Field(description="Of this kind of error: R846")
    message: str = Field(description="What is wrong, and what to do")


class ModelAnswer(BaseModel):
    name: str
    component: str
    lang: str
    cell: str
    depth: int
    width: int
    words: int = Field(description="Rows of the vocabulary")
    spells: bool = Field(description="Whether unknown words are spelled")


class LimitsAnswer(BaseModel):
    text_chars: int
    trace_tokens: int
    trace_numbers: int = Field(description="Of all vectors of a trace together; see `units`")
    max_tokens: int
    k: int


class ModelsAnswer(BaseModel):
    models: list[ModelAnswer]
    limits: LimitsAnswer


class TokenAnswer(BaseModel):
    text: str
    start: int = Field(description="Its first character, counted in code points")
    end: int
    surprisal: float = Field(description="Bits; 0 for white space that the model skips")
    known: bool | None = Field(description="Of the vocabulary; null if it isn't read")


class ScoreAnswer(BaseModel):
    model: str
    tokens: list[TokenAnswer]
    count: int = Field(description="Of all tokens, listed or not")
    surprisal: float = Field(description="Bits of all tokens")
    end_surprisal: float = Field(description="Bits of the end of the document after them")
    perplexity: float
    bits_per_character: float | None


class NextWordAnswer(BaseModel):
    word: str
    insert: str = Field(description="The word, with a space before it where one belongs")
    probability: float


class NextAnswer(BaseModel):
    model: str
    next: list[NextWordAnswer]


class CompletionAnswer(BaseModel):
    word: str
    start: int = Field(description="The character of the text where the word begins")
    rest: str = Field(description="What is still to be typed")
    probability: float


class CompleteAnswer(BaseModel):
    model: str
    completions: list[CompletionAnswer]


class WordEvent(BaseModel):
    """`event: word`, once for each word that is written."""

    text: str = Field(description="The word, with a space before it where one belongs")


class EndEvent(BaseModel):
    """`event: end`, the last one."""

    reason: Literal["end", "length", "error"] = Field(
        description="The model ended the text; max_tokens are there; `error` says what is wrong"
    )
    tokens: int
    error: ErrorAnswer | None = None


class LayerAnswer(BaseModel):
    h: list[float]
    c: list[float] | None
    gates: dict[str, list[float]]


class TracedWordAnswer(BaseModel):
    word: str
    probability: float


class StepAnswer(BaseModel):
    word: str = Field(description="What is read; </s> first")
    row: int
    embedding: list[float]
    layers: list[LayerAnswer]
    next: list[TracedWordAnswer]
    came: str = Field(description="What the next step reads; </s> at the end")
    surprisal: float = Field(description="Of what came, in bits")
    rank: int | None = Field(description="Of what came; null for an unknown word")


class TraceAnswer(BaseModel):
    model: str
    cell: str
    direction: str
    steps: list[StepAnswer]
