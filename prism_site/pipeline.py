"""THE STORY: what happens to a submission after it was accepted, one line per step.

A message in the queue only says *look at this submission*; the rows say what is to be done. Carrying out
a step twice, late or at the same time as another worker changes nothing.
"""

from typing import Any
from uuid import UUID

from evaluations import bell, transitions
from evaluations.enums import Stage, Status
from evaluations.models import Submission
from evaluations.transitions import TransitionRefused

BY = "system:pipeline"
ADVANCE = "prism_site.pipeline.advance"
LAUNCH = "evaluations.tasks.launch_tick"


def ring(sender: Any, submission_id: UUID, **kwargs: Any) -> None:
    """Ask the queue to look at a submission that has moved."""
    bell.ring(ADVANCE, str(submission_id))


def advance(submission_id: str) -> bool:
    """Take the next step of a submission, if it is ours to take; return whether one was taken."""
    submission = Submission.objects.get(pk=submission_id)
    if submission.status == Status.HELD:
        return False  # only an operator moves it
    try:
        return _step(submission)
    except TransitionRefused:
        return False  # another worker took this step


def _step(submission: Submission) -> bool:
    match Stage(submission.stage):
        case Stage.RECEIVED:
            transitions.begin_review(submission.pk, by=BY)
        case Stage.QUEUED:
            bell.ring(LAUNCH, once=True)
            return False  # a launch tick takes it when a slot is free
        case _:
            return False
    return True
