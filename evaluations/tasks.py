"""The ticks that queue workers carry out: seconds long, idempotent, safe to kill anywhere."""

import socket

from django.conf import settings
from django.utils import timezone

from evaluations.models import Canary


def canary_tick() -> None:
    """Stamp a row: the one reliable sign that a pool of workers is alive."""
    Canary.objects.update_or_create(
        cluster=settings.Q_CLUSTER["name"],
        defaults={"host": socket.gethostname(), "stamped_at": timezone.now()},
    )


def launch_tick() -> None:
    """Start the next queued run where a slot is free."""


def reconcile_tick() -> None:
    """Bring rows and jobs together again."""
