"""What is known about a family, in sentences: every one a stored fact, none an estimate."""

from collections.abc import Iterator

from scoring.models import Attribution, Family


def sentences(family: Family) -> list[str]:
    """The report of a family; the same facts give the same sentences."""
    return [*_origin(family), *_standing(family), *_training(family)]


def _origin(family: Family) -> Iterator[str]:
    yield (
        f"The architecture was discovered by submission {family.discovered_by_id}, accepted on "
        f"{family.discovered_at:%d %B %Y at %H:%M} UTC from hotkey {family.owner_hotkey}, which owns it."
    )
    if family.graph_hash:
        yield f"The graph of its operators has the hash {family.graph_hash}."


def _standing(family: Family) -> Iterator[str]:
    if family.members == 0:
        yield "Nothing stands in it any more: every submission of it was withdrawn."
        return
    standing = Attribution.objects.filter(family=family, state=Attribution.State.STANDING)
    hotkeys = standing.values("hotkey").distinct().count()
    yield f"{_counted(family.members, 'submission')} of {_counted(hotkeys, 'hotkey')} stand in it."
    score = family.canonical.score  # type: ignore[attr-defined,unused-ignore]
    yield (
        f"Its best submission is {family.canonical_id}: {score.bpb:.4f} bits per byte over the whole run, "
        f"a final score of {family.best_score:.6f}."
    )
    if score.heldout_delta is not None:
        yield (
            f"On text that it had not seen, training gained {score.heldout_delta:.3f} bits per byte over the "
            "same model untrained."
        )


def _training(family: Family) -> Iterator[str]:
    if family.current_best is None or family.current_best_since is None:
        yield "No training variant stands in it."
        return
    yield (
        f"{_counted(family.variants_count, 'training variant')} compete in it; the current best is that of "
        f"hotkey {family.current_best.hotkey}, since {family.current_best_since:%d %B %Y, %H:%M} UTC."
    )


def _counted(count: int, thing: str) -> str:
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"
