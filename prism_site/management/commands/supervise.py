"""The queue of this host, kept alive: what the demo, compose and systemd start."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from evaluations.queues import CLUSTERS, SHARED
from prism_site.schedules import ensure_schedules
from prism_site.supervisor import Supervisor


class Command(BaseCommand):
    help = "Run a queue cluster, ring it, and replace it when it stops answering; SIGTERM drains it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--cluster",
            choices=CLUSTERS,
            default=SHARED,
            help="default: everything that this host may do; gpu: nothing but carrying out runs",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        ensure_schedules()
        Supervisor(options["cluster"]).run()
