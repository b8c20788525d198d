"""The routes that show submissions."""

import json
import math
import uuid

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluations.backends.folders import folder_of
from evaluations.enums import Stage
from evaluations.models import Attempt, CurvePoint, Submission
from evaluations.thinning import thin
from tests import factories
from tests.api.conftest import assert_problem

pytestmark = pytest.mark.django_db


def get(client, path, **query):
    response = client.get(path, query)
    assert response.status_code == 200, response.content
    assert response["Content-Type"] == "application/json"
    return response.json()


def test_the_list_is_newest_first_and_pages_join(client):
    made = [str(factories.make_submission().pk) for _ in range(5)]
    seen, cursor = [], {}
    while True:
        page = get(client, "/v1/submissions", limit=2, **cursor)
        seen += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert seen == made[::-1]


def test_pages_join_among_submissions_of_one_moment(client):
    for _ in range(5):
        factories.make_submission()
    moment = Submission.objects.first().created_at
    Submission.objects.update(created_at=moment)
    first = get(client, "/v1/submissions", limit=3)
    second = get(client, "/v1/submissions", limit=3, cursor=first["next_cursor"])
    assert len({item["id"] for item in first["items"] + second["items"]}) == 5


def test_a_row_that_arrives_meanwhile_does_not_shift_the_next_page(client):
    made = [str(factories.make_submission().pk) for _ in range(4)]
    first = get(client, "/v1/submissions", limit=2)
    factories.make_submission()
    second = get(client, "/v1/submissions", limit=2, cursor=first["next_cursor"])
    assert [item["id"] for item in second["items"]] == made[1::-1]


def test_filters_narrow_the_list(client):
    failed, waiting = factories.make_failed(), factories.make_submission()
    assert [row["id"] for row in get(client, "/v1/submissions", status="failed")["items"]] == [str(failed.pk)]
    found = get(client, "/v1/submissions", hotkey=waiting.hotkey, mode=waiting.mode, epoch=waiting.epoch)
    assert [row["id"] for row in found["items"]] == [str(waiting.pk)]
    assert get(client, "/v1/submissions", epoch=1)["items"] == []


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"limit": 201}, "/limit"),
        ({"limit": 0}, "/limit"),
        ({"limit": "x"}, "/limit"),
        ({"status": "unknown"}, "/status"),
        ({"mode": "unknown"}, "/mode"),
        ({"epoch": 2**70}, "/epoch"),
        ({"hotkey": "a\0b"}, "/hotkey"),
    ],
)
def test_a_bad_filter_is_named(client, query, pointer):
    problem = assert_problem(client.get("/v1/submissions", query), 400, "invalid")
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


@pytest.mark.parametrize(
    "cursor", ["x", "!!!!", "W10", "bnVsbA", "WyJub3QgYSB0aW1lIiwgIngiXQ", "é", "[" * 300]
)
def test_a_made_up_cursor_is_refused(client, cursor):
    for path in ("/v1/submissions", "/v1/leaderboard", "/v1/epochs"):
        assert_problem(client.get(path, {"cursor": cursor}), 400, "cursor_malformed")


def test_a_completed_submission_shows_every_number(client):
    score = factories.make_completed()
    body = get(client, f"/v1/submissions/{score.submission_id}")
    assert (body["status"], body["stage"], body["error"]) == ("completed", "done", None)
    assert body["scores"]["final_score"] == score.final_score
    assert body["scores"]["bpb"] == score.bpb
    assert body["scores"]["q_arch"] is None
    assert body["hooks"]["compute_loss"]["calls"] == 1412


def test_a_failed_submission_says_why(client):
    submission = factories.make_failed()
    body = get(client, f"/v1/submissions/{submission.pk}")
    assert body["error"] == {"code": submission.reason_code, "reason": submission.reason}
    assert body["scores"] is None


