"""Everything that a decision about one hold needs, on one page."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils import timezone

from evaluations.views import detail
from evaluations.views.detail import Moving
from prism_site import decisions
from prism_site.decisions import Effect
from prism_site.operator import evidence, queue
from prism_site.operator.claims import Claim, claim_of
from prism_site.operator.evidence import Exhibit, Margin
from prism_site.operator.notes import NOTES
from prism_site.operator.queue import Filters, Place
from prism_site.policy.resolve import resolve_policy
from prism_site.siblings import OFFERED, siblings
from reviews.holds import DECISIONS
from reviews.models import Description, Hold, HoldEvent, Review

SHARES_SHOWN = 6


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A decision that can be taken: the notes that fit it, and what it would do to the weights."""

    decision: Hold.Decision
    notes: tuple[str, ...]
    effect: Effect

    @property
    def changes(self) -> list[Any]:
        """The largest changes of weight."""
        return self.effect.changes[:SHARES_SHOWN]


@dataclass(frozen=True, kw_only=True)
class Sibling:
    """An open hold that can be closed by the same decision; `takes` are the decisions that its kind knows."""

    hold: Hold
    takes: list[str]
    is_same_submission: bool

    @property
    def seen(self) -> str:
        """What the form says of it."""
        return f"{self.hold.pk}:{self.hold.version}"


@dataclass(frozen=True, kw_only=True)
class Dossier:
    """A hold with all that is known about it."""

    hold: Hold
    now: Moving  # the submission as its own page shows it
    claim: Claim | None
    place: Place
    exhibits: list[Exhibit]
    margins: list[Margin]
    reviews: list[tuple[Review, list[Exhibit]]]
    others: list[Hold]  # of the submission, whatever became of them
    siblings: list[Sibling]  # that may be closed with it
    closed: list[Hold]  # that were
    history: list[HoldEvent]
    choices: list[Choice]  # none where it is not open
    is_own: bool
    can_undo: bool

    @property
    def is_open(self) -> bool:
        """Whether it waits for a decision."""
        return self.hold.status == Hold.Status.OPEN

    @property
    def attributes(self) -> bool:
        """Whether one of the choices says whose it is."""
        return any(choice.decision == Hold.Decision.ATTRIBUTE for choice in self.choices)


def dossier(hold: Hold, *, by: str, filters: Filters) -> Dossier:
    """Read everything; `hold.submission` is loaded."""
    moving = detail.moving(hold.submission_id)
    others = Hold.objects.filter(submission_id=hold.submission_id)
    integrity = ((moving.run.manifest if moving.run else None) or {}).get("integrity")
    return Dossier(
        hold=hold,
        now=moving,
        claim=claim_of(hold, now=timezone.now(), me=by),
        place=queue.place_of(hold.pk, queue.holds(filters, by=by)),
        exhibits=evidence.exhibits(hold.evidence),
        margins=evidence.margins(hold.evidence, integrity, _thresholds()),
        reviews=_reviews(hold.submission_id),
        others=list(others.exclude(pk=hold.pk).order_by("created_at")),
        siblings=_siblings(hold) if hold.status == Hold.Status.OPEN else [],
        closed=list(Hold.objects.filter(closed_with=hold).order_by("pk")) if hold.decided_by else [],
        history=list(hold.events.order_by("at", "pk")),
        choices=choices(hold) if hold.status == Hold.Status.OPEN else [],
        is_own=decisions.is_own(hold, by),
        can_undo=decisions.can_undo(hold),
    )


def choices(hold: Hold) -> list[Choice]:
    """The decisions that a hold takes, with their effects."""
    return [
        Choice(
            decision=effect.decision,
            notes=NOTES[effect.decision],
            effect=effect,
        )
        for effect in decisions.effects(hold)
    ]


def _siblings(hold: Hold) -> list[Sibling]:
    return [
        Sibling(
            hold=other,
            takes=sorted(DECISIONS[Hold.Kind(other.kind)] - {Hold.Decision.ATTRIBUTE}),
            is_same_submission=other.submission_id == hold.submission_id,
        )
        for other in siblings(hold)[:OFFERED]
    ]


def _reviews(submission_id: UUID) -> list[tuple[Review, list[Exhibit]]]:
    """Every review with its findings; the description also with what it measured."""
    measured = Description.objects.filter(submission_id=submission_id).values_list("facts", flat=True).first()
    described = [Exhibit(code="", text="", facts=evidence.figures(measured))] if measured else []
    return [
        (
            row,
            evidence.exhibits({"findings": row.findings})
            + (described if row.reviewer == Review.Reviewer.DESCRIBE else []),
        )
        for row in Review.objects.filter(submission_id=submission_id)
    ]


def _thresholds() -> dict[str, float]:
    """The similarities that matter, by their names in the policy."""
    policy = resolve_policy(official=False).duplicate_thresholds
    return {name: getattr(policy, name) for name in evidence.MEASURES}
