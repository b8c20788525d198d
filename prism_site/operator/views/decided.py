"""The window of an undo: what was decided a moment ago stands in the URL that the decision led to."""

from dataclasses import dataclass

from django.http import HttpRequest

from prism_site import decisions, hold_groups
from prism_site.operator.guard import by
from reviews.models import Hold


@dataclass(frozen=True)
class JustDecided:
    """A hold that this operator has decided, how many it closed with it, whether the window is still open."""

    hold: Hold
    others: int
    can_undo: bool


def just_decided(request: HttpRequest) -> JustDecided | None:
    """What the last decision of this operator was."""
    asked = request.GET.get("decided", "")
    if not (asked.isascii() and asked.isdigit() and len(asked) <= 18):
        return None
    mine = Hold.objects.select_related("submission").filter(pk=int(asked), decided_by=by(request))
    hold = mine.first()
    if hold is None:
        return None
    return JustDecided(hold, len(hold_groups.together(hold.pk)) - 1, decisions.can_undo(hold))
