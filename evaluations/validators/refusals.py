"""Why a validator's call changes nothing: one line per reason, each with its stable code and HTTP status."""


class AssignmentRefused(Exception):
    """A call about assignments that is not carried out."""

    code = "assignment_refused"
    status = 409


class AssignmentUnknown(AssignmentRefused):
    """There is none of this id, or it is another validator's."""

    code, status = "assignment_unknown", 404


class AssignmentOver(AssignmentRefused):
    """Its lease has run out, it was given back, its time is up, or its result was taken."""

    code = "assignment_over"


class OfferOutstanding(AssignmentRefused):
    """The validator has an assignment that it has neither accepted nor rejected."""

    code = "offer_outstanding"


class AssignmentsUnavailable(AssignmentRefused):
    """This host lacks what an assignment is made of; `code` says what."""

    status = 503

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class ResultRefused(AssignmentRefused):
    """A manifest that is not of the run that was assigned, or contradicts itself; `code` says which."""

    status = 422

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
