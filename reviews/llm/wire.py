"""What of a chat completion is read: whatever else a gateway sends along is passed over."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from reviews.llm.errors import (
    AnswerNotCompletion,
    AnswerTruncated,
    GatewayFailed,
    ModelRefused,
    NoTool,
    SeveralTools,
)

Tokens = Annotated[int, Field(ge=0, le=2**31 - 1)]


@dataclass(frozen=True)
class Answer:
    """One tool call, with its arguments still as the text that the model wrote."""

    tool: str
    arguments: str
    model: str  # as the gateway names it
    prompt_tokens: int
    completion_tokens: int
    received: str  # the whole body


class _Wire(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class _Function(_Wire):
    name: str
    arguments: str


class _ToolCall(_Wire):
    function: _Function


class _Message(_Wire):
    refusal: str | None = None
    tool_calls: list[_ToolCall] | None = None


class _Choice(_Wire):
    message: _Message
    finish_reason: str | None = None


class _Usage(_Wire):
    prompt_tokens: Tokens = 0
    completion_tokens: Tokens = 0


class _Completion(_Wire):
    choices: Annotated[list[_Choice], Field(min_length=1, max_length=1)] | None = None
    model: str | None = None
    usage: _Usage | None = None
    error: Any = None


def read_answer(body: bytes) -> Answer:
    """The one tool call in the body of an answer with status 200.

    Raises:
        GatewayFailed: it reports an error in place of a completion, as routers in front of several models do.
        AnswerMalformed: its subclass says how.
    """
    received = body.decode("utf-8", "replace")
    try:
        completion = _Completion.model_validate_json(body)
    except ValidationError as error:
        raise AnswerNotCompletion(_where(error), received=received) from None
    if completion.choices is None:
        raise _in_place_of_choices(completion, received)
    call = _only_call(completion.choices[0], received)
    usage = completion.usage or _Usage()
    return Answer(
        tool=call.name,
        arguments=call.arguments,
        model=(completion.model or "")[:200],
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        received=received,
    )


def _in_place_of_choices(completion: _Completion, received: str) -> GatewayFailed | AnswerNotCompletion:
    if completion.error:
        return GatewayFailed("an error in place of a completion", received=received)
    return AnswerNotCompletion("no choices", received=received)


def _only_call(choice: _Choice, received: str) -> _Function:
    calls = choice.message.tool_calls or []
    if choice.finish_reason == "length":
        raise AnswerTruncated("out of tokens", received=received)
    if choice.message.refusal or choice.finish_reason == "content_filter":
        raise ModelRefused("the model refused", received=received)
    if not calls:
        raise NoTool("text in place of a tool", received=received)
    if len(calls) > 1:
        raise SeveralTools(f"{len(calls)} tools at once", received=received)
    return calls[0].function


def _where(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    return f"{'.'.join(map(str, first['loc'])) or 'body'}: {first['msg']}"[:300]
