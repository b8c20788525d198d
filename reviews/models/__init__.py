from reviews.models.hold import Hold
from reviews.models.hold_event import HoldEvent
from reviews.models.operator_profile import OperatorProfile
from reviews.models.review import Review
from reviews.models.transcript import Transcript

__all__ = ["Hold", "HoldEvent", "OperatorProfile", "Review", "Transcript"]
