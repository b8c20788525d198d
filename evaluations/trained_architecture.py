"""Settling, once, on whose architecture a submission that brings training alone is run."""

from uuid import UUID

from django.db import transaction

from evaluations import transitions
from evaluations.bundles import stored_bundle
from evaluations.enums import Kind, Stage
from evaluations.intake.refusals import BundleRefused
from evaluations.models import Submission
from evaluations.run_files import on_architecture, tokenizer_of


def is_unsettled(submission: Submission) -> bool:
    """Whether its architecture has yet to be found before anybody can review it."""
    return submission.kind == Kind.TRAINING_FOR_ARCH and submission.trains_for_id is None


def settle(submission_id: UUID, canonical: Submission, *, by: str) -> None:
    """Run it on the files of `canonical` from now on, whatever becomes of the family; or reject it.

    Raises:
        TransitionRefused: it is no longer in review.
        BundleChanged: one of the two is not what was accepted.
    """
    source = canonical.trains_for or canonical  # who brought training alone brought no architecture
    own, base = stored_bundle(submission_id), stored_bundle(source.pk)
    with transaction.atomic():
        submission = Submission.objects.select_for_update().get(pk=submission_id)
        if not is_unsettled(submission) or submission.stage != Stage.REVIEW:
            return
        try:
            on_architecture(own, base)
        except BundleRefused as refused:
            transitions.reject(submission_id, by=by, reason_code=refused.code, reason=refused.message)
            return
        submission.trains_for, submission.tokenizer = source, tokenizer_of(own, base)
        submission.save(update_fields=["trains_for", "tokenizer"])
