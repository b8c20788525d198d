"""What is at stake in a hold: the decision that would change the weight of its hotkey most."""

from django.db.models import F
from pydantic import BaseModel

from evaluations.enums import Mode
from prism_site import decisions
from prism_site.decisions import Effect
from reviews.models import Hold

WEIGHED = 20  # holds whose effect one page computes


class Stake(BaseModel):
    """What the decision that does most would do to the weight of its hotkey, a share of 1."""

    decision: str
    before: float
    after: float
    explanation: str

    @property
    def change(self) -> float:
        """What the hotkey would gain; negative for a loss."""
        return self.after - self.before

    @property
    def label(self) -> str:
        """The decision, for people."""
        return Hold.Decision(self.decision).label


def stake_of(hold: Hold) -> Stake:
    """Of all decisions, the one that would move most; `hold.submission` is loaded."""
    found = [(effect, *_of_hotkey(effect, hold.submission.hotkey)) for effect in decisions.effects(hold)]
    effect, before, after = max(found, key=lambda each: abs(each[2] - each[1]))
    return Stake(decision=effect.decision, before=before, after=after, explanation=effect.explanation)


def at_stake(mode: Mode) -> list[tuple[Hold, Stake]]:
    """Open holds of scored submissions of a mode that keep weight from somebody, the best scores first."""
    scored = Hold.objects.select_related("submission").filter(
        status=Hold.Status.OPEN, submission__mode=mode, submission__score__isnull=False
    )
    best = scored.order_by(F("submission__score__bpb").asc(), "pk")[:WEIGHED]
    found = [(hold, stake_of(hold)) for hold in best]
    return [(hold, stake) for hold, stake in found if stake.change]


def _of_hotkey(effect: Effect, hotkey: str) -> tuple[float, float]:
    return effect.weights_before.get(hotkey, 0.0), effect.weights_after.get(hotkey, 0.0)
