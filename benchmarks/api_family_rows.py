"""Rows for the benchmark of weights: families of scored submissions, each with a training of its own."""

import hashlib
import random
from collections import defaultdict
from uuid import uuid4

from django.db import transaction
from django.utils import timezone

from scoring.models import Attribution, Family, FamilyGraph, FamilyTurn, Score, Variant

BATCH = 1_000
LABELS, LABELS_EACH = 20_000, 60


def seed(families: int) -> None:
    """Share the stored scores out over so many families."""
    groups: dict[int, list[Score]] = defaultdict(list)
    for number, score in enumerate(Score.objects.order_by("accepted_at", "pk")):
        groups[number % families].append(score)
    random_ = random.Random(20_261_120)
    rows = [_family(scores) for scores in groups.values()]
    variants = [
        [_variant(family, score) for score in scores]
        for family, scores in zip(rows, groups.values(), strict=True)
    ]
    graphs = [_graph(family, number, random_) for number, family in enumerate(rows, start=1)]
    with transaction.atomic():
        Family.objects.bulk_create(rows, batch_size=BATCH)
        Variant.objects.bulk_create((each for group in variants for each in group), batch_size=BATCH)
        for family, group in zip(rows, variants, strict=True):
            family.current_best = max(group, key=lambda variant: variant.best_score)
            family.current_best_since = timezone.now()
        Family.objects.bulk_update(rows, ["current_best", "current_best_since"], batch_size=BATCH)
        FamilyGraph.objects.bulk_create(graphs, batch_size=BATCH)
        FamilyTurn.objects.create(mode=rows[0].mode, graphs=len(graphs))
        Attribution.objects.bulk_create(
            (
                _attribution(family, score)
                for family, scores in zip(rows, groups.values(), strict=True)
                for score in scores
            ),
            batch_size=BATCH,
        )


def histogram(random_: random.Random) -> dict[str, int]:
    """Labels of a made-up graph, some of them common."""
    labels = (int(LABELS * random_.random() ** 3) for _ in range(LABELS_EACH))
    return {_hash(f"label {label}")[:16]: random_.randint(1, 4) for label in labels}


def _family(scores: list[Score]) -> Family:
    first, best = scores[0], max(scores, key=lambda score: score.final_score)
    return Family(
        id=uuid4(),
        mode=first.mode,
        graph_hash=_hash(f"graph {first.pk}"),
        owner_hotkey=first.hotkey,
        discovered_by_id=first.pk,
        discovered_at=first.accepted_at,
        canonical_id=best.pk,
        best_score=best.final_score,
        members=len(scores),
        variants_count=len(scores),
    )


def _variant(family: Family, score: Score) -> Variant:
    return Variant(
        mode=family.mode,
        family=family,
        training_hash=_hash(f"training {score.pk}"),
        hotkey=score.hotkey,
        first_id=score.pk,
        best_id=score.pk,
        best_score=score.final_score,
        members=1,
        created_at=score.accepted_at,
    )


def _attribution(family: Family, score: Score) -> Attribution:
    return Attribution(
        submission_id=score.pk,
        mode=score.mode,
        hotkey=score.hotkey,
        accepted_at=score.accepted_at,
        scored_at=score.computed_at,
        final_score=score.final_score,
        graph_hash=family.graph_hash,
        architecture_hash=_hash(f"source {score.pk}"),
        training_hash=_hash(f"training {score.pk}"),
        state=Attribution.State.STANDING,
        family=family,
        decision={},
        by="system:benchmark",
        decided_at=score.computed_at,
    )


def _graph(family: Family, number: int, random_: random.Random) -> FamilyGraph:
    return FamilyGraph(
        family=family,
        mode=family.mode,
        graph_hash=family.graph_hash,
        histogram=histogram(random_),
        number=number,
    )


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
