"""A result is taken once, from the lease's holder, if it can be true; a lie changes nothing."""

import copy
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from evaluations.enums import AttemptState, RunState, Status
from evaluations.models import Assignment, Attempt, CurvePoint, Event, Run, Submission
from evaluations.validators.manifests import sound
from evaluations.validators.refusals import ResultRefused
from evaluations.validators.results import take_result
from prism_site import pipeline
from scoring.models import Score
from tests.api.conftest import assert_problem
from tests.validators.conftest import Manifest, Real, Validator

pytestmark = pytest.mark.django_db

Lie = Callable[[Manifest], Any]


def snapshot() -> list[Any]:
    """Everything that a result could change."""
    models = (Attempt, Run, Submission, Event, CurvePoint, Score, Assignment)
    return [list(model._default_manager.order_by("pk").values()) for model in models]


def send(validator: Validator, assignment: dict[str, Any], manifest: Manifest) -> Any:
    return validator.post(f"{assignment['id']}/result", {"manifest": manifest})


def failed(manifest: Manifest) -> Manifest:
    """The same run, had its learner raised before anything was scored."""
    sections = dict.fromkeys(("score", "curve", "audit", "heldout", "training"))
    return {**manifest, **sections, "verdict": "failed", "code": "learner_error", "reason": "It raised."}


# taken


def test_an_honest_result_is_scored_from_its_curve(
    validator: Validator, real: Real, submission: Submission
) -> None:
    assignment = validator.take()
    manifest = real.outcome_of(assignment)
    manifest["score"]["final_score"] = 1.0  # nobody asked
    response = send(validator, assignment, manifest)
    assert response.json() == {"id": assignment["id"], "verdict": "scored", "code": "scored"}
    run, attempt = Run.objects.get(), Attempt.objects.get()
    assert (run.state, attempt.state) == (RunState.FINISHED, AttemptState.FINISHED)
    assert run.manifest is not None
    curve = run.manifest["curve"]
    assert run.manifest["score"]["final_score"] is None
    assert run.manifest["score"]["bpb"] == curve["bits"][-1] / curve["bytes"][-1]
    assert pipeline.advance(str(submission.pk))
    score = Score.objects.get()
    submission.refresh_from_db()
    assert (submission.status, score.bpb) == (Status.COMPLETED, run.manifest["score"]["bpb"])


def test_a_failure_is_a_result(validator: Validator, real: Real, submission: Submission) -> None:
    assignment = validator.take()
    assert send(validator, assignment, failed(real.outcome_of(assignment))).status_code == 200
    submission.refresh_from_db()
    assert (submission.status, submission.reason_code) == (Status.FAILED, "learner_error")


def test_the_same_result_again_is_answered_the_same_and_changes_nothing(
    validator: Validator, real: Real
) -> None:
    assignment = validator.take()
    manifest = real.outcome_of(assignment)
    first = send(validator, assignment, manifest)
    before = snapshot()
    again = send(validator, assignment, manifest)
    assert (again.status_code, again.json()) == (200, first.json())
    assert snapshot() == before


# not taken


def test_a_second_result_that_says_something_else_changes_nothing(validator: Validator, real: Real) -> None:
    assignment = validator.take()
    manifest = real.outcome_of(assignment)
    send(validator, assignment, manifest)
    before = snapshot()
    assert_problem(send(validator, assignment, failed(manifest)), 409, "assignment_over")
    assert snapshot() == before


def test_a_result_without_accepting_is_not_taken(validator: Validator, real: Real) -> None:
    assignment = validator.next()
    before = snapshot()
    assert_problem(send(validator, assignment, real.outcome_of(assignment)), 409, "assignment_over")
    assert snapshot() == before


def test_a_late_result_changes_nothing_though_nobody_else_has_the_run(
    validator: Validator, real: Real
) -> None:
    assignment = validator.take()
    Attempt.objects.update(lease_expires_at=Now() - timedelta(seconds=1))
    before = snapshot()
    assert_problem(send(validator, assignment, real.outcome_of(assignment)), 409, "assignment_over")
    assert snapshot() == before


def test_a_result_of_who_lost_the_run_does_not_reach_who_has_it_now(
    validator: Validator, second: Validator, real: Real
) -> None:
    lost = validator.take()
    Attempt.objects.update(lease_expires_at=Now() - timedelta(seconds=1))
    validator.post("expire")
    won = second.take()
    before = snapshot()
    assert_problem(send(validator, lost, real.outcome_of(lost)), 409, "assignment_over")
    assert_problem(send(validator, won, real.outcome_of(won)), 404, "assignment_unknown")
    assert snapshot() == before
    assert send(second, won, real.outcome_of(won)).status_code == 200
    assert Run.objects.get().fencing_token == 2


