"""Handing the next queued run to a validator: an attempt on the host `validator:<hotkey>`."""

from datetime import timedelta
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from evaluations import claims, official
from evaluations.attempts import lose
from evaluations.backends.prepare import Texts
from evaluations.baseline import BaselineChanged
from evaluations.bundles import BundleChanged
from evaluations.enums import AttemptState, Mode, RunState
from evaluations.intake.refusals import BundleRefused
from evaluations.models import Assignment, Attempt, Run
from evaluations.models.attempt import VALIDATOR
from evaluations.reconcile import lose_expired
from evaluations.run_files import files_of
from evaluations.validators.refusals import OfferOutstanding
from evaluations.validators.specification import specification_of
from evaluations.validators.texts import texts_for
from prism_site.policy.resolve import Policy, resolve_policy

PAUSE = timedelta(seconds=600)  # before a validator is offered a run again that it did not bring to an end
log = structlog.get_logger(__name__)

Key = tuple[str, int]  # mode and seed: what the texts of a run depend on


def host_of(hotkey: str) -> str:
    """The name under which a validator holds leases."""
    return f"validator:{hotkey}"


def offer_next(hotkey: str, wanted: list[Mode]) -> Assignment | None:
    """Lease the oldest queued run of the wanted modes to a validator; None if there is none for it.

    Raises:
        OfferOutstanding: it has not answered an earlier offer whose lease still stands.
        AssignmentsUnavailable: the texts of a waiting run are not here, or not yet.
    """
    lose_expired(host=host_of(hotkey))
    policy = resolve_policy(official=False)
    modes = [mode for mode in wanted if _may_be_assigned(mode, policy)]
    texts = {(mode, seed): texts_for(Mode(mode), seed, policy) for mode, seed in _waiting(modes)}
    if not texts:
        return None
    attempt = _claim(hotkey, modes, policy)
    return None if attempt is None else _assign(attempt, hotkey, texts, policy)


def _may_be_assigned(mode: Mode, policy: Policy) -> bool:
    return not mode.is_official or not official.missing_to_assign(mode, policy)


def _waiting(modes: list[Mode]) -> list[Key]:
    queued = Run.objects.filter(state=RunState.QUEUED, mode__in=modes)
    return list(queued.values_list("mode", "seed").distinct())


def _claim(hotkey: str, modes: list[Mode], policy: Policy) -> Attempt | None:
    """The database allows a validator one offer that it has not answered."""
    try:
        return claims.claim(
            host=host_of(hotkey),
            backend=VALIDATOR,
            modes=modes,
            policy_row_ids=policy.row_ids,
            passing_over=_given_back(hotkey),
        )
    except IntegrityError as error:
        raise OfferOutstanding("Accept or reject the assignment that you have.") from error


def _given_back(hotkey: str) -> list[UUID]:
    lately = Attempt.objects.filter(host=host_of(hotkey), state=AttemptState.LOST, ended_at__gt=Now() - PAUSE)
    return list(lately.values_list("run_id", flat=True))


def _assign(attempt: Attempt, hotkey: str, texts: dict[Key, Texts], policy: Policy) -> Assignment | None:
    """Freeze what is to be run; a bundle that changed in our own rows is nobody's allowance."""
    run = attempt.run
    found = texts.get((run.mode, run.seed)) or texts_for(Mode(run.mode), run.seed, policy)
    try:
        manifest = files_of(run).manifest
    except (BundleChanged, BaselineChanged, BundleRefused) as error:
        lose(attempt, reason="bundle_changed", detail=str(error), counted=False)
        return None
    specification = specification_of(run, manifest, found, policy)
    with transaction.atomic():
        Run.objects.filter(pk=run.pk).update(yardsticks=found.yardsticks)
        assignment = Assignment.objects.create(attempt=attempt, validator=hotkey, specification=specification)
    log.info("assignment_offered", attempt=attempt.label, validator=hotkey)
    return assignment
