"""Several seeds of one submission: the mean, its spread, and what one bad run does to all."""

import math
import statistics
from typing import Any
from uuid import UUID

import pytest

from evaluations import attempts
from evaluations.claims import claim
from evaluations.enums import AttemptState, Mode, RunState, Stage, Status
from evaluations.models import Run, Submission
from evaluations.runner.manifest import validate
from prism_site import pipeline
from scoring.models import Score
from scoring.seeds import over_seeds
from tests import factories

SEEDS = (1337, 7, 42)


def manifest_with(seed: int, bpb: float, **heldout: float | None) -> dict[str, Any]:
    score = {"bpb": bpb, "bpb_se": 0.03, "multiplier": 1.0}
    return {"score": score, "heldout": heldout or None, "run": {"seed": seed}}


def test_a_measurement_over_seeds_is_what_the_formulas_say():
    measured = over_seeds(
        [
            manifest_with(1, 2.0, delta=5.0, gap=0.1),
            manifest_with(2, 2.2, delta=5.2, gap=0.2),
            manifest_with(3, 2.7, delta=5.4, gap=None),
        ]
    )
    assert measured.bpb == pytest.approx(2.3)
    assert measured.bpb_sd == pytest.approx(math.sqrt((0.09 + 0.01 + 0.16) / 2))
    assert measured.bpb_se == pytest.approx(0.03 / math.sqrt(3))
    assert measured.heldout_delta == pytest.approx(5.2)
    assert measured.heldout_gap == pytest.approx(0.15)
    assert measured.seeds == (1, 2, 3)
    assert not measured.anomaly


def test_one_seed_is_its_run():
    measured = over_seeds([manifest_with(1337, 2.5)])
    assert (measured.bpb, measured.bpb_se, measured.bpb_sd) == (2.5, 0.03, None)
    assert (measured.heldout_delta, measured.heldout_gap) == (None, None)


def test_an_anomaly_of_any_seed_is_one_of_all():
    manifests = [manifest_with(seed, 2.0) for seed in SEEDS]
    manifests[1]["score"]["multiplier"] = 0.0
    assert over_seeds(manifests).anomaly


def queued(seeds: tuple[int, ...] = SEEDS) -> tuple[Submission, list[Run]]:
    submission = factories.make_submission(stage=Stage.QUEUED)
    return submission, [factories.make_run(submission, seed=seed) for seed in seeds]


def finish(run: Run, *, ease: float = 1.0, anomaly: bool = False, **ending: Any) -> None:
    """Claim the run and take a manifest of it."""
    attempt = factories.start(run)
    factories.make_points(attempt, len(factories.chunk_ends()), ease=ease)
    manifest = factories.manifest_of(attempt, **ending)
    if anomaly:
        manifest["score"]["multiplier"] = 0.0
    validate(manifest)
    assert attempts.finish(attempt, manifest=manifest, exit_code=0)


def status_of(submission_id: UUID) -> tuple[str, str, str]:
    found = Submission.objects.get(pk=submission_id)
    return found.status, found.stage, found.reason_code


@pytest.mark.django_db
def test_three_seeds_make_one_score_when_the_last_is_in(client):
    submission, runs = queued()
    for run, ease in zip(runs, (0.8, 1.0, 1.3), strict=True):
        assert not Score.objects.exists()
        pipeline.advance(str(submission.pk))
        finish(run, ease=ease)
    pipeline.advance(str(submission.pk))

    assert status_of(submission.pk) == (Status.COMPLETED, Stage.DONE, "")
    score = Score.objects.get(pk=submission.pk)
    bpb = [run.manifest["score"]["bpb"] for run in Run.objects.order_by("created_at")]
    assert score.bpb == pytest.approx(statistics.fmean(bpb))
    assert score.bpb_sd == pytest.approx(statistics.stdev(bpb))
    assert (score.run_id, score.seeds) == (runs[0].pk, list(SEEDS))
    check_api(client, submission, runs, bpb)
    page = client.get(f"/submissions/{submission.pk}").content.decode()
    assert "Mean of 3 seeds" in page
    assert all(f"manifest?run={run.pk}" in page for run in runs)
    assert all(f'href="?run={run.pk}#curve-title"' in page for run in runs)


