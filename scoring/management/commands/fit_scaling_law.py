"""Fit L(N, D) = E + A / N^alpha + B / D^beta to a table of runs, and say how far to believe it."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.table import Table

from scoring.scaling.intervals import DRAWS, Interval
from scoring.scaling.observations import ObservationInvalid, TooFewObservations
from scoring.scaling.report import LawReport, law_report
from scoring.scaling.table import Columns, read_table


class Command(BaseCommand):
    """`manage.py fit_scaling_law RUNS.csv --compute 1e21`."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("table", type=Path, help="a CSV file with a header, one run a line")
        parser.add_argument("--parameters", default="parameters", help="column of body parameters")
        parser.add_argument("--loss", default="loss", help="column of losses")
        text = parser.add_mutually_exclusive_group()
        text.add_argument("--tokens", help="column of tokens (default: tokens)")
        text.add_argument("--flops", help="column of training FLOPs instead, 6 a parameter and token")
        parser.add_argument("--drop-highest", type=int, default=0, help="highest losses to leave out")
        parser.add_argument(
            "--compute", type=float, nargs="*", default=[], help="FLOPs to find N* and D* for"
        )
        parser.add_argument("--draws", type=int, default=DRAWS, help="bootstrap resamples")
        parser.add_argument("--json", type=Path, help="write the report here as well")

    def handle(self, *args: Any, **options: Any) -> None:
        tokens = None if options["flops"] else options["tokens"] or "tokens"
        columns = Columns(options["parameters"], options["loss"], tokens, options["flops"])
        try:
            observations = read_table(options["table"], columns, drop_highest=options["drop_highest"])
        except (ObservationInvalid, TooFewObservations) as error:
            raise CommandError(f"{error.code}: {error}") from error
        except OSError as error:
            raise CommandError(f"table_unreadable: {error}") from error
        report = law_report(observations, budgets=options["compute"], draws=options["draws"])
        if options["json"]:
            options["json"].write_text(json.dumps(report.as_json(), indent=2) + "\n")
        _show(report, Console(file=self.stdout, width=100))  # type: ignore[arg-type]


def _show(report: LawReport, console: Console) -> None:
    numbers = Table("number", "fitted", "95 % of resamples")
    for name, interval in report.parameters.items():
        numbers.add_row(name, f"{interval.value:.4g}", _range(interval))
    for one in report.recommendations:
        if one.optimum:
            for name in ("parameters", "tokens", "loss"):
                interval = getattr(one.optimum, name)
                numbers.add_row(
                    f"{name} at {one.compute:.3g} FLOPs", f"{interval.value:.4g}", _range(interval)
                )
    console.print(f"L(N, D) = E + A / N^alpha + B / D^beta over {len(report.observations)} points")
    console.print(numbers)
    console.print(f"typical relative error of the fit: {report.fit.rms:.2%}")
    console.print(_foretold(report))
    for doubt in (*report.doubts, *(doubt for one in report.recommendations for doubt in one.doubts)):
        console.print(f"{doubt.code}: {doubt.sentence}")


def _foretold(report: LawReport) -> str:
    found = report.extrapolation
    if found is None:
        return "too few points to hold any out"
    return (
        f"fitted to the {found.fitted} cheaper runs it foretells the {found.held_out} costlier ones"
        f" (up to {found.times_compute:.3g} times the compute) to {found.rms:.2%}, at worst {found.worst:.2%}"
    )


def _range(interval: Interval) -> str:
    if interval.low is None or interval.high is None:
        return "not known"
    return f"{interval.low:.4g} … {interval.high:.4g}"
