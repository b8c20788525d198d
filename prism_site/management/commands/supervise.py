from typing import Any

from django.core.management.base import BaseCommand

from prism_site.schedules import ensure_schedules
from prism_site.supervisor import Supervisor


class Command(BaseCommand):
    help = "Run a queue cluster, ring it, and replace it when it stops answering; SIGTERM drains it."

    def handle(self, *args: Any, **options: Any) -> None:
        ensure_schedules()
        Supervisor().run()
