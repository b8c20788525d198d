"""`manage.py sandbox_check`: try every wall of the sandbox on this host, and print which of them stand."""

import json
import tempfile
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from rich.console import Console
from rich.markup import escape
from rich.progress import track
from rich.table import Table

from evaluations.runner.processes import end_descendants, guard_referee
from evaluations.runner.sandbox.errors import SandboxUnavailable
from evaluations.sandbox_attacks.catalogue import ATTACKS
from evaluations.sandbox_attacks.host import abilities
from evaluations.sandbox_attacks.targets import Victim
from evaluations.sandbox_attacks.trial import Finding, find

UNAVAILABLE = 3
STYLES = {"blocked": "green", "open": "red", "no control here": "yellow"}


class Command(BaseCommand):
    help = "Attack the sandbox in every known way, with and without it; exit 0 where every wall stands."
    # Nothing here needs a database.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print findings as JSON")
        parser.add_argument("--only", default="", metavar="TEXT", help="attacks whose group or name has TEXT")

    def handle(self, **options: Any) -> None:
        console = Console(stderr=options["json"])
        try:
            findings = attack(options["only"], console)
        except SandboxUnavailable as error:
            console.print(f"[red]{error.code}[/] {escape(str(error))}")
            self._print_abilities(console)
            raise SystemExit(UNAVAILABLE) from error
        if options["json"]:
            self.stdout.write(json.dumps(described(findings), indent=1))
        else:
            self._print_table(console, findings)
        raise SystemExit(1 if breaches(findings) else 0)

    def _print_table(self, console: Console, findings: list[Finding]) -> None:
        table = Table("group", "attack", "behind the walls", "what it was told")
        for finding in findings:
            style, told = STYLES[finding.standing], finding.walled.how
            table.add_row(
                finding.attack.group,
                escape(finding.attack.name),
                f"[{style}]{finding.standing}[/]",
                escape(told[:80]),
            )
        console.print(table)
        self._print_abilities(console)
        counts = ", ".join(f"{number} {standing}" for standing, number in counted(findings).items())
        console.print(f"{len(findings)} attacks: {counts}")
        for breach in breaches(findings):
            console.print(f"[red]A wall is open:[/] {breach.attack.group}: {escape(breach.attack.name)}")

    def _print_abilities(self, console: Console) -> None:
        for name, what in abilities().items():
            console.print(f"[bold]{name}[/] {escape(what)}")


def attack(only: str, console: Console) -> list[Finding]:
    """Make every attack whose name or group contains `only`."""
    guard_referee()
    chosen = [one for one in ATTACKS if only in f"{one.group}: {one.name}"]
    with tempfile.TemporaryDirectory(prefix="prism-sandbox-") as folder:
        victim = Victim(Path(folder))
        try:
            return [find(one, victim) for one in track(chosen, "attacking", console=console, transient=True)]
        finally:
            victim.end()
            end_descendants()


def breaches(findings: list[Finding]) -> list[Finding]:
    """Attacks that got through and are not the two known leaks of a path's metadata."""
    return [finding for finding in findings if finding.walled.through and not finding.attack.metadata]


def counted(findings: list[Finding]) -> dict[str, int]:
    """How many attacks of each standing."""
    return {standing: sum(f.standing == standing for f in findings) for standing in STYLES}


def described(findings: list[Finding]) -> dict[str, Any]:
    """For machines."""
    return {
        "host": abilities(),
        "counts": counted(findings),
        "breaches": len(breaches(findings)),
        "attacks": [
            {
                "group": finding.attack.group,
                "name": finding.attack.name,
                "standing": finding.standing,
                "told": finding.walled.how,
                "control": finding.control.how,
            }
            for finding in findings
        ],
    }
