"""Comparing submissions: who may be named, what is shown and served, and with how many queries."""

import json
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from evaluations.models import Run, Submission
from scoring import compare_figures
from scoring.compared import BEST, MOST, compared
from scoring.models import Quality, Score
from scoring.paired import improvement
from tests import factories
from tests.api.conftest import assert_problem

pytestmark = pytest.mark.django_db


def ids(*scores: Score) -> str:
    return ",".join(str(score.submission_id) for score in scores)


def page(client: Client, asked: str, status: int = 200) -> str:
    response = client.get("/compare", {"ids": asked})
    assert response.status_code == status
    return response.content.decode()


def test_the_api_gives_the_paired_test_and_where_it_comes_from(client: Client) -> None:
    one, two = factories.make_completed(ease=1.0), factories.make_completed(ease=1.3)
    body = client.get("/v1/compare", {"ids": ids(one, two)}).json()
    assert body["first"] == str(one.submission_id)
    first, second = body["submissions"]
    assert first["difference"] is None
    assert (second["bpb"], second["parameters"]) == (two.bpb, 1_317_120)
    manifests = [Run.objects.get(pk=score.run_id).manifest or {} for score in (one, two)]
    expected = improvement([manifests[0]], [manifests[1]], compared([ids(one)]).thresholds)
    assert second["difference"]["test"] == json.loads(json.dumps(expected.as_json()))
    assert second["difference"]["along"][-1]["gain"] == pytest.approx(expected.mean_bpb)


def test_unchanged_comparisons_cost_no_body(client: Client) -> None:
    path = f"/v1/compare?ids={ids(factories.make_completed())}"
    tag = client.get(path)["ETag"]
    assert client.get(path, headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ("", 400, "nothing_to_compare"),
        (" , ,", 400, "nothing_to_compare"),
        ("x", 400, "submission_id_malformed"),
        ("<script>alert(1)</script>", 400, "submission_id_malformed"),
        (",".join(f"{number:032x}" for number in range(MOST + 1)), 400, "too_many_to_compare"),
        ("f" * 32, 404, "not_found"),
        (BEST, 404, "not_found"),
    ],
)
def test_what_cannot_be_named_is_refused_with_a_code(
    client: Client, asked: str, status: int, code: str
) -> None:
    assert_problem(client.get("/v1/compare", {"ids": asked}), status, code)
    if code == "nothing_to_compare":
        assert "placeholder" in page(client, asked)
        return
    assert code in page(client, asked, status)
    assert "<script>alert" not in page(client, asked, status)
    assert client.get("/compare/figure", {"ids": asked}).json()["code"] == code


def test_ids_may_come_one_by_one_as_a_form_sends_them(client: Client) -> None:
    one, two = factories.make_completed(), factories.make_completed()
    query = {"ids": [str(one.submission_id), str(two.submission_id)]}
    body = client.get("/v1/compare", query).json()
    assert [row["submission_id"] for row in body["submissions"]] == query["ids"]


def test_best_stands_for_who_leads_and_nobody_is_named_twice(client: Client) -> None:
    one, leader = factories.make_completed(ease=1.0), factories.make_completed(ease=3.0)
    asked = f"{BEST},{ids(one)},{ids(leader)},{ids(one)}"
    body = client.get("/v1/compare", {"ids": asked}).json()
    assert [row["submission_id"] for row in body["submissions"]] == ids(leader, one).split(",")


def test_the_page_says_who_is_better_in_words(client: Client) -> None:
    one, two = factories.make_completed(ease=1.0), factories.make_completed(ease=3.0)
    said = page(client, ids(one, two))
    assert "the others are measured by this one" in said
    assert ">better<" in said
    assert ">not better<" in page(client, ids(two, one))
    assert f"/compare?ids={ids(two)}" in said  # leave the other out


def test_what_was_not_scored_is_shown_with_the_reason(client: Client) -> None:
    one, failed = factories.make_completed(), factories.make_failed(name="<b>broken</b>")
    said = page(client, f"{ids(one)},{failed.pk}")
    assert "One of the two has no scored run." in said
    assert "<b>broken" not in said


def test_qualities_are_shown_where_they_are_there(client: Client) -> None:
    score = factories.make_completed()
    Quality.objects.create(
        submission_id=score.submission_id,
        mode=score.mode,
        q_arch=0.6123,
        q_recipe=0.5,
        blend_score=0.57861,
        computed_at=timezone.now(),
    )
    said = page(client, ids(score))
    assert "0.6123" in said
    assert "0.5786" in said


def test_a_comparison_of_twelve_costs_as_many_queries_as_one(
    client: Client, django_assert_max_num_queries: Any
) -> None:
    scores = [factories.make_completed() for _ in range(3)]
    with django_assert_max_num_queries(5):
        page(client, ids(*scores[:1]))
    with django_assert_max_num_queries(5):
        page(client, ids(*scores))


def test_the_pictures_tell_lines_apart_without_colour(client: Client) -> None:
    scores = [factories.make_completed(ease=1 + number / 4) for number in range(3)]
    figure = client.get("/compare/figure", {"ids": ids(*scores)}).json()
    curves = figure["curves"]["data"]
    assert [trace["name"] for trace in curves][3:] == ["PPMd", "uniform"]
    assert [trace["name"][:4] for trace in curves[:3]] == ["1 · ", "2 · ", "3 · "]
    assert len({trace["marker"]["symbol"] for trace in curves[:3]}) == 3
    assert (figure["drawn"], figure["tested"], figure["live"]) == (3, 2, False)


def test_names_bring_no_markup_into_a_picture(client: Client) -> None:
    score = factories.make_completed(name='<a href="//x">and a long name besides</a>')
    figure = client.get("/compare/figure", {"ids": ids(score)}).json()
    assert figure["curves"]["data"][0]["name"] == '1 · &lt;a href="//x"&gt;and a lon…'


def test_looks_of_lines_repeat_after_more_than_twelve_only() -> None:
    looks = set()
    for number in range(1, MOST + 1):
        contestant: Any = type("Contestant", (), {"number": number})
        line = compare_figures._line(contestant)
        looks.add((line["meta"], line["line"]["dash"], line["marker"]["symbol"]))
    assert len(looks) == MOST


def test_bands_are_as_wide_as_the_threshold_says(client: Client) -> None:
    one, two = factories.make_completed(ease=1.0), factories.make_completed(ease=1.3)
    found = compared(ids(one, two).split(","))
    low, high, line, zero, required = compare_figures.gains(found)["data"]
    tested = found.contestants[1].difference
    assert tested is not None
    assert tested.improvement is not None
    assert line["y"][-1] == pytest.approx(tested.improvement.mean_bpb)
    wide = found.thresholds.z_score * tested.improvement.se
    assert high["y"][-1] - low["y"][-1] == pytest.approx(2 * wide)
    assert set(zero["y"]) == {0.0}
    assert set(required["y"]) == {tested.improvement.required_bpb}


def test_the_leaderboard_sends_its_ticks_without_a_script(client: Client) -> None:
    score = factories.make_completed()
    said = client.get("/leaderboard").content.decode()
    assert 'method="get" action="/compare"' in said
    assert f'name="ids" value="{score.submission_id}"' in said


def test_a_submission_leads_to_its_comparison_with_the_best(client: Client) -> None:
    submission = Submission.objects.get(pk=factories.make_completed().submission_id)
    said = client.get(f"/submissions/{submission.pk}").content.decode()
    assert f"/compare?ids=best,{submission.pk}" in said
