"""The weights with the explanation of each, and what changed since the last snapshot."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from evaluations.enums import Mode, Status
from evaluations.models import Submission
from prism_site.operator.stakes import Stake, at_stake
from prism_site.policy.errors import PolicyInvalid
from reviews.models import Hold
from scoring.explanations import shares_of, why
from scoring.models import WeightSnapshot
from scoring.payout import Payout, payout, weighed_mode
from scoring.weights import Share

SHOWN = 200  # hotkeys
SNAPSHOTS_SHOWN = 20
LEFT = "It holds no family and no variant among those that are paid."


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of a weight; `share.submission_id` is what it is paid for."""

    share: Share
    why: str


@dataclass(frozen=True, kw_only=True)
class Line:
    """One hotkey: what it earns, what it earned in the last snapshot, and why."""

    hotkey: str
    weight: float
    before: float | None  # none where there is nothing to compare with
    parts: list[Part]
    before_parts: list[Part]
    left: str  # why it earns nothing any more; empty for those who earn

    @property
    def change(self) -> float | None:
        """What it has gained since; negative for a loss."""
        return None if self.before is None else self.weight - self.before

    @property
    def moved(self) -> bool:
        """Whether its weight differs from that of the snapshot by more than rounding."""
        return self.change is not None and abs(self.change) > 1e-9


@dataclass(frozen=True, kw_only=True)
class Board:
    """Everything on the page, read in a constant number of queries but for what open holds would change."""

    mode: Mode
    payout: Payout | None  # none without a valid policy
    problem: PolicyInvalid | None
    last: WeightSnapshot | None  # of this mode
    lines: list[Line]  # the largest weight first, then those who lost theirs
    more: int  # hotkeys that are not shown
    snapshots: list[WeightSnapshot]  # of any mode, the newest first
    stakes: list[tuple[Hold, Stake]]  # what open holds keep from the weights

    @property
    def total(self) -> float:
        """The sum of the weights: 1, or 0 where nobody earns."""
        return sum(self.payout.weights.weights.values()) if self.payout else 0.0


def board() -> Board:
    """The weights as they stand at this moment."""
    mode = weighed_mode()
    paid, problem = _payout(mode)
    snapshots = WeightSnapshot.objects.defer("inputs").order_by("-epoch")
    last = snapshots.filter(mode=mode).first()
    lines = _lines(paid, last) if paid else []
    return Board(
        mode=mode,
        payout=paid,
        problem=problem,
        last=last,
        lines=lines[:SHOWN],
        more=max(0, len(lines) - SHOWN),
        snapshots=list(snapshots.defer("inputs", "explanation")[:SNAPSHOTS_SHOWN]),
        stakes=at_stake(mode) if paid else [],
    )


def _payout(mode: Mode) -> tuple[Payout | None, PolicyInvalid | None]:
    try:
        return payout(mode), None
    except PolicyInvalid as problem:
        return None, problem


def _lines(paid: Payout, last: WeightSnapshot | None) -> list[Line]:
    now, explained = paid.weights.weights, paid.weights.explanation
    before: Mapping[str, float] = last.weights if last else {}
    earlier = {hotkey: shares_of(lines) for hotkey, lines in last.explanation.items()} if last else {}
    gone = [hotkey for hotkey in before if hotkey not in now]
    reasons = _why_left({hotkey: earlier[hotkey] for hotkey in gone})
    hotkeys = sorted({**now, **before}, key=lambda hotkey: (-now.get(hotkey, 0.0), -before.get(hotkey, 0.0)))
    return [
        Line(
            hotkey=hotkey,
            weight=now.get(hotkey, 0.0),
            before=before.get(hotkey, 0.0) if last else None,
            parts=_parts(explained.get(hotkey, [])),
            before_parts=_parts(earlier.get(hotkey, [])),
            left=reasons.get(hotkey, ""),
        )
        for hotkey in hotkeys
    ]


def _parts(shares: Iterable[Share]) -> list[Part]:
    return [Part(share=share, why=why(share)) for share in shares]


def _why_left(earlier: Mapping[str, list[Share]]) -> dict[str, str]:
    """Why those who earned in the snapshot earn nothing now; one query for all."""
    ids = {UUID(share.submission_id) for shares in earlier.values() for share in shares}
    found = Submission.objects.filter(pk__in=ids).exclude(status=Status.COMPLETED) if ids else []
    stopped = {str(submission.pk): submission for submission in found}
    return {
        hotkey: next(
            (_stopped(stopped[share.submission_id]) for share in shares if share.submission_id in stopped),
            LEFT,
        )
        for hotkey, shares in earlier.items()
    }


def _stopped(submission: Submission) -> str:
    name = submission.name or "its submission"
    return f"{name} is {submission.status} ({submission.reason_code})."