def test_the_timeline_is_complete_and_in_order(client):
    score = factories.make_completed()
    path = f"/v1/submissions/{score.submission_id}/events"
    events = get(client, path)["items"]
    assert [event["sequence"] for event in events] == list(range(1, len(events) + 1))
    assert [events[0]["verb"], events[-1]["verb"]] == ["receive", "complete"]
    first = get(client, path, limit=2)
    rest = get(client, path, cursor=first["next_cursor"])
    assert first["items"] + rest["items"] == events


def test_the_manifest_is_the_one_that_was_taken(client):
    score = factories.make_completed()
    assert get(client, f"/v1/submissions/{score.submission_id}/manifest") == score.run.manifest


def test_before_a_run_there_is_no_manifest(client):
    submission = factories.make_submission()
    assert_problem(client.get(f"/v1/submissions/{submission.pk}/manifest"), 404, "no_manifest")


@pytest.mark.parametrize("part", ["", "/events", "/curve", "/manifest", "/log"])
def test_an_unknown_submission_is_not_found(client, part):
    assert_problem(client.get(f"/v1/submissions/{uuid.uuid4()}{part}"), 404, "not_found")
    assert_problem(client.get(f"/v1/submissions/not-an-id{part}"), 404, "not_found")


def test_history_counts_each_day(client):
    factories.make_submission()
    factories.make_failed()
    days = get(client, "/v1/submissions/history", days=3)["days"]
    assert [day["total"] for day in days] == [0, 0, 2]
    assert days[-1]["by_status"] == {"pending": 1, "failed": 1}
    assert_problem(client.get("/v1/submissions/history", {"days": 0}), 400, "invalid")


# the curve


def curve(client, submission_id, **query):
    body = get(client, f"/v1/submissions/{submission_id}/curve", **query)
    return body, {line["name"]: line for line in body["series"]}


def test_the_whole_curve_ends_at_the_manifest(client):
    score = factories.make_completed()
    body, lines = curve(client, score.submission_id)
    manifest = score.run.manifest
    assert lines["prequential"]["x"] == manifest["curve"]["bytes"]
    assert lines["prequential"]["y"] == pytest.approx(manifest["curve"]["bpb"])
    assert lines["prequential"]["y"][-1] == manifest["score"]["bpb"]
    assert body["points_total"] == len(manifest["curve"]["bytes"])
    assert not body["live"]


def test_the_yardsticks_are_there(client):
    score = factories.make_completed()
    _, lines = curve(client, score.submission_id)
    at, bits = score.run.yardsticks["bytes"], score.run.yardsticks["ppmd_bits"]
    assert lines["ppmd"]["y"] == pytest.approx([part / count for part, count in zip(bits, at, strict=True)])
    assert lines["uniform"] == {"name": "uniform", "x": [at[0], at[-1]], "y": [8.0, 8.0]}


def test_few_points_keep_the_first_and_the_last(client):
    score = factories.make_completed()
    _, whole = curve(client, score.submission_id)
    for points in (2, 3, 10):
        _, lines = curve(client, score.submission_id, points=points, series="prequential,chunk,ppmd")
        for name, line in lines.items():
            assert len(line["x"]) <= points
            assert (line["x"][0], line["x"][-1]) == (whole[name]["x"][0], whole[name]["x"][-1])


@pytest.mark.parametrize("x", ["bytes", "chunks", "tokens", "flops", "seconds"])
def test_every_axis_ascends(client, x):
    score = factories.make_completed()
    _, lines = curve(client, score.submission_id, x=x)
    for line in lines.values():
        assert line["x"] == sorted(line["x"])
        assert len(line["x"]) == len(line["y"]) > 0


def test_flops_are_unknown_before_the_manifest(client):
    attempt = factories.make_evaluating()
    path = f"/v1/submissions/{attempt.run.submission_id}/curve"
    assert_problem(client.get(path, {"x": "flops"}), 409, "axis_unavailable")


@pytest.mark.parametrize("series", [",", "unknown", "chunk,chunk"])
def test_unknown_series_are_refused(client, series):
    path = f"/v1/submissions/{factories.make_submission().pk}/curve"
    assert_problem(client.get(path, {"series": series}), 400, "invalid")


