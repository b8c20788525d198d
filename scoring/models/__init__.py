from scoring.models.quality import Quality
from scoring.models.score import Score
from scoring.models.snapshot import SnapshotTurn, WeightSnapshot

__all__ = ["Quality", "Score", "SnapshotTurn", "WeightSnapshot"]
