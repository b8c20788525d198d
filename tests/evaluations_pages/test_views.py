"""What pages answer, without a browser: states, escaping, caching, and a constant number of queries."""

import html
import re
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from evaluations import attempts
from evaluations.enums import Mode, RunPurpose, Stage
from evaluations.models import Run, Submission
from scoring import views
from tests import factories

pytestmark = pytest.mark.django_db


def text_of(client: Client, path: str, **headers: str) -> str:
    response = client.get(path, headers=headers)
    assert response.status_code in {200, 286}
    return response.content.decode()


def test_submission_in_every_state_has_a_page(client: Client) -> None:
    pages = {
        factories.make_submission().pk: "The bundle was accepted and stored.",
        factories.make_submission(stage=Stage.REVIEW).pk: "checked against the contract",
        factories.make_refused().pk: "zip_malformed",
        factories.make_failed().pk: "learner_raised",
        factories.make_held().pk: "An operator looks at it.",
        factories.make_completed().pk: "final score",
        factories.make_evaluating().run.submission_id: "chunk by chunk",
        factories.make_submission(stage=Stage.QUEUED).pk: "next in line",
    }
    for submission_id, said in pages.items():
        assert said in text_of(client, f"/submissions/{submission_id}")


def test_the_turn_of_a_waiting_submission_is_estimated(client: Client) -> None:
    factories.make_completed()
    factories.make_evaluating()
    waiting = factories.make_submission(stage=Stage.QUEUED)
    page = text_of(client, f"/submissions/{waiting.pk}")
    assert "begins in about" in page
    assert "Judged by the last 1 run of this mode" in page
    assert "last sign of life" in page
    queue = client.get(f"/v1/submissions/{waiting.pk}").json()["queue"]
    assert (queue["submissions_ahead"], queue["unknown_code"]) == (0, "")
    assert queue["starts"]["low"] <= queue["starts"]["median"] <= queue["starts"]["high"]


def test_why_no_turn_can_be_estimated_is_told(client: Client) -> None:
    waiting = factories.make_submission(stage=Stage.QUEUED)
    assert "No worker has reported yet." in text_of(client, f"/submissions/{waiting.pk}")
    queue = client.get(f"/v1/submissions/{waiting.pk}").json()["queue"]
    assert (queue["unknown_code"], queue["starts"], queue["ends"]) == ("no_worker", None, None)


def test_what_was_never_run_shows_no_curve_and_fetches_nothing_for_one(client: Client) -> None:
    refused = text_of(client, f"/submissions/{factories.make_refused().pk}")
    waiting = text_of(client, f"/submissions/{factories.make_submission().pk}")
    for part in ("Learning curve", "plotly.min.js", "Output of the training code"):
        assert part not in refused
        assert part in waiting


def test_what_is_over_has_no_place_in_the_queue(client: Client) -> None:
    for submission_id in (factories.make_completed().pk, factories.make_held().pk):
        assert client.get(f"/v1/submissions/{submission_id}").json()["queue"] is None


def test_unknown_submission_is_not_found(client: Client) -> None:
    for suffix in ("", "/live", "/figure"):
        assert client.get(f"/submissions/{uuid4()}{suffix}").status_code == 404


@pytest.mark.parametrize("path", ["/", "/now", "/leaderboard", "/submit"])
def test_pages_are_for_reading(client: Client, path: str) -> None:
    assert client.get(path).status_code == 200
    assert client.post(path).status_code == 405


def test_traceback_and_names_are_escaped(client: Client) -> None:
    submission = factories.make_failed(name="<script>alert(1)</script>")
    page = text_of(client, f"/submissions/{submission.pk}") + text_of(client, "/")
    assert "<script>alert" not in page
    assert "&lt;b&gt;hidden&lt;/b&gt;" in page


def test_no_page_holds_a_script_or_a_style_of_its_own(client: Client) -> None:
    score = factories.make_completed()
    for path in ("/", "/leaderboard", "/submit", "/login/", f"/submissions/{score.pk}"):
        page = text_of(client, path)
        assert "<style" not in page
        assert " style=" not in page
        assert " onclick=" not in page
        assert page.count("<script") == page.count("<script src=")


