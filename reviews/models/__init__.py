from reviews.models.hold import Hold
from reviews.models.review import Review

__all__ = ["Hold", "Review"]
