"""Architectures with one graph, and by what they are known."""

import uuid

from django.db import models
from django.db.models import Q

from evaluations.enums import Mode
from evaluations.models import Submission


class Family(models.Model):
    """What the submissions that stand in it amount to; `scoring.ownership` writes it.

    A family without members is dissolved: it earns nothing, is on no list, and comes back with its graph.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    mode = models.CharField(max_length=20, choices=Mode)
    graph_hash = models.CharField(max_length=64, blank=True)  # the discoverer's; empty: none could be read
    owner_hotkey = models.CharField(max_length=64)  # of the discoverer
    discovered_by = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="discoveries")
    discovered_at = models.DateTimeField()  # when the discoverer was accepted
    canonical = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="canonical_of")
    best_score = models.FloatField()  # of the canonical submission
    members = models.PositiveIntegerField()  # submissions that stand in it
    variants_count = models.PositiveIntegerField(default=0)
    current_best = models.ForeignKey(
        "scoring.Variant", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    current_best_since = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "families"
        constraints = [
            models.CheckConstraint(
                condition=Q(current_best__isnull=True, current_best_since__isnull=True)
                | Q(current_best__isnull=False, current_best_since__isnull=False),
                name="family_best_is_dated",
            ),
        ]
        indexes = [
            models.Index(
                fields=["mode", "-best_score", "discovered_at", "id"],
                condition=Q(members__gt=0),
                name="family_rank",
            ),
            models.Index(fields=["mode", "graph_hash"], name="family_by_graph"),
        ]

    def __str__(self) -> str:
        return f"family {self.id}"


class FamilyGraph(models.Model):
    """A graph of a family, brought by one of its members; `number` grows with every graph of the mode."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    family = models.ForeignKey(Family, on_delete=models.CASCADE, related_name="graphs")
    mode = models.CharField(max_length=20, choices=Mode)
    graph_hash = models.CharField(max_length=64)
    histogram = models.JSONField()  # {Weisfeiler-Lehman label: count}
    number = models.PositiveBigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["mode", "graph_hash"], name="family_graph_once"),
            models.UniqueConstraint(fields=["mode", "number"], name="family_graph_number_once"),
        ]


class FamilySource(models.Model):
    """A normalised architecture source of a family."""

    family = models.ForeignKey(Family, on_delete=models.CASCADE, related_name="sources")
    architecture_hash = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["architecture_hash", "family"], name="family_source_once"),
        ]


class FamilyTurn(models.Model):
    """One row a mode, locked to attribute: of two workers the second sees what the first decided."""

    mode = models.CharField(max_length=20, choices=Mode, primary_key=True)
    graphs = models.PositiveBigIntegerField(default=0)  # the last `FamilyGraph.number`
    removal = models.UUIDField(default=uuid.uuid4)  # another one whenever a graph is taken away

    class Meta:
        default_permissions = ()
