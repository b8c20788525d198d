"""Conversations with the LLM reviewer as a page prints them; only `reviews.view_transcript` may read."""

import json
from dataclasses import dataclass
from typing import Any

from evaluations.checklist.claim import items, section
from prism_site.operator.evidence import Exhibit, exhibits
from prism_site.operator.visible import shown
from reviews.models import Hold
from reviews.models.transcript import Transcript

SHOWN_CHARS = 60_000  # of one message; the admin has the rest
LATEST = 3


@dataclass(frozen=True, kw_only=True)
class Message:
    """Something that was said; nothing in it is hidden."""

    role: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """One attempt at a review: what was claimed with its quotes, and every word."""

    transcript: Transcript
    claims: list[Exhibit]
    messages: list[Message]

    @property
    def diagram(self) -> str:
        """The reviewer's own drawing of what the code does, as text."""
        return shown(self.transcript.diagram[:SHOWN_CHARS])

    @property
    def verdict(self) -> str:
        """What it concluded, in a line."""
        said = section(self.transcript.verdict)
        return shown(", ".join(f"{name} {said[name]}" for name in ("verdict", "confidence") if name in said))


def transcripts(hold: Hold) -> list[Conversation]:
    """The newest conversations about the submission of a hold."""
    rows = Transcript.objects.filter(submission_id=hold.submission_id).order_by("-created_at")
    return [_conversation(row) for row in rows[:LATEST]]


def _conversation(row: Transcript) -> Conversation:
    evidence = section(row.verdict).get("evidence")
    said = [_message(message) for message in items(row.messages)]
    answers = [Message(role="answer", text=_text(exchange)) for exchange in items(row.exchanges)]
    return Conversation(transcript=row, claims=exhibits({"evidence": evidence}), messages=[*said, *answers])


def _message(message: Any) -> Message:
    return Message(role=str(message.get("role", "")), text=_text(message.get("content")))


def _text(content: Any) -> str:
    text = content if isinstance(content, str) else json.dumps(content, indent=1, ensure_ascii=False)
    return shown(text[:SHOWN_CHARS])