def test_live_part_tells_htmx_to_stop_when_it_is_over(client: Client) -> None:
    running, done = factories.make_evaluating(), factories.make_failed
    assert client.get(f"/submissions/{running.run.submission_id}/live").status_code == 200
    factories.finish(running)
    assert client.get(f"/submissions/{done().pk}/live").status_code == 286


def test_unchanged_parts_cost_no_body(client: Client) -> None:
    attempt = factories.make_evaluating(points=3)
    for path in (f"/submissions/{attempt.run.submission_id}/live", "/now"):
        etag = client.get(path)["ETag"]
        assert client.get(path, headers={"If-None-Match": etag}).status_code == 304
        factories.make_points(attempt, 1, first=attempt.points.count())
        assert client.get(path, headers={"If-None-Match": etag}).status_code == 200


def test_figure_gives_only_what_is_new(client: Client) -> None:
    attempt = factories.make_evaluating(points=4)
    url = f"/submissions/{attempt.run.submission_id}/figure"
    first = client.get(url).json()
    assert (first["points"], first["last_index"], first["live"]) == (4, 3, True)
    factories.make_points(attempt, 2, first=4)
    known = {"attempt": first["attempt"], "after": first["last_index"]}
    more = client.get(url, known).json()
    assert "figure" not in more
    assert [len(trace["x"]) for trace in more["extend"]] == [2, 2, 0, 0, 0]
    assert "figure" in client.get(url, {**known, "attempt": 0}).json()


@pytest.mark.parametrize("query", ["x=flop", "xscale=sqrt", "after=-1", "after=x&attempt=9999999999999"])
def test_odd_views_get_the_default(client: Client, query: str) -> None:
    submission_id = factories.make_evaluating(points=2).run.submission_id
    url = f"/submissions/{submission_id}/figure"
    assert client.get(f"{url}?{query}").json() == client.get(url).json()


def test_finished_figure_ends_at_the_manifest(client: Client) -> None:
    score = factories.make_completed()
    answer = client.get(f"/submissions/{score.pk}/figure").json()
    curve = next(trace for trace in answer["figure"]["data"] if trace["meta"] == "curve")
    assert curve["y"][-1] == answer["bpb"] == score.bpb
    assert answer["live"] is False


def test_queue_position_counts_those_ahead(client: Client) -> None:
    first, second, third = (factories.make_submission(stage=Stage.QUEUED) for _ in range(3))
    assert "next in line" in text_of(client, f"/submissions/{first.pk}")
    assert "1 submission is ahead" in text_of(client, f"/submissions/{second.pk}")
    assert "2 submissions are ahead" in text_of(client, f"/submissions/{third.pk}")


def test_yardsticks_that_run_are_shown_as_such(client: Client) -> None:
    source = factories.make_submission(stage=Stage.QUEUED, name="the source")
    now = timezone.now()
    common: dict[str, Any] = {"mode": source.mode, "seed": 1, "created_at": now}
    baseline = Run.objects.create(purpose=RunPurpose.BASELINE, cache_key="b", **common)
    factories.make_points(factories.start(baseline), 3)
    reference = Run.objects.create(purpose=RunPurpose.REFERENCE, cache_key="r", source=source, **common)
    factories.start(reference)
    page = text_of(client, "/now")
    assert "Baseline" in page
    assert "Reference run" in page
    assert f'<a href="/submissions/{source.pk}">the source</a>' in page
    assert "No evaluation is running" not in page


def test_leaderboard_ranks_marks_and_previews(client: Client) -> None:
    slow, fast = (
        factories.make_completed(name="slow", ease=0.5),
        factories.make_completed(name="fast", ease=2.0),
    )
    page = text_of(client, f"/leaderboard?hotkey={slow.hotkey}")
    assert page.index(">fast<") < page.index(">slow<")
    assert page.count('class="mine"') == 1
    assert "Preview: never exported" in page
    assert fast.hotkey in page


