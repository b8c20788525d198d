"""`manage.py evaluate BUNDLE`: what a submission of these files would score, with a progress bar."""

import argparse
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from evaluations import local_evaluation
from evaluations.datasets.errors import DataError
from evaluations.enums import Mode
from evaluations.intake.refusals import BundleRefused
from evaluations.local_evaluation import HostFault, RequirementsMissing
from evaluations.runner.job import MOST_RANKS, Job
from prism_site.config import env
from prism_site.policy.resolve import Policy, resolve_policy

EXIT_STATUS = {"scored": 0, "rejected": 1, "failed": 2}
HOST_FAULT = 3


class Command(BaseCommand):
    help = (
        "Describe and run a bundle (folder or ZIP) here; exit 0 scored, 1 rejected, 2 failed, 3 host fault."
    )
    # A bundle can be evaluated before there is a database, and the check framework would want one.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("bundle", type=Path, help="a folder or a ZIP")
        parser.add_argument("--mode", choices=Mode.values, default=Mode.LOCAL_CPU_SMOKE.value)
        parser.add_argument("--seed", type=int, help="default: the mode's first seed")
        parser.add_argument(
            "--score-fraction", type=_share, help="share of windows to score; 1 for all of them"
        )
        parser.add_argument(
            "--world-size", type=int, choices=range(1, MOST_RANKS + 1), help="ranks that train together"
        )
        parser.add_argument("--json", type=Path, metavar="OUT", help="write the manifest here")
        parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep curve, weights and logs here")

    def handle(self, **options: Any) -> None:
        self.console = Console(stderr=True)
        policy = resolve_policy(official=False)
        for fallback in policy.fallbacks:
            self.console.print(f"[yellow]policy:[/] {escape(fallback)}")
        if env().sandbox == "off":
            self.console.print("[yellow]The sandbox is off: the bundle runs as your own code.[/]")
        try:
            manifest = self._evaluate(policy, options)
        except BundleRefused as refused:
            manifest = {"verdict": "rejected", "code": refused.code, "reason": str(refused)}
        except (HostFault, RequirementsMissing, DataError, OSError) as fault:
            self.console.print(f"[red]{getattr(fault, 'code', 'host_error')}[/] {escape(str(fault))}")
            raise SystemExit(HOST_FAULT) from fault
        if options["json"]:
            options["json"].write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        self._print_outcome(manifest)
        raise SystemExit(EXIT_STATUS[manifest["verdict"]])

    def _evaluate(self, policy: Policy, options: dict[str, Any]) -> dict[str, Any]:
        mode = Mode(options["mode"])
        bundle = local_evaluation.read_any(options["bundle"], policy)
        local_evaluation.ensure_data(self.console.print)
        seed = options["seed"]
        if seed is None:
            seed = policy.execution_mode_targets.of(mode).seeds[0]
        with tempfile.TemporaryDirectory(prefix="prism-evaluate-") as temporary:
            folder = options["keep"].resolve() if options["keep"] else Path(temporary)
            job = local_evaluation.make_job(
                bundle,
                folder,
                mode=mode,
                seed=seed,
                policy=policy,
                score_fraction=options["score_fraction"],
                world_size=options["world_size"],
            )
            self._print_description(local_evaluation.describe(job))
            return self._run(job)

    def _run(self, job: Job) -> dict[str, Any]:
        evaluation = local_evaluation.start(job)
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[bpb]}"))
        with Progress(*columns, TimeElapsedColumn(), console=self.console) as progress:
            bar = progress.add_task("scoring", total=job.stream.bytes, bpb="")
            for line in evaluation.lines:
                if line["type"] == "chunk":
                    figure = f"{line['bpb']:.4f} bits per byte"
                    progress.update(bar, completed=line["stream_bytes"], bpb=figure)
        return evaluation.manifest

    def _print_description(self, report: dict[str, Any]) -> None:
        if report["model"] is None:
            self.console.print(f"[red]{report['code']}[/] {escape(report['reason'])}")
            return
        model = report["model"]
        self.console.print(
            f"model: {model['parameters']:,} parameters ({model['body_parameters']:,} in the body),"
            f" {model['layers']} layers; untrained: {report['step0_bpb']:.3f} bits per byte"
        )

    def _print_outcome(self, manifest: dict[str, Any]) -> None:
        table = Table(show_header=False, box=None)
        table.add_row("verdict", f"[bold]{manifest['verdict']}[/]")
        for name, value in _rows(manifest):
            table.add_row(name, value)
        Console().print(table)
        if manifest.get("traceback"):
            self.console.print(escape(manifest["traceback"].rstrip()))


def _rows(manifest: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What there is to say of an outcome, in rich's markup."""
    if manifest["verdict"] != "scored":
        yield "code", manifest["code"]
        yield "reason", escape(manifest["reason"])
        return
    score, training, heldout = manifest["score"], manifest["training"], manifest["heldout"]
    yield "bits per byte", f"{score['bpb']:.6f} ± {score['bpb_se']:.6f} (standard error)"
    yield "text", f"{score['bytes']:,} bytes, {score['bits']:,.0f} bits"
    yield "training", f"{training['style']}, {training['learner_seconds']:.1f} s"
    if heldout:
        yield "held-out", f"{heldout['bpb']:.4f}, untrained {heldout['bpb_init']:.4f} bits per byte"
    for anomaly in manifest["integrity"]["anomalies"]:
        yield "[red]anomaly[/]", f"{anomaly['code']}: {escape(anomaly['detail'])} The score counts as 0."


def _share(text: str) -> float:
    value = float(text)
    if not 0.0 < value <= 1.0:
        raise argparse.ArgumentTypeError(f"{text} is not above 0 and at most 1")
    return value
