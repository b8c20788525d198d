"""`manage.py rules_reference`: writes or checks `docs/rules.md`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from prism_site.config import ROOT
from reviews.static_checks.reference import markdown

FILE = ROOT / "docs" / "rules.md"


class Command(BaseCommand):
    help = "Write the rules of submitted source to docs/rules.md, or with --check fail if it is stale."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing, fail if stale")

    def handle(self, *args: Any, **options: Any) -> None:
        before = FILE.read_text(encoding="utf-8") if FILE.exists() else ""
        if options["check"] and before != markdown():
            raise CommandError(f"{FILE.name} is stale; run `manage.py rules_reference`")
        if before != markdown():
            FILE.write_text(markdown(), encoding="utf-8")
        self.stdout.write(f"{FILE.name} is {'up to date' if before == markdown() else 'written'}")
