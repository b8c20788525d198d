"""The runs that a submission needs: one per seed of its mode."""

from django.db import transaction
from django.utils import timezone

from evaluations.datasets.reference_tokenizers import NAMES, staged_tokenizer
from evaluations.models import Run, Submission
from evaluations.yardsticks import cache_key_of_own
from prism_site.config import env
from prism_site.policy.resolve import Policy


def request_runs(submission: Submission, policy: Policy) -> int:
    """Make sure that every run of a queued submission exists; return how many were created.

    Raises:
        DataError: the declared reference tokenizer is not ready on this host; or the texts, which tell for
            whom else the run of an architecture alone is a reference.
    """
    if submission.tokenizer in NAMES:
        staged_tokenizer(submission.tokenizer, env().data_path)
    targets = policy.execution_mode_targets.of(submission.mode)
    with transaction.atomic():
        return sum(_request(submission, seed, policy) for seed in targets.seeds)


def _request(submission: Submission, seed: int, policy: Policy) -> bool:
    if submission.runs.filter(mode=submission.mode, seed=seed).exists():
        return False
    _, created = Run.objects.get_or_create(
        submission=submission,
        mode=submission.mode,
        seed=seed,
        defaults={
            "cache_key": cache_key_of_own(submission, seed, policy),
            "policy_row_ids": policy.row_ids,
            "created_at": timezone.now(),
        },
    )
    return created
