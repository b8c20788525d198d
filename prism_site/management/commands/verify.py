"""`manage.py verify`: whether the rows are as they must be at every moment."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from prism_site.invariants import check_all

NAMED = 20  # of what is broken


class Command(BaseCommand):
    help = "Check what must hold of submissions, runs, histories, scores and weights; exit 1 if it does not."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print what was found as JSON")

    def handle(self, **options: Any) -> None:
        found = check_all()
        if options["json"]:
            self.stdout.write(json.dumps({each.name: each.broken for each in found}, indent=1))
        else:
            for each in found:
                self.stdout.write(f"{'broken' if each.broken else 'holds ':<7} {each.name}")
                for line in each.broken[:NAMED]:
                    self.stdout.write(f"        {line}")
        raise SystemExit(1 if any(each.broken for each in found) else 0)
