"""`manage.py settings [--json | --reference]`: every effective value and where it comes from."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import IO, Any, cast

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from prism_site.policy.reference import reference
from prism_site.policy.report import Line, environment_lines, policy_lines, stray_variables
from prism_site.policy.resolve import Policy, resolve_policy

ORIGIN_STYLES = {"environment": "cyan", "default": "dim"}


class Command(BaseCommand):
    help = "Show every environment setting and policy value with its origin; secrets are masked."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
        parser.add_argument(
            "--reference", action="store_true", help="what may be set, as the text of docs/policy.md"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Exit 1 where a policy row is not valid, because official work then stands still."""
        if options["reference"]:
            self.stdout.write(reference(), ending="")
            return
        policy = resolve_policy(official=False)
        if options["json"]:
            self.stdout.write(json.dumps(as_json(policy), indent=2))
        else:
            self.print_tables(policy)
        if policy.fallbacks:
            raise CommandError("official work is stopped: policy is not valid")

    def print_tables(self, policy: Policy) -> None:
        # rich measures a terminal; a file or a pipe gets lines as long as they need.
        console = Console(file=cast("IO[str]", self.stdout), width=None if self.stdout.isatty() else 160)
        console.print(table("environment", environment_lines()))
        for key, lines in policy_lines(policy).items():
            console.print(table(key, lines))
        for name in stray_variables():
            console.print(f"[yellow]{escape(name)} is set, but is no setting[/yellow]")
        for problem in policy.fallbacks:
            console.print(f"[bold red]not valid, passed over here: {escape(problem)}[/bold red]")


def table(title: str, lines: list[Line]) -> Table:
    drawn = Table("name", "value", "origin", "about", title=title, title_justify="left", expand=True)
    for line in lines:
        style = ORIGIN_STYLES.get(line.origin, "green")
        drawn.add_row(escape(line.name), escape(line.text), line.origin, escape(line.about), style=style)
    return drawn


def as_json(policy: Policy) -> dict[str, Any]:
    return {
        "environment": {line.name: asdict(line) for line in environment_lines()},
        "policy": {
            key: {"row_id": policy.row_ids.get(key), "fields": {line.name: asdict(line) for line in lines}}
            for key, lines in policy_lines(policy).items()
        },
        "not_settings": stray_variables(),
        "invalid": list(policy.fallbacks),
    }