def test_a_value_that_is_not_finite_is_null(client):
    attempt = factories.make_evaluating(points=4)
    CurvePoint.objects.filter(attempt=attempt, index=1).update(chunk_bits=math.inf)
    _, lines = curve(client, attempt.run.submission_id)
    assert [value is None for value in lines["chunk"]["y"]] == [False, True, False, False]


def test_a_live_curve_grows_and_its_tag_changes(client):
    attempt = factories.make_evaluating(points=3)
    path = f"/v1/submissions/{attempt.run.submission_id}/curve"
    first = client.get(path)
    assert first.json()["live"]
    again = client.get(path, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    factories.make_points(attempt, 2, first=3)
    grown = client.get(path, headers={"If-None-Match": first["ETag"]})
    assert grown.status_code == 200
    assert grown.json()["points_total"] == 5


def test_a_new_attempt_shows_once_it_has_points(client):
    lost = factories.make_evaluating(points=5)
    from evaluations import attempts

    attempts.lose(lost, reason="job_gone")
    run = lost.run
    second = factories.start(run)
    body, _ = curve(client, run.submission_id)
    assert body["points_total"] == 5
    factories.make_points(second, 2)
    body, _ = curve(client, run.submission_id)
    assert body["points_total"] == 2


def test_a_curve_without_points_is_empty(client):
    body, lines = curve(client, factories.make_submission().pk)
    assert body["live"]
    assert all(line["x"] == line["y"] == [] for line in lines.values())


@given(st.lists(st.floats(0, 16) | st.just(math.nan), min_size=1, max_size=300), st.integers(2, 50))
def test_thinning_keeps_both_ends_and_the_order(values, points):
    x, y = np.arange(len(values), dtype=np.float64), np.asarray(values)
    kept = thin(x, y, points)
    assert len(kept) == min(len(values), len(kept)) <= max(points, 1)
    assert (kept[0], kept[-1]) == (0, len(values) - 1)
    assert np.all(np.diff(kept) > 0)


# the log


def test_the_log_is_read_in_slices(client, tmp_path):
    attempt = factories.make_evaluating()
    log = folder_of(attempt.label) / "learner.log"
    log.parent.mkdir(parents=True)
    log.write_bytes("naïve\n".encode() * 20_000)
    path, text, since = f"/v1/submissions/{attempt.run.submission_id}/log", "", 0
    while (part := get(client, path, since=since))["text"]:
        text, since = text + part["text"], part["next_since"]
    assert text == "naïve\n" * 20_000
    assert part["size_bytes"] == since == log.stat().st_size


def test_bytes_that_are_no_text_do_not_stop_the_log(client):
    attempt = factories.make_evaluating()
    log = folder_of(attempt.label) / "learner.log"
    log.parent.mkdir(parents=True)
    log.write_bytes(b"\xff\x80" * 50_000)
    path = f"/v1/submissions/{attempt.run.submission_id}/log"
    assert get(client, path)["next_since"] == 65_536


def test_a_link_in_place_of_the_log_is_not_followed(client, tmp_path):
    attempt = factories.make_evaluating()
    secret = tmp_path / "secret"
    secret.write_text("secret")
    log = folder_of(attempt.label) / "learner.log"
    log.parent.mkdir(parents=True)
    log.symlink_to(secret)
    body = get(client, f"/v1/submissions/{attempt.run.submission_id}/log")
    assert (body["text"], body["size_bytes"]) == ("", 0)


def test_a_submission_without_an_attempt_has_an_empty_log(client):
    body = get(client, f"/v1/submissions/{factories.make_submission().pk}/log", since=7)
    assert body == {"attempt": None, "text": "", "since": 7, "next_since": 7, "size_bytes": 0}


# runs


def test_eval_jobs_counts_runs(client):
    factories.make_completed()
    attempt = factories.make_evaluating()
    body = get(client, "/v1/health/eval-jobs")
    assert body["counts"] == {"finished": 1, "running": 1}
    assert [job["state"] for job in body["recent"]] == ["running", "finished"]
    assert body["recent"][0]["id"] == str(attempt.run_id)


# cost


@pytest.mark.parametrize(
    ("path", "queries"),
    [
        ("/v1/submissions", 1),
        ("/v1/submissions/{id}", 3),
        ("/v1/submissions/{id}/events", 2),
        ("/v1/submissions/{id}/curve", 3),
        ("/v1/submissions/{id}/manifest", 2),
        ("/v1/submissions/{id}/log", 2),
        ("/v1/submissions/history", 1),
        ("/v1/health/eval-jobs", 2),
        ("/v1/leaderboard", 4),  # of them the policy takes three, a savepoint around one
        ("/v1/epochs", 1),
        ("/v1/epochs/current", 0),
    ],
)
def test_the_number_of_queries_does_not_grow(client, django_assert_num_queries, path, queries):
    scores = [factories.make_completed(ease=1 + number) for number in range(4)]
    for _ in range(3):
        factories.make_submission(stage=Stage.QUEUED)
    with django_assert_num_queries(queries):
        response = client.get(path.format(id=scores[0].submission_id))
    assert response.status_code == 200
    json.dumps(response.json(), allow_nan=False)


def test_reading_writes_nothing(client):
    score = factories.make_completed()
    before = (Submission.objects.get().updated_at, Attempt.objects.count())
    for part in ("", "/events", "/curve", "/manifest", "/log"):
        client.get(f"/v1/submissions/{score.submission_id}{part}")
    assert (Submission.objects.get().updated_at, Attempt.objects.count()) == before


def test_one_submission_tells_what_its_run_proves(client):
    score = factories.make_completed()
    detail = get(client, f"/v1/submissions/{score.pk}")
    claims = {claim["key"]: claim for claim in detail["claims"]}
    assert claims["causal"]["state"] == "holds"
    assert claims["causal"]["figures"]["max_abs_logp_diff"] == 0.0
    assert claims["step0"]["figures"] == {"bpb": 8.02, "limit": 4.0, "ok": True}
    assert detail["heldout"] == {
        "bpb": 2.91, "bpb_init": 8.03, "delta": 5.12, "train_bpb": 2.44, "gap": 0.47, "bytes": 65_536,
        "benchmarks": [],
    }  # fmt: skip


def test_a_submission_that_was_never_run_claims_nothing(client):
    detail = get(client, f"/v1/submissions/{factories.make_refused().pk}")
    assert (detail["claims"], detail["heldout"]) == ([], None)


def test_packs_are_told_with_what_was_measured(client):
    score = factories.make_completed()
    pack = {"bpb": 2.0, "bpb_init": 8.0, "accuracy": 0.5, "items": 24, "sha256": "0" * 64}
    score.run.manifest["heldout"]["benchmarks"] = {"mmlu": pack, "odd": [1]}
    score.run.save(update_fields=["manifest"])
    mmlu, odd = get(client, f"/v1/submissions/{score.pk}")["heldout"]["benchmarks"]
    assert mmlu == {"pack": "mmlu", "bpb": 2.0, "bpb_init": 8.0, "accuracy": 0.5, "items": 24}
    assert (odd["bpb"], odd["items"]) == (None, 0)


@pytest.mark.parametrize(
    "odd", [{}, {"bpb": "x"}, {"bpb": 1.0, "gap": [], "bytes": None}, {"bpb": 1.0, "benchmarks": [1]}]
)
def test_odd_heldout_figures_do_not_break_the_answer(client, odd):
    score = factories.make_completed()
    score.run.manifest["heldout"] = odd
    score.run.save(update_fields=["manifest"])
    assert get(client, f"/v1/submissions/{score.pk}")["heldout"] in (
        None,
        {
            **dict.fromkeys(("bpb_init", "delta", "train_bpb", "gap")),
            "bpb": 1.0,
            "bytes": 0,
            "benchmarks": [],
        },
    )