def check_api(client: Any, submission: Submission, runs: list[Run], bpb: list[float]) -> None:
    """Every run is listed with its figures, and its manifest and curve can be had."""
    body = client.get(f"/v1/submissions/{submission.pk}").json()
    assert body["scores"]["seeds"] == list(SEEDS)
    assert body["scores"]["bpb_sd"] == pytest.approx(statistics.stdev(bpb))
    assert [(run["id"], run["seed"], run["bpb"]) for run in body["runs"]] == [
        (str(run.pk), seed, figure) for run, seed, figure in zip(runs, SEEDS, bpb, strict=True)
    ]
    for run, figure in zip(runs, bpb, strict=True):
        manifest = client.get(f"/v1/submissions/{submission.pk}/manifest?run={run.pk}").json()
        assert (manifest["run_id"], manifest["score"]["bpb"]) == (str(run.pk), figure)
        curve = client.get(f"/v1/submissions/{submission.pk}/curve?run={run.pk}&series=prequential").json()
        assert curve["run_id"] == str(run.pk)
        assert curve["series"][0]["y"][-1] == pytest.approx(figure)
        drawn = client.get(f"/submissions/{submission.pk}/figure?run={run.pk}").json()
        assert drawn["bpb"] == pytest.approx(figure)
    newest = client.get(f"/submissions/{submission.pk}/figure?run=no-such").json()
    assert newest["bpb"] == pytest.approx(bpb[-1])
    entries = client.get("/v1/leaderboard").json()["entries"]
    assert entries[0]["seeds"] == list(SEEDS)


@pytest.mark.django_db
def test_a_manifest_of_another_submissions_run_is_not_found(client):
    other = factories.make_completed()
    submission, _ = queued()
    answer = client.get(f"/v1/submissions/{submission.pk}/manifest?run={other.run_id}")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_manifest")
    assert client.get(f"/v1/submissions/{submission.pk}/manifest?run=x").status_code == 400


@pytest.mark.django_db
def test_an_anomaly_of_one_seed_holds_the_submission():
    submission, runs = queued()
    for run in runs:
        finish(run, anomaly=run is runs[1])
    pipeline.advance(str(submission.pk))
    assert status_of(submission.pk)[0] == Status.HELD
    assert Score.objects.get(pk=submission.pk).final_score == 0


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("verdict", "code", "status"),
    [
        ("rejected", "causality_violation", Status.REJECTED),
        ("failed", "learner_error", Status.FAILED),
    ],
)
def test_one_seed_that_is_not_scored_ends_the_submission_and_spares_the_rest(verdict, code, status):
    submission, runs = queued((*SEEDS, 5))
    finish(runs[0])
    deciding, meanwhile = factories.start(runs[1]), factories.start(runs[2])
    factories.make_points(deciding, 3)
    manifest = factories.manifest_of(deciding, verdict=verdict, code=code, reason="so it was")
    assert attempts.finish(deciding, manifest=manifest, exit_code=1)
    assert status_of(submission.pk) == (status, Stage.DONE, code)
    assert claim(host="host-1", backend="local", modes=list(Mode), policy_row_ids={}) is None
    left = Run.objects.filter(pk__in=[runs[2].pk, runs[3].pk]).values_list("state", flat=True)
    assert list(left) == [RunState.ABANDONED] * 2
    meanwhile.refresh_from_db()
    assert (meanwhile.state, meanwhile.reason) == (AttemptState.LOST, attempts.DECIDED)
    assert not attempts.finish(meanwhile, manifest=manifest, exit_code=0)
    assert not Score.objects.exists()


@pytest.mark.django_db
def test_a_seed_that_was_rejected_while_the_submission_was_held_still_decides():
    submission, runs = queued(SEEDS[:2])
    late = factories.start(runs[0])
    factories.make_points(late, len(factories.chunk_ends()))
    for _ in range(attempts.ALLOWED_ATTEMPTS):
        factories.lose(factories.start(runs[1]))
    assert status_of(submission.pk)[0] == Status.HELD
    rejected = factories.manifest_of(late, verdict="rejected", code="audit_mismatch", reason="so it was")
    assert attempts.finish(late, manifest=rejected, exit_code=1)
    attempts.release(submission.pk, by="operator:ada", note="again")
    finish(runs[1])
    assert status_of(submission.pk) == (Status.REJECTED, Stage.DONE, "audit_mismatch")
