from reviews.models.hold import Hold
from reviews.models.hold_event import HoldEvent
from reviews.models.operator_profile import OperatorProfile
from reviews.models.review import Review
from reviews.models.review_turn import ReviewTurn
from reviews.models.transcript import Transcript

__all__ = ["Hold", "HoldEvent", "OperatorProfile", "Review", "ReviewTurn", "Transcript"]
