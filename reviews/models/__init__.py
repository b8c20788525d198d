from reviews.models.description import Description
from reviews.models.hold import Hold
from reviews.models.hold_event import HoldEvent
from reviews.models.operator_profile import OperatorProfile
from reviews.models.precheck_count import PrecheckCount
from reviews.models.review import Review
from reviews.models.review_turn import ReviewTurn
from reviews.models.source_signature import SourceKey, SourceSignature
from reviews.models.transcript import Transcript

__all__ = [
    "Description",
    "Hold",
    "HoldEvent",
    "OperatorProfile",
    "PrecheckCount",
    "Review",
    "ReviewTurn",
    "SourceKey",
    "SourceSignature",
    "Transcript",
]
