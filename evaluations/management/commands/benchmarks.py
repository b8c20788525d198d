"""`manage.py benchmarks`: the benchmark packs that are staged, and everything that is wrong with them."""

import hashlib
import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from evaluations.backends.packs import MOST_ITEMS
from evaluations.datasets.packs import StagedPack, check_pack, staged_folders
from evaluations.enums import Mode
from prism_site.config import env
from prism_site.policy.resolve import Policy, resolve_policy


class Command(BaseCommand):
    help = "List the staged benchmark packs and check every line; exit 1 where a pack cannot be used."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", nargs="?", type=Path, help="packs elsewhere than PRISM_BENCHMARKS_DIR")
        parser.add_argument("--json", action="store_true", help="print packs and faults as JSON")

    def handle(self, **options: Any) -> None:
        folder = options["folder"] or env().benchmarks_path
        packs = [check_pack(path) for path in staged_folders(folder)]
        policy = resolve_policy(official=False)
        if options["json"]:
            self.stdout.write(json.dumps([described(pack, policy) for pack in packs], indent=1))
        else:
            self._print(Console(highlight=False), folder, packs, policy)
        raise SystemExit(1 if any(pack.faults for pack in packs) else 0)

    def _print(self, console: Console, folder: Path, packs: list[StagedPack], policy: Policy) -> None:
        if not packs:
            console.print(f"No pack is staged in {escape(str(folder))}: a pack is a folder of *.jsonl files.")
            return
        table = Table("pack", "items", "fit smoke/proxy/full", "choices", "weight", "SHA-256")
        for found in (described(pack, policy) for pack in packs if not pack.faults):
            table.add_row(
                found["pack"],
                str(found["items"]),
                "/".join(str(found["fitting"][mode.value]) for mode in Mode),
                "yes" if found["choices"] else "no",
                _weight(found["weight"]),
                found["sha256"][:12],
            )
        console.print(table)
        for fault in (f"{pack.name}/{fault}" for pack in packs for fault in pack.faults):
            console.print(f"[red]{escape(fault)}[/]", soft_wrap=True)


def described(pack: StagedPack, policy: Policy) -> dict[str, Any]:
    """A pack as JSON; no run is asked about one whose `weight` is 0, or null: unknown to the policy."""
    weights = policy.benchmark_weights.model_dump()
    longest = [max(len(answer.encode()) for answer in item.answers) for item in pack.items]
    windows = {mode: policy.execution_mode_targets.of(mode).sequence_length for mode in Mode}
    return {
        "pack": pack.name,
        "about": pack.about,
        "items": len(pack.items),
        "choices": pack.with_choices,
        "weight": weights.get(pack.name),
        "asked_at_most": {mode.value: most for mode, most in MOST_ITEMS.items()},
        "fitting": {mode.value: sum(size < windows[mode] for size in longest) for mode in Mode},
        "sha256": hashlib.sha256(pack.text()).hexdigest(),
        "faults": [vars(fault) for fault in pack.faults],
    }


def _weight(weight: float | None) -> str:
    if weight is None:
        return "unknown"
    return f"{weight:g}"
