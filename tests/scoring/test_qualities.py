"""Qualities of scored submissions: measured when their yardsticks are there, and never in a score's way."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from evaluations.attempts import ALLOWED_ATTEMPTS
from evaluations.enums import Kind, RunPurpose, RunState, Status
from evaluations.models import Identity, Run, Submission
from prism_site.config import override_env
from prism_site.policy.resolve import resolve_policy, set_policy
from scoring.actions import withdraw
from scoring.models import Quality, Score
from scoring.qualities import account_of, attend_qualities, measure
from tests import factories
from tests.evaluations.conftest import host, text_folder

__all__ = ["host", "text_folder"]

pytestmark = pytest.mark.django_db
POINTS = len(factories.chunk_ends())


@pytest.fixture(autouse=True)
def _references(host: Path) -> Iterator[None]:
    set_policy("execution_mode_targets", {"local_cpu_smoke": {"reference_runs": True}}, by="test")
    return iter(())


def end(purpose: RunPurpose, *, ease: float = 1.0, verdict: str = "scored") -> Run:
    """The oldest yardstick of a purpose is run."""
    run = Run.objects.filter(purpose=purpose, state=RunState.QUEUED).earliest("created_at")
    earlier = Run.objects.filter(state=RunState.QUEUED).exclude(pk=run.pk)
    waiting = list(earlier.values_list("pk", flat=True))
    Run.objects.filter(pk__in=waiting).update(state=RunState.RUNNING)
    attempt = factories.start(run)
    Run.objects.filter(pk__in=waiting).update(state=RunState.QUEUED)
    factories.make_points(attempt, POINTS, ease=ease)
    factories.finish(attempt, verdict=verdict, code="" if verdict == "scored" else "learner_raised")
    run.refresh_from_db()
    return run


def measured(score: Score) -> Quality:
    """Its quality when both yardsticks have been run."""
    attend_qualities()
    end(RunPurpose.REFERENCE)
    if Run.objects.filter(purpose=RunPurpose.BASELINE, state=RunState.QUEUED).exists():
        end(RunPurpose.BASELINE, ease=0.5)
    attend_qualities()
    return Quality.objects.get(pk=score.pk)


def reasons(lines: list[dict[str, object]]) -> set[object]:
    return {line["unavailable"] for line in lines}


def test_a_score_asks_for_its_yardsticks_and_waits_for_neither() -> None:
    score = factories.make_completed()
    assert attend_qualities() == 1
    quality = Quality.objects.get(pk=score.pk)
    assert (quality.q_arch, quality.q_recipe, quality.blend_score) == (None, None, None)
    assert reasons(quality.architecture) == reasons(quality.training) == {"reference_pending"}
    assert quality.awaits_runs
    assert score.submission.status == Status.COMPLETED


def test_nothing_is_asked_twice() -> None:
    factories.make_completed()
    assert [attend_qualities(), attend_qualities()] == [1, 0]
    assert Run.objects.exclude(purpose=RunPurpose.SUBMISSION).count() == 2


def test_each_part_is_measured_when_its_run_has_ended() -> None:
    score = factories.make_completed(ease=2.0)
    attend_qualities()
    end(RunPurpose.REFERENCE)
    assert attend_qualities() == 1
    half = Quality.objects.get(pk=score.pk)
    assert half.q_recipe is not None
    assert (half.q_arch, reasons(half.architecture)) == (None, {"baseline_pending"})
    end(RunPurpose.BASELINE, ease=0.5)
    assert attend_qualities() == 1
    whole = Quality.objects.get(pk=score.pk)
    assert whole.q_arch is not None
    assert whole.q_recipe is not None
    assert whole.blend_score == pytest.approx(0.7 * whole.q_arch + 0.3 * whole.q_recipe)
    assert not whole.awaits_runs
    assert attend_qualities() == 0


def test_the_account_is_that_of_the_pure_functions_over_the_named_runs() -> None:
    quality = measured(factories.make_completed(ease=2.0))
    runs = {name: [Run.objects.get(pk=pk) for pk in ids] for name, ids in quality.runs.items()}
    found = account_of(quality.submission, runs, resolve_policy(official=False))
    assert [line.as_json() for line in found.architecture.components] == quality.architecture
    assert [line.as_json() for line in found.training.components] == quality.training
    assert {name: [run.purpose for run in side] for name, side in runs.items()} == {
        name: [name] for name in ("submission", "reference", "baseline")
    }


def test_every_line_has_value_weight_contribution_and_sources_or_a_reason() -> None:
    quality = measured(factories.make_completed(ease=2.0))
    for line in quality.architecture + quality.training:
        if line["unavailable"] is None:
            assert line["contribution"] == pytest.approx(line["weight"] * line["value"])
            assert line["sources"]
        else:
            assert (line["value"], line["weight"], line["contribution"]) == (None, 0.0, 0.0)
    for value, lines in ((quality.q_arch, quality.architecture), (quality.q_recipe, quality.training)):
        assert value == pytest.approx(sum(line["contribution"] for line in lines))
        assert sum(line["weight"] for line in lines) == pytest.approx(1.0)
        assert sum(line["share"] for line in lines) == pytest.approx(1.0)


def test_learning_better_than_the_recipe_is_worth_more_than_a_half() -> None:
    quality = measured(factories.make_completed(ease=2.0))
    by_name = {line["name"]: line["value"] for line in quality.training + quality.architecture}
    assert by_name["learning_stability_dynamics"] > 0.5
    assert by_name["learning_scaling_dynamics"] > 0.5


@pytest.mark.parametrize("failed", [RunPurpose.REFERENCE, RunPurpose.BASELINE])
def test_a_yardstick_that_failed_says_so_in_every_component_that_needs_it(failed: RunPurpose) -> None:
    score = factories.make_completed()
    attend_qualities()
    end(RunPurpose.REFERENCE, verdict="failed" if failed == RunPurpose.REFERENCE else "scored")
    end(RunPurpose.BASELINE, verdict="failed" if failed == RunPurpose.BASELINE else "scored")
    attend_qualities()
    quality = Quality.objects.get(pk=score.pk)
    assert reasons(quality.architecture) == {f"{failed}_failed"}
    assert (quality.q_arch, quality.blend_score, quality.awaits_runs) == (None, None, False)


def test_an_abandoned_yardstick_is_measured_when_another_submission_had_it_tried_again() -> None:
    first = factories.make_completed()
    attend_qualities()
    end(RunPurpose.BASELINE)
    reference = Run.objects.get(purpose=RunPurpose.REFERENCE)
    for _ in range(ALLOWED_ATTEMPTS):
        factories.lose(factories.start(reference))
    attend_qualities()
    assert reasons(Quality.objects.get(pk=first.pk).training) == {"reference_failed"}
    second = factories.make_completed()
    same = Identity.objects.get(pk=first.pk).architecture_hash
    Identity.objects.filter(pk=second.pk).update(architecture_hash=same)
    attend_qualities()
    end(RunPurpose.REFERENCE)
    attend_qualities()
    assert Quality.objects.get(pk=first.pk).blend_score is not None
    assert Quality.objects.get(pk=second.pk).blend_score is not None


def test_an_architecture_alone_has_no_recipe_of_its_own() -> None:
    score = factories.make_completed()
    Submission.objects.filter(pk=score.pk).update(kind=Kind.ARCHITECTURE_ONLY)
    attend_qualities()
    end(RunPurpose.BASELINE, ease=0.5)
    attend_qualities()
    quality = Quality.objects.get(pk=score.pk)
    assert quality.runs["reference"] == quality.runs["submission"]
    assert quality.q_arch is not None
    assert (quality.q_recipe, quality.blend_score) == (None, None)
    assert reasons(quality.training) == {"no_training"}


def test_without_reference_runs_nothing_is_asked_for_until_policy_wants_them() -> None:
    score = factories.make_completed()
    set_policy("execution_mode_targets", {"local_cpu_smoke": {"reference_runs": False}}, by="test")
    assert attend_qualities() == 0
    assert not Quality.objects.exists()
    set_policy("execution_mode_targets", {"local_cpu_smoke": {"reference_runs": True}}, by="test")
    assert attend_qualities() == 1
    assert Quality.objects.get().pk == score.pk


def test_a_score_that_does_not_stand_is_not_measured() -> None:
    score = factories.make_completed()
    Score.objects.filter(pk=score.pk).update(multiplier=0.0)
    assert attend_qualities() == 0


def test_an_unready_text_lets_it_wait(host: Path) -> None:
    factories.make_completed()
    with override_env(data_dir=host / "nothing"):
        assert attend_qualities() == 0
    assert not Quality.objects.exists()
    assert attend_qualities() == 1


def test_measuring_again_changes_nothing() -> None:
    quality = measured(factories.make_completed(ease=2.0))
    again = measure(quality.pk)
    assert again.architecture == quality.architecture
    assert (again.q_arch, again.blend_score) == (quality.q_arch, quality.blend_score)


def test_the_best_blend_of_a_hotkey_is_marked_and_passed_on() -> None:
    hotkey = factories.make_hotkey("a miner")
    worse = measured(factories.make_completed(hotkey=hotkey, ease=1.5))
    better = measured(factories.make_completed(hotkey=hotkey, ease=3.0))
    assert worse.blend_score is not None
    assert better.blend_score is not None
    assert worse.blend_score < better.blend_score
    assert Score.objects.get(best_by_blend=True).pk == better.pk
    withdraw(submission_id=better.pk, unlift=False)
    assert Score.objects.get(best_by_blend=True).pk == worse.pk
