from typing import Any

from django.core.management.base import BaseCommand

from prism_site.schedules import EVERY_MINUTE, ensure_schedules


class Command(BaseCommand):
    help = "Write the rows of the periodic ticks; may be repeated."

    def handle(self, *args: Any, **options: Any) -> None:
        written = ensure_schedules()
        for name, tick in EVERY_MINUTE.items():
            self.stdout.write(f"{name}: {tick} ({'written' if name in written else 'in place'})")
