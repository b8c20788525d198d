"""Yardsticks with the real runner: from a score to the qualities that follow from three kinds of runs."""

import time
from pathlib import Path

import pytest

from evaluations.enums import RunPurpose, RunState, Status
from evaluations.models import Run, Submission
from evaluations.runner import reference_recipe
from evaluations.tasks import launch_tick, reconcile_tick
from scoring.models import Quality
from scoring.qualities import attend_qualities
from tests.evaluations import world
from tests.flows.test_bundle_to_score import DEADLINE_SECONDS, drive, is_done

pytestmark = pytest.mark.django_db(transaction=True)
ALONE = "kind: architecture_only\n"


def measured(submission: Submission, *, seconds: float = DEADLINE_SECONDS) -> Quality:
    """What ticks do after the score, until nothing is awaited."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        attend_qualities()
        quality = Quality.objects.get(pk=submission.pk)
        if not quality.awaits_runs:
            return quality
        launch_tick()
        reconcile_tick()
        time.sleep(0.1)
    states = list(Run.objects.values_list("purpose", "state", "attempts_made"))
    pytest.fail(f"still awaiting after {seconds} s: {states}")


def scored(run: Run) -> dict[str, object]:
    assert (run.state, run.verdict) == (RunState.FINISHED, "scored"), run.manifest
    assert run.manifest is not None
    return run.manifest["training"]


@pytest.mark.long
def test_an_architecture_alone_is_measured_against_the_baseline(host: Path) -> None:
    world.small_runs(byte_budget=8_192, reference_runs=True)
    submission = drive(world.accepted(training="", manifest=ALONE), is_done)
    assert submission.status == Status.COMPLETED
    quality = measured(submission)
    own, baseline = submission.runs.get(), Run.objects.get(purpose=RunPurpose.BASELINE)
    assert [scored(run)["recipe"] for run in (own, baseline)] == [reference_recipe.statement()] * 2
    assert not Run.objects.filter(purpose=RunPurpose.REFERENCE).exists()
    values = {line["name"]: line["value"] for line in quality.architecture}
    assert quality.q_arch is not None
    assert 0 < quality.q_arch < 1
    assert values["compute_efficiency"] > 0.5  # a table of bigrams costs less than a transformer
    assert values["parameter_efficiency"] > 0.5


@pytest.mark.long
def test_architecture_and_training_are_measured_apart(host: Path) -> None:
    world.small_runs(byte_budget=8_192, reference_runs=True)
    submission = drive(world.accepted(), is_done)
    quality = measured(submission, seconds=2 * DEADLINE_SECONDS)
    reference = Run.objects.get(purpose=RunPurpose.REFERENCE)
    assert scored(reference)["style"] == "reference"
    assert "recipe" not in scored(submission.runs.get())
    assert quality.blend_score == submission.score.blend_score
    assert quality.q_arch is not None
    assert quality.q_recipe is not None
    assert quality.blend_score == pytest.approx(0.7 * quality.q_arch + 0.3 * quality.q_recipe)
    artifacts = {line["name"]: line["value"] for line in quality.training}["artifact_completeness"]
    assert artifacts == 1.0
