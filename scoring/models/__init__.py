from scoring.models.score import Score
from scoring.models.snapshot import SnapshotTurn, WeightSnapshot

__all__ = ["Score", "SnapshotTurn", "WeightSnapshot"]
