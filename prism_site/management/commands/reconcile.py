"""`manage.py reconcile`: the ticks without a queue, once or in a loop."""

import time
from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from evaluations.tasks import canary_tick, launch_tick, reconcile_tick
from prism_site import pipeline
from prism_site.hold_ticks import attend_holds
from scoring.qualities import attend_qualities
from scoring.snapshots import snapshot_epochs


class Command(BaseCommand):
    help = "Take every step that is due, here and now, without a queue: reviews, launches, results, scores."

    def add_arguments(self, parser: CommandParser) -> None:
        how_often = parser.add_mutually_exclusive_group()
        how_often.add_argument("--once", action="store_true", help="one round (the default)")
        how_often.add_argument(
            "--loop", type=_seconds, metavar="SECONDS", help="a round every so many seconds"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        pause_seconds = options["loop"]
        one_round()
        try:
            while pause_seconds is not None:
                time.sleep(pause_seconds)
                one_round()
        except KeyboardInterrupt:
            self.stderr.write("stopped; jobs go on and are taken up by the next round")


def one_round() -> None:
    """Results first, because they free the slots that the launch then fills."""
    reconcile_tick()
    pipeline.advance_waiting()
    attend_holds()
    attend_qualities()
    snapshot_epochs()
    launch_tick()
    canary_tick()


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0.05 <= seconds <= 3600:
        raise ArgumentTypeError("between 0.05 and 3600 seconds")
    return seconds
