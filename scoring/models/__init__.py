from scoring.models.score import Score

__all__ = ["Score"]
