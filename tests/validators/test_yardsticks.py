"""Yardsticks that a validator carries out: their files travel as one archive."""

from pathlib import Path

import pytest

from evaluations.enums import RunPurpose, RunState
from evaluations.models import Run, Submission
from evaluations.runner import reference_recipe
from evaluations.validators.client.errors import Unable
from evaluations.validators.client.preparation import prepare
from evaluations.validators.client.server import Assigned
from evaluations.yardsticks import request_yardsticks
from prism_site.policy.resolve import resolve_policy
from tests.evaluations import world
from tests.validators.conftest import Validator


@pytest.fixture
def waiting(submission: Submission) -> None:
    """A reference and a baseline, and nothing that goes before them."""
    request_yardsticks(submission, resolve_policy(official=False))
    Run.objects.filter(purpose=RunPurpose.SUBMISSION).update(state=RunState.RUNNING)


def assigned(validator: Validator) -> Assigned:
    answer = validator.take()
    return Assigned(answer["id"], answer["specification"], 60.0, answer)


def test_reference_and_baseline_are_handed_out_with_their_files(
    validator: Validator, submission: Submission, waiting: None, host: Path
) -> None:
    reference, baseline = (prepare(assigned(validator), host / str(number)) for number in range(2))
    assert [job.submission_id for job in (reference, baseline)] == [str(submission.pk), "baseline"]
    assert [job.bundle.training for job in (reference, baseline)] == [None, None]
    folders = [Path(job.bundle.folder) for job in (reference, baseline)]
    assert [sorted(path.name for path in folder.iterdir()) for folder in folders] == [
        ["architecture.py", "prism.yaml"]
    ] * 2
    assert (folders[0] / "architecture.py").read_text() == world.ARCHITECTURE


def test_a_host_with_another_recipe_gives_it_back(
    validator: Validator, waiting: None, host: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = assigned(validator)
    monkeypatch.setattr(reference_recipe, "VERSION", 2)
    with pytest.raises(Unable) as unable:
        prepare(found, host / "run")
    assert unable.value.code == "host_runner_differs"
