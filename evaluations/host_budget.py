"""A host on which nothing ends any more claims nothing for a while, and spares others their attempts."""

from datetime import timedelta

from django.db.models.functions import Now

from evaluations.attempts import DECIDED
from evaluations.enums import AttemptState
from evaluations.models import Attempt

CODE = "host_failing"
LOSSES = 4  # one after another
DIFFERENT_RUNS = 2  # of one alone, the run may be to blame: that one is held after its third attempt
REST = timedelta(minutes=10)
NO_FAILURE = ("drained", DECIDED)  # attempts that were ended on purpose


def is_spent(host: str) -> bool:
    """Whether the last attempts of this host were all lost, of several runs, the newest a short while ago."""
    ended = Attempt.objects.filter(host=host, ended_at__isnull=False).exclude(reason__in=NO_FAILURE)
    last = list(ended.order_by("-ended_at", "-pk")[:LOSSES])
    if len(last) < LOSSES or len({attempt.run_id for attempt in last}) < DIFFERENT_RUNS:
        return False
    if any(attempt.state != AttemptState.LOST for attempt in last):
        return False
    return Attempt.objects.filter(pk=last[0].pk, ended_at__gt=Now() - REST).exists()