def test_a_lease_lost_between_check_and_finish_changes_nothing(
    validator: Validator, real: Real, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = validator.take()
    assignment = Assignment.objects.select_related("attempt__run").get()
    validator.post(f"{answer['id']}/reject", {"reason": "host_stopped"})
    monkeypatch.setattr("evaluations.validators.results.check_live", lambda assignment: None)
    before = snapshot()
    with pytest.raises(Exception, match="given up"):
        take_result(assignment, real.outcome_of(answer))
    assert snapshot() == before


def test_a_manifest_of_another_run_is_foreign(validator: Validator, real: Real) -> None:
    """A replay: a manifest that was true of the run that it names."""
    assignment = validator.take()
    before = snapshot()
    assert_problem(send(validator, assignment, real.manifest), 422, "manifest_foreign")
    assert snapshot() == before


def test_a_curve_that_was_told_otherwise_is_refused(validator: Validator, real: Real) -> None:
    assignment = validator.take()
    chunk = next(line for line in real.lines if '"chunk"' in line)
    told = {**json.loads(chunk), "bits": 1.0}
    validator.post(f"{assignment['id']}/accept", {"first": 0, "lines": [json.dumps(told)]})
    before = snapshot()
    response = send(validator, assignment, real.outcome_of(assignment))
    assert_problem(response, 422, "manifest_inconsistent")
    assert snapshot() == before


def test_a_lie_over_the_wire_leaves_the_lease_and_the_truth_can_follow(
    validator: Validator, real: Real
) -> None:
    assignment = validator.take()
    manifest = real.outcome_of(assignment)
    lying = copy.deepcopy(manifest)
    lying["score"]["bpb"] = lying["score"]["bits"] = 0.5
    before = snapshot()
    assert send(validator, assignment, lying).status_code == 422
    assert send(validator, assignment, {}).status_code == 422
    assert_problem(validator.post(f"{assignment['id']}/result", {"manifest": 7}), 400, "json_type")
    assert snapshot() == before
    assert send(validator, assignment, manifest).status_code == 200


# lies


def cheaper(manifest: Manifest) -> None:
    """All of the curve and the score, halved consistently: only PPMd's ratio gives it away."""
    curve, score = manifest["curve"], manifest["score"]
    for column in ("bits", "bpb"):
        curve[column] = [value / 2 for value in curve[column]]
    for name in ("bits", "bpb", "step0_bpb"):
        score[name] /= 2


def put(path: str, value: Any) -> Lie:
    """Write a value at a dotted path; a number after a dot is an index."""

    def lie(manifest: Manifest) -> None:
        *names, last = [int(name) if name.lstrip("-").isdigit() else name for name in path.split(".")]
        place: Any = manifest
        for name in names:
            place = place[name]
        place[last] = value

    return lie


FOREIGN = [
    put("mode", "full_scale_eval"),
    put("submission_id", "0" * 36),
    put("run.seed", 7),
    put("run.seed", True),
    put("run.device", "cuda"),
    put("run.precision", "bf16"),
    put("run.world_size", 2),
    put("run.sandbox", "off"),
    put("run.protocol", "mine"),
    put("run.constants_sha256", "0" * 64),
    put("data.stream_sha256", "0" * 64),
    put("data.bytes", 1),
    put("data.order_seed", 3),
    put("data.manifest_sha256", "0" * 64),
    put("data.revision", "another"),
    put("audit.tolerance_nats", 5.0),
    put("integrity.tokenizer", "gpt2"),
    put("heldout", None),
    put("heldout.bytes", 12),
    put("heldout.benchmarks", {"mmlu": {"bpb": 1.0, "bpb_init": 8.0, "sha256": "0" * 64}}),
]
INCONSISTENT = [
    cheaper,
    put("curve.bits.0", 1.0),
    put("curve.bpb.1", 0.1),
    put("score.step0_bpb", 0.5),
    put("score.multiplier", 0.5),
    put("score.score_fraction", 0.5),
    put("score.bpb_se", True),
    put("score.bpb_se", 100.0),
    put("model.parameters", 10**15),
    put("model.layers", None),
    put("heldout.benchmarks", [1]),
    put("heldout.benchmarks", {"mmlu": 1}),
    put("audit", None),
    put("audit.violations", [{"chunk": 1}]),
    put("audit.positions", 0),
    put("integrity.lossless", None),
    put("integrity.permuted", False),
    put("integrity.sandbox", None),
    put("integrity.sandbox.learner", {"mode": "off"}),
    put("integrity.sandbox.learner", "required"),
    put("integrity.anomalies", None),
    put("integrity.anomalies", [{"code": "step0_anomaly"}]),
    put("integrity.seed_invariant", ["table.weight"]),
    put("integrity.step0", None),
    put("integrity.step0.ok", False),
    put("integrity.step0.limit", 9.0),
    put("integrity.early_vs_ppmd", []),
    put("integrity.early_vs_ppmd.ratio", 1.5),
    put("integrity.early_vs_ppmd.ok", False),
    put("integrity.later_vs_ppmd", [{}]),
    put("heldout.delta", 8.0),
    put("heldout.delta", "8"),
    put("heldout.gap", 0.0),
]
INVALID = [
    put("schema_version", "v1"),
    put("verdict", "best"),
    put("code", "../x"),
    put("code", "learner_error"),
    put("score", None),
    put("score.bpb", 0.5),
    put("score.bpb_se", -1),
    put("curve.bits.-1", 5.0),
    put("curve.bytes", [1]),
    put("model", None),
    put("run", None),
    put("extra", 1),
]


@pytest.mark.parametrize(
    ("lies", "code"),
    [(FOREIGN, "manifest_foreign"), (INCONSISTENT, "manifest_inconsistent"), (INVALID, "manifest_invalid")],
)
def test_every_lie_has_its_code(real: Real, lies: list[Lie], code: str) -> None:
    answers = []
    for lie in lies:
        manifest = copy.deepcopy(real.manifest)
        lie(manifest)
        assert manifest != real.manifest
        with pytest.raises(ResultRefused) as refused:
            sound(manifest, real.specification, real.yardsticks)
        answers.append((refused.value.code, str(refused.value)))
    assert {answer[0] for answer in answers} == {code}, answers


def test_a_shorter_curve_is_no_result(real: Real) -> None:
    manifest = copy.deepcopy(real.manifest)
    curve = {name: column[:-1] for name, column in manifest["curve"].items()}
    manifest["curve"] = curve
    manifest["score"] |= {
        "bytes": curve["bytes"][-1],
        "bits": curve["bits"][-1],
        "bpb": curve["bits"][-1] / curve["bytes"][-1],
    }
    with pytest.raises(ResultRefused, match="schedule"):
        sound(manifest, real.specification, real.yardsticks)


def test_an_anomaly_that_the_figures_show_counts_for_nothing(real: Real) -> None:
    """What a validator cannot hide: the multiplier hangs on figures that are computed here."""
    manifest = copy.deepcopy(real.manifest)
    manifest["integrity"]["seed_invariant"] = ["table.weight"]
    manifest["integrity"]["anomalies"] = [{"code": "seed_invariant_parameters", "detail": "Same."}]
    with pytest.raises(ResultRefused, match="multiplier"):
        sound(manifest, real.specification, real.yardsticks)
    manifest["score"]["multiplier"] = 0.0
    assert sound(manifest, real.specification, real.yardsticks)["score"]["multiplier"] == 0.0


def test_a_run_that_ended_early_has_a_curve_up_to_there_and_no_score(real: Real) -> None:
    manifest = failed(copy.deepcopy(real.manifest))
    manifest["curve"] = {name: column[:2] for name, column in real.manifest["curve"].items()}
    assert sound(manifest, real.specification, real.yardsticks) == manifest
    with pytest.raises(ResultRefused, match="has a score"):
        sound({**manifest, "score": real.manifest["score"]}, real.specification, real.yardsticks)
    manifest["curve"]["bytes"][0] += 1
    with pytest.raises(ResultRefused, match="schedule"):
        sound(manifest, real.specification, real.yardsticks)


def test_the_honest_manifest_is_left_as_it_is(real: Real) -> None:
    assert sound(real.manifest, real.specification, real.yardsticks) == real.manifest


def test_a_run_without_training_of_its_own_was_trained_by_the_recipe(real: Real) -> None:
    specification = {**real.specification, "bundle": {**real.specification["bundle"], "training": None}}
    with pytest.raises(ResultRefused, match="recipe"):
        sound(real.manifest, specification, real.yardsticks)
    training = {**real.manifest["training"], "recipe": specification["recipe"]}
    assert sound({**real.manifest, "training": training}, specification, real.yardsticks)
