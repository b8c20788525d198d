"""The history of a family in sentences for people. Pure."""

from collections.abc import Callable, Mapping

from scoring.models import OwnershipEvent

Kind = OwnershipEvent.Kind


def said_of(event: OwnershipEvent) -> str:
    """What happened, without a full stop less."""
    return SENTENCES[Kind(event.kind)](event)


def _name(event: OwnershipEvent) -> str:
    return event.submission.name or "A submission"


def _score(picture: Mapping[str, object], name: str = "best_score") -> str:
    value = picture.get(name)
    return f"{value:.6f}" if isinstance(value, float) else "unknown"


def _best_changed(event: OwnershipEvent) -> str:
    if event.variant is None:
        return "No training variant is the current best any more."
    if event.before.get("current_best") is None:
        return "Its first training variant is the current best."
    return "Another training variant is the current best."


SENTENCES: Mapping[Kind, Callable[[OwnershipEvent], str]] = {
    Kind.DISCOVERED: lambda event: f"{_name(event)} discovered this architecture.",
    Kind.DISCOVERER_CHANGED: lambda event: (
        "The discoverer is another submission: the earliest accepted of those that stand in it."
    ),
    Kind.JOINED: lambda event: f"{_name(event)} joined.",
    Kind.WITHDRAWN: lambda event: f"{_name(event)} counts no longer.",
    Kind.CANONICAL_CHANGED: lambda event: (
        f"The best version is another one: {_score(event.before)} before, {_score(event.after)} now."
    ),
    Kind.VARIANT_ADDED: lambda event: f"{_name(event)} brought a training variant.",
    Kind.VARIANT_CHANGED: lambda event: "A training variant has another best submission or owner.",
    Kind.VARIANT_REMOVED: lambda event: "A training variant stands no more.",
    Kind.BEST_CHANGED: _best_changed,
    Kind.DISSOLVED: lambda event: "Nothing stands in this architecture any more.",
    Kind.HELD: lambda event: f"{_name(event)} is held until an operator has looked at whose it is.",
    Kind.UNCLAIMED: lambda event: f"{_name(event)} was released without an attribution.",
    Kind.REJECTED: lambda event: f"{_name(event)} was rejected.",
}
