"""Finding the architecture of a submission that brings training alone: its `prism.yaml` names the family."""

from evaluations import trained_architecture, transitions
from evaluations.enums import Mode
from evaluations.models import Submission
from scoring.families import FamilyUnknown, canonical_submission


def find_architecture(submission: Submission, *, by: str) -> None:
    """Settle on the files of the family's canonical submission; a family that is not there rejects.

    Raises `TransitionRefused` where another worker was faster, `BundleChanged` where rows are damaged.
    """
    try:
        canonical = canonical_submission(submission.architecture_id, Mode(submission.mode))
    except FamilyUnknown as unknown:
        transitions.reject(submission.pk, by=by, reason_code=unknown.code, reason=str(unknown))
    else:
        trained_architecture.settle(submission.pk, canonical, by=by)
