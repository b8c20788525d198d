"""Deciding a hold and those like it at once: the same decision, one note, an event of its own for each.

All of it happens or nothing: no note covers what its writer has not seen, such as somebody else's decision.
"""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Q, QuerySet

from prism_site import decisions, hold_groups
from prism_site.policy.errors import PolicyInvalid
from reviews.attribution import Attribution
from reviews.claims import HoldChanged
from reviews.holds import DecisionRefused
from reviews.models import Hold

OFFERED = 20
Seen = tuple[int, int]  # id and version


class SiblingChanged(Exception):
    """Another operator decided one of the siblings in the meantime; `hold` says what, who and when."""

    code = "sibling_changed"

    def __init__(self, hold: Hold) -> None:
        self.hold = hold
        super().__init__(f"hold {hold.pk} was to be closed with this one, but {HoldChanged(hold)}")


class SiblingRefused(Exception):
    """The decision cannot be carried out for one of the siblings."""

    code = "sibling_refused"


def siblings(hold: Hold) -> QuerySet[Hold]:
    """Open holds that may be closed with this one: of its submission, or alike and of its hotkey."""
    alike = Q(submission__hotkey=hold.submission.hotkey, kind=hold.kind, reason_code=hold.reason_code)
    found = Hold.objects.select_related("submission").filter(
        Q(submission_id=hold.submission_id) | alike, status=Hold.Status.OPEN
    )
    return found.exclude(pk=hold.pk).order_by("created_at", "pk")


def decide(
    hold_id: int,
    decision: Hold.Decision,
    *,
    by: str,
    note: str,
    version: int,
    attribution: Attribution | None = None,
    with_siblings: Sequence[Seen] = (),
) -> Hold:
    """Decide a hold, and those of its siblings that are named with the version that was seen.

    Raises `SiblingChanged`, `SiblingRefused` and whatever `decisions.decide` raises.
    """
    seen = dict(with_siblings)
    with transaction.atomic():
        hold_groups.lock([hold_id, *seen])
        if seen:
            _check(Hold.objects.select_related("submission").get(pk=hold_id), decision, seen)
        leader = decisions.decide(
            hold_id, decision, by=by, note=note, version=version, attribution=attribution
        )
        for sibling_id, its_version in seen.items():
            _close(sibling_id, its_version, leader)
    return leader


def _check(hold: Hold, decision: Hold.Decision, seen: dict[int, int]) -> None:
    if decision == Hold.Decision.ATTRIBUTE:
        raise DecisionRefused("an attribution is about one submission: it closes no other hold with it")
    if hold.pk in seen or len(seen) > OFFERED:
        raise DecisionRefused(f"at most {OFFERED} others are closed with a hold")
    found = Hold.objects.select_related("submission").in_bulk(list(seen))
    for sibling_id, version in seen.items():
        sibling = found.get(sibling_id)
        if sibling is None or not _is_sibling(sibling, hold):
            raise DecisionRefused(f"hold {sibling_id} is not like this one")
        if sibling.status != Hold.Status.OPEN or sibling.version != version:
            raise SiblingChanged(sibling)


def _is_sibling(one: Hold, hold: Hold) -> bool:
    alike = (one.kind, one.reason_code, one.submission.hotkey)
    own = (hold.kind, hold.reason_code, hold.submission.hotkey)
    return one.submission_id == hold.submission_id or alike == own


def _close(sibling_id: int, version: int, leader: Hold) -> None:
    """The same decision for one of the others, unless the leader's rejection has closed it already."""
    if Hold.objects.filter(pk=sibling_id, closed_with=leader).exists():
        return
    decision = Hold.Decision(leader.decision)
    try:
        decisions.decide(
            sibling_id,
            decision,
            by=leader.decided_by,
            note=leader.note,
            version=version,
            closed_with=leader,
        )
    except (*decisions.REFUSALS, PolicyInvalid) as error:
        raise SiblingRefused(f"hold {sibling_id}: {error}") from error
