"""The rows of what a submission is worth, and of whose it is."""

from scoring.models.attribution import Attribution
from scoring.models.family import Family, FamilyGraph, FamilySource, FamilyTurn
from scoring.models.ownership_event import OwnershipEvent
from scoring.models.quality import Quality
from scoring.models.score import Score
from scoring.models.snapshot import SnapshotTurn, WeightSnapshot
from scoring.models.variant import Variant

__all__ = [
    "Attribution",
    "Family",
    "FamilyGraph",
    "FamilySource",
    "FamilyTurn",
    "OwnershipEvent",
    "Quality",
    "Score",
    "SnapshotTurn",
    "Variant",
    "WeightSnapshot",
]
