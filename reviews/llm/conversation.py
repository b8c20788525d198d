"""The two questions of a review, asked in order."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reviews.llm.client import Gateway, Message, Try
from reviews.llm.errors import LlmError, UnknownTool, WrongOrder
from reviews.llm.tools import (
    SUBMIT_MERMAID,
    SUBMIT_VERDICT,
    Diagram,
    Verdict,
    read_diagram,
    read_verdict,
)
from reviews.llm.wire import Answer

CALL_ID = "call_diagram"  # ours: the id that the gateway gave is not repeated to it


@dataclass(frozen=True)
class Exchange:
    """One question with every try at it."""

    tool: str  # the one that was forced
    tries: Sequence[Try]


@dataclass(frozen=True)
class Conversation:
    """All that was said; `verdict`, or the `error` that stands in its place."""

    messages: Sequence[Message]
    exchanges: Sequence[Exchange]
    diagram: Diagram | None = None
    verdict: Verdict | None = None
    error: LlmError | None = None

    @property
    def answers(self) -> list[Answer]:
        return [one.answer for exchange in self.exchanges for one in exchange.tries if one.answer]

    @property
    def seconds(self) -> float:
        """Spent on answers, waiting between tries not counted."""
        return sum(one.seconds for exchange in self.exchanges for one in exchange.tries)


def converse(gateway: Gateway, opening: Sequence[Message]) -> Conversation:
    """Force the diagram, then the verdict. Whatever goes wrong ends the conversation with its error."""
    messages, exchanges = list(opening), list[Exchange]()
    diagram: Diagram | None = None
    try:
        diagram = read_diagram(_call(gateway, messages, exchanges, SUBMIT_MERMAID))
        messages += _called(diagram)
        verdict = read_verdict(_call(gateway, messages, exchanges, SUBMIT_VERDICT))
    except LlmError as error:
        return Conversation(messages, exchanges, diagram=diagram, error=error)
    return Conversation(messages, exchanges, diagram=diagram, verdict=verdict)


def arguments_of(tries: Sequence[Try], *, tool: str) -> str:
    """The arguments with which the model called `tool`; the last error where it did not."""
    last = tries[-1]
    if last.answer is None:
        assert last.error is not None
        raise last.error
    if last.answer.tool == tool:
        return last.answer.arguments
    if last.answer.tool in {SUBMIT_MERMAID, SUBMIT_VERDICT}:
        raise WrongOrder(f"{last.answer.tool} in place of {tool}", received=last.answer.received)
    raise UnknownTool(last.answer.tool[:100], received=last.answer.received)


def _call(gateway: Gateway, messages: list[Message], exchanges: list[Exchange], tool: str) -> str:
    exchanges.append(Exchange(tool, gateway.ask(messages, tool=tool)))
    return arguments_of(exchanges[-1].tries, tool=tool)


def _called(diagram: Diagram) -> list[dict[str, Any]]:
    """The diagram as the model's own call, with the answer that lets it go on."""
    call = {
        "id": CALL_ID,
        "type": "function",
        "function": {"name": SUBMIT_MERMAID, "arguments": json.dumps(diagram.model_dump())},
    }
    return [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": CALL_ID, "content": f"Received. Now call {SUBMIT_VERDICT}."},
    ]
