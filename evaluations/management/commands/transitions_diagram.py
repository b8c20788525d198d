"""`manage.py transitions_diagram`: writes or checks the state diagram in ARCHITECTURE.md."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evaluations.state_diagram import mermaid
from prism_site.config import ROOT

FILE = ROOT / "ARCHITECTURE.md"
BEGIN = "<!-- states: written by `manage.py transitions_diagram` -->"
END = "<!-- end of states -->"


class Command(BaseCommand):
    help = "Write the state diagram into ARCHITECTURE.md, or with --check fail if it is stale."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing, fail if stale")

    def handle(self, *args: Any, **options: Any) -> None:
        before = FILE.read_text(encoding="utf-8")
        after = with_diagram(before)
        if options["check"] and before != after:
            raise CommandError(
                f"{FILE.name}: the state diagram is stale; run `manage.py transitions_diagram`"
            )
        if before != after:
            FILE.write_text(after, encoding="utf-8")
        self.stdout.write(
            f"{FILE.name}: the state diagram is {'up to date' if before == after else 'written'}"
        )


def with_diagram(text: str) -> str:
    """The text with a fresh diagram between the markers."""
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise CommandError(f"{FILE.name}: the markers of the state diagram are missing")
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n```mermaid\n{mermaid()}\n```\n{END}{tail}"