def test_leaderboard_goes_on_where_a_page_ends(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "SHOWN", 2)
    for number in range(3):
        factories.make_completed(name=f"model {number}", ease=1.0 + number)
    first = text_of(client, f"/leaderboard?mode={Mode.LOCAL_CPU_SMOKE}")
    assert ">model 2<" in first
    assert ">model 0<" not in first
    found = re.search(r'href="(\?[^"]+)">The next', first)
    assert found is not None
    second = text_of(client, "/leaderboard" + html.unescape(found[1]))
    assert ">model 0<" in second
    assert ">model 2<" not in second
    assert '<td class="right num">3</td>' in second
    assert "From the first" in second
    assert "The next" not in second
    assert ">model 2<" in text_of(client, "/leaderboard?after=nonsense")


def test_leaderboard_filters_by_mode_and_epoch(client: Client) -> None:
    score = factories.make_completed(name="present")
    assert ">present<" in text_of(client, f"/leaderboard?epoch={score.epoch}")
    assert ">present<" not in text_of(client, f"/leaderboard?epoch={score.epoch - 21_600}")
    assert ">present<" not in text_of(client, f"/leaderboard?mode={Mode.GPU_PROXY_EVAL}")
    assert ">present<" in text_of(client, "/leaderboard?mode=nonsense&epoch=nonsense")


def test_unlisted_hotkey_is_told_so(client: Client) -> None:
    factories.make_completed()
    assert "has no score on this page" in text_of(client, "/leaderboard?hotkey=5Nobody")


@pytest.mark.parametrize("path", ["/", "/leaderboard"])
def test_lists_cost_the_same_for_one_and_for_many(
    client: Client, path: str, django_assert_max_num_queries: Any
) -> None:
    def populate() -> None:
        factories.make_completed()
        factories.make_evaluating()

    def count() -> int:
        with django_assert_max_num_queries(12) as captured:
            client.get(path)
        return len(captured.captured_queries)

    populate()
    before = count()
    for _ in range(3):
        populate()
    assert count() == before


def test_submission_page_costs_few_queries(client: Client, django_assert_max_num_queries: Any) -> None:
    attempt = factories.make_evaluating(points=20)
    with django_assert_max_num_queries(9):
        client.get(f"/submissions/{attempt.run.submission_id}")


def test_reading_writes_nothing(client: Client) -> None:
    attempt = factories.make_evaluating()
    before = list(Submission.objects.values()), attempt.run.submission.events.count()
    for path in ("/", f"/submissions/{attempt.run.submission_id}", "/leaderboard", "/submit"):
        client.get(path)
    assert (list(Submission.objects.values()), attempt.run.submission.events.count()) == before


def test_missing_page_is_ours(client: Client) -> None:
    response = client.get("/nothing")
    assert response.status_code == 404
    assert "Nothing here" in response.content.decode()


def test_wrong_password_is_told_without_saying_which(client: Client) -> None:
    page = client.post("/login/", {"username": "x", "password": "y"}).content.decode()
    assert "The name or the password is not right." in page


def test_a_finished_run_shows_what_it_proves(client: Client) -> None:
    score = factories.make_completed()
    page = text_of(client, f"/submissions/{score.pk}")
    assert "What this run proves" in page
    assert "Predictions depend on the past alone" in page
    assert "On 65,536 secret bytes" in page
    assert page.count('class="holds"') == 11


def test_a_rejected_run_names_window_position_and_difference(client: Client) -> None:
    violation = {
        "code": "causality_violation", "chunk": 3, "window": 5, "position": 41,
        "claimed": -0.02, "audited": -6.1, "difference": 6.08,
    }  # fmt: skip
    attempt = factories.make_evaluating(points=4)
    made = factories.manifest_of(attempt, verdict="rejected", code="causality_violation", reason="A leak.")
    made["audit"] = {**factories.AUDIT, "violations": [violation]}
    assert attempts.finish(attempt, manifest=made, exit_code=1)
    page = text_of(client, f"/submissions/{attempt.run.submission_id}")
    assert "In chunk 3, window 5, position 41" in page
    assert "The difference is 6.080 nats" in page
    assert page.count('class="broken"') == 1


def test_a_run_under_way_claims_nothing_yet(client: Client) -> None:
    attempt = factories.make_evaluating()
    assert "What this run proves" not in text_of(client, f"/submissions/{attempt.run.submission_id}")
