"""`manage.py llm_check`: ask the configured LLM gateway one tiny question and print what came back."""

from typing import Any

from django.core.management.base import BaseCommand
from rich.console import Console
from rich.markup import escape

from prism_site.policy.resolve import resolve_policy
from prism_site.policy.schemas.reviews import LlmReviewPolicy
from reviews.llm.client import Gateway, Try
from reviews.llm.conversation import arguments_of
from reviews.llm.errors import LlmError
from reviews.llm.redact import redacted
from reviews.llm.review import configured_gateway, configured_secrets, longest_seconds
from reviews.llm.tools import SUBMIT_MERMAID, read_diagram

QUESTION = [{"role": "user", "content": "Draw this Python program: `for i in range(3): print(i)`"}]
SHOWN_CHARACTERS = 1_000


class Command(BaseCommand):
    help = "Ask the LLM gateway for one diagram; exit 0 where it drew one, 1 where it did not."

    def handle(self, **options: Any) -> None:
        self.console = Console()
        policy = resolve_policy(official=False).llm_review_policy
        try:
            gateway = configured_gateway(policy)
            self._print_settings(gateway, policy)
            tries = gateway.ask(QUESTION, tool=SUBMIT_MERMAID)
            self._print_tries(tries)
            diagram = read_diagram(arguments_of(tries, tool=SUBMIT_MERMAID))
        except LlmError as error:
            self.console.print(f"[red]{error.code}[/] {_shown(str(error))}")
            self.console.print(_shown(error.received), highlight=False)
            raise SystemExit(1) from error
        self.console.print(_shown(diagram.diagram), highlight=False)

    def _print_settings(self, gateway: Gateway, policy: LlmReviewPolicy) -> None:
        key = "with a key" if gateway.api_key else "without a key"
        self.console.print(f"gateway  {_shown(gateway.base_url)} ({key})")
        self.console.print(f"model    {_shown(gateway.model)}")
        state = "required" if policy.required else "advisory"
        self.console.print(f"review   {state if policy.enabled else 'disabled'}")
        longest = longest_seconds(policy.model_copy(update={"enabled": True}))
        self.console.print(f"longest  {longest:g} s for a whole review")

    def _print_tries(self, tries: list[Try]) -> None:
        for number, one in enumerate(tries, start=1):
            outcome = one.error.code if one.error else "answered"
            self.console.print(f"try {number}    {outcome} after {one.seconds:.2f} s")
            if one.answer:
                self.console.print(f"by       {_shown(one.answer.model)}", highlight=False)
                tokens = f"{one.answer.prompt_tokens} read, {one.answer.completion_tokens} written"
                self.console.print(f"tokens   {tokens}")


def _shown(text: str) -> str:
    """What a gateway sent, safe for a terminal and without secrets."""
    kept: str = redacted(text, configured_secrets())
    printable = "".join(c for c in kept if c.isprintable() or c == "\n")
    return escape(printable[:SHOWN_CHARACTERS])
