"""Ringing the queue: a message names a tick and at most an id, never work that could be lost with it."""

from datetime import timedelta

from django.utils import timezone
from django_q.models import OrmQ
from django_q.tasks import async_task

from evaluations.queues import AT, SHARED

UNHEARD = timedelta(minutes=10)  # a host that hears nothing for so long is rung anew when it is back


def ring(
    tick: str, *arguments: str, once: bool = False, timeout: int | None = None, queue: str = SHARED
) -> None:
    """Ask a queue worker to carry out `tick` soon; with `once`, unless the same call is already waiting.

    `tick` is a dotted path; `queue` says who hears it (`evaluations.queues`). Nobody reads a result, so none
    is kept; whoever loses a message loses nothing but time, because reconciling rings again.
    `timeout` is in seconds, for ticks that need more than most.
    """
    if not (once and is_waiting(tick, *arguments, queue=queue)):
        longer = {} if timeout is None else {"timeout": timeout}
        async_task(tick, *arguments, save=False, cluster=queue, **longer)


def is_waiting(tick: str, *arguments: str, queue: str = SHARED) -> bool:
    """Whether this very call waits in the queue without a worker having taken it."""
    waiting = OrmQ.objects.filter(key=queue, lock__lte=timezone.now()).order_by("id")[:200]
    return any(message.func() == tick and _arguments(message) == arguments for message in waiting)


def waiting_count() -> int:
    """Messages for anybody that no worker has taken yet."""
    count: int = OrmQ.objects.filter(key=SHARED, lock__lte=timezone.now()).count()
    return count


def forget_unheard() -> None:
    """Remove what was rung for hosts that are no longer there."""
    OrmQ.objects.filter(key__contains=AT, lock__lt=timezone.now() - UNHEARD).delete()


def _arguments(message: OrmQ) -> tuple[str, ...]:
    return tuple(message.task.get("args", ()))
