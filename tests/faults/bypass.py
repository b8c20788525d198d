"""Taking one mechanism out of the house: the controls show that a fault breaks something without it."""

from collections.abc import Callable, Iterator
from contextlib import ContextDecorator, ExitStack, contextmanager
from typing import Any, Self
from unittest.mock import patch

from django.db import transaction
from django.db.models import F, QuerySet

from evaluations import attempts, claims
from evaluations.enums import RunState
from evaluations.models import Attempt, Run
from prism_site.access import nonces


class NoTransaction(ContextDecorator):
    """Stands where a transaction stood: every statement is kept by itself."""

    def __init__(self, *args: Any, **kwargs: Any) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *why: object) -> None: ...


def _any_attempt(attempt: Attempt) -> QuerySet[Attempt]:
    return Attempt.objects.filter(pk=attempt.pk)


def _any_run(attempt: Attempt) -> Run | None:
    return Run.objects.filter(pk=attempt.run_id).first()


def _take_unguarded(run: Run) -> bool:
    return bool(
        Run.objects.filter(pk=run.pk).update(
            state=RunState.RUNNING,
            fencing_token=F("fencing_token") + 1,
            attempts_made=F("attempts_made") + 1,
        )
    )


def _take_uncounted(run: Run) -> bool:
    return bool(
        Run.objects.filter(pk=run.pk, state=RunState.QUEUED).update(
            state=RunState.RUNNING, fencing_token=F("fencing_token") + 1
        )
    )


BYPASSES: dict[str, list[tuple[Any, str, Callable[..., Any]]]] = {
    "fence": [(attempts, "_live", _any_attempt), (attempts, "_current_run", _any_run)],
    "claim guard": [(claims, "_take", _take_unguarded)],
    "count at claim": [(claims, "_take", _take_uncounted)],
    "transaction": [
        (transaction, "atomic", NoTransaction),
        (QuerySet, "select_for_update", lambda found, **how: found.all()),
    ],
    "nonce": [
        (nonces, "claim", lambda hotkey, nonce, body_sha256: None),
        (nonces, "bind", lambda hotkey, nonce, submission_id: None),
    ],
}


@contextmanager
def without(*names: str) -> Iterator[None]:
    """Within the block the named mechanisms are gone."""
    with ExitStack() as stack:
        for owner, attribute, stand_in in (each for name in names for each in BYPASSES[name]):
            stack.enter_context(patch.object(owner, attribute, stand_in))
        yield
