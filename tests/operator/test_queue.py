"""The queue of holds: its order, its filters, and what is shown of each."""

from datetime import timedelta
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from django.utils import timezone

from evaluations.enums import Mode
from prism_site import decisions
from prism_site.operator import queue
from prism_site.operator.queue import Filters
from reviews import claims
from reviews.models import Hold
from tests import factories
from tests.operator.conftest import make_anomaly, make_quarantine

pytestmark = pytest.mark.django_db
EVE, MALLORY = "operator:eve", "operator:mallory"


def listed(query: str = "") -> list[int]:
    return [hold.pk for hold in queue.holds(Filters.from_query(QueryDict(query)), by=EVE)]


def late(hold: Hold) -> Hold:
    Hold.objects.filter(pk=hold.pk).update(due_at=timezone.now() - timedelta(hours=1))
    return hold


def older(hold: Hold) -> Hold:
    Hold.objects.filter(pk=hold.pk).update(created_at=timezone.now() - timedelta(hours=5))
    return hold


def test_overdue_comes_first_then_weight_then_age() -> None:
    young, old = make_quarantine(), older(make_quarantine())
    weak, strong = make_anomaly(ease=0.5), make_anomaly(ease=2.0)
    overdue = late(make_quarantine())
    assert listed() == [overdue.pk, strong.pk, weak.pk, old.pk, young.pk]


def test_official_submissions_come_before_previews() -> None:
    preview, official = make_quarantine(), make_quarantine(mode=Mode.GPU_PROXY_EVAL)
    assert listed() == [official.pk, preview.pk]


def test_filters_choose_by_kind_reason_hotkey_and_text() -> None:
    anomaly, quarantine = make_anomaly(name="first"), make_quarantine(name="second one")
    assert listed("kind=quarantine") == [quarantine.pk]
    assert listed("reason=step0_anomaly") == [anomaly.pk]
    assert listed(f"hotkey={quarantine.submission.hotkey}") == [quarantine.pk]
    assert listed("q=SECOND") == [quarantine.pk]
    assert listed(f"q={anomaly.submission_id}") == [anomaly.pk]
    assert listed("kind=quarantine&q=first") == []


def test_filters_choose_by_claim() -> None:
    mine, theirs, free = (make_quarantine() for _ in range(3))
    lapsed = make_quarantine()
    claims.claim(mine.pk, by=EVE)
    for hold in (theirs, lapsed):
        claims.claim(hold.pk, by=MALLORY)
    Hold.objects.filter(pk=lapsed.pk).update(claim_expires_at=timezone.now() - timedelta(seconds=1))
    assert listed("claimed=me") == [mine.pk]
    assert listed("claimed=none") == [free.pk, lapsed.pk]


def test_what_ended_is_apart_and_the_newest_comes_first() -> None:
    first, second, still_open = make_anomaly(), make_anomaly(), make_anomaly()
    for hold in (first, second):
        decisions.decide(hold.pk, Hold.Decision.RELEASE, by=EVE, note="fine", version=hold.version)
    assert listed() == [still_open.pk]
    assert listed("status=resolved") == [second.pk, first.pk]
    assert listed("status=expired") == []


@pytest.mark.parametrize("query", ["status=x&kind=x&claimed=x", "page=x", "unknown=1", "status=&kind="])
def test_what_is_asked_wrongly_gets_the_default(query: str) -> None:
    assert Filters.from_query(QueryDict(query)) == Filters()


def test_filters_stand_in_the_url_and_only_where_they_differ() -> None:
    assert Filters().query == ""
    assert Filters(status=Hold.Status.EXPIRED, q="a b").query == "status=expired&q=a+b"
    again = Filters.from_query(QueryDict(Filters(kind="quarantine", claimed="me").query))
    assert (again.kind, again.claimed) == ("quarantine", "me")


def test_would_rank_counts_those_who_earn_more() -> None:
    factories.make_completed(ease=2.0)
    factories.make_completed(ease=0.5)
    hold = make_anomaly(ease=1.0)
    rows = queue.rows(queue.holds(Filters(), by=EVE), by=EVE)
    assert [(row.hold.pk, row.would_rank) for row in rows] == [(hold.pk, 2)]


def test_without_a_score_there_is_no_rank() -> None:
    make_quarantine()
    assert [row.would_rank for row in queue.rows(queue.holds(Filters(), by=EVE), by=EVE)] == [None]


def test_place_says_which_of_how_many_and_who_is_next() -> None:
    first, second, third = (make_quarantine() for _ in range(3))
    place = queue.place_of(second.pk, queue.holds(Filters(), by=EVE))
    assert (place.number, place.total, place.before, place.after) == (2, 3, first.pk, third.pk)
    outside = queue.place_of(999, queue.holds(Filters(), by=EVE))
    assert (outside.number, outside.total, outside.after) == (None, 3, first.pk)


def test_claims_are_shown_to_the_others_by_name_while_they_live(eve: Client) -> None:
    hold = make_quarantine()
    claims.claim(hold.pk, by=MALLORY)
    assert b"mallory" in eve.get("/operator/holds/live").content
    Hold.objects.filter(pk=hold.pk).update(claim_expires_at=timezone.now())
    assert b"mallory" not in eve.get("/operator/holds/live").content


def test_unchanged_rows_cost_no_body(eve: Client) -> None:
    hold = make_quarantine()
    etag = eve.get("/operator/holds/live")["ETag"]
    assert eve.get("/operator/holds/live", headers={"If-None-Match": etag}).status_code == 304
    claims.claim(hold.pk, by=MALLORY)
    assert eve.get("/operator/holds/live", headers={"If-None-Match": etag}).status_code == 200


def test_overdue_is_said_and_counted(eve: Client) -> None:
    late(make_quarantine())
    assert b"overdue" in eve.get("/operator/holds").content
    assert b"1 overdue" in eve.get("/operator/").content


def test_pages_follow_one_another_with_their_filters(eve: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "PAGE", 2)
    for _ in range(3):
        make_quarantine()
    first = eve.get("/operator/holds?kind=quarantine").content.decode()
    assert "1 to 2 of 3" in first
    assert "?kind=quarantine&amp;page=2" in first
    assert "3 to 3 of 3" in eve.get("/operator/holds?kind=quarantine&page=2").content.decode()


def test_queue_costs_the_same_for_one_and_for_many(eve: Client, django_assert_max_num_queries: Any) -> None:
    def count() -> int:
        with django_assert_max_num_queries(15) as captured:
            eve.get("/operator/holds")
        return len(captured.captured_queries)

    make_anomaly()
    before = count()
    for _ in range(3):
        make_anomaly()
        make_quarantine()
    assert count() == before


def test_names_of_strangers_are_escaped(eve: Client) -> None:
    make_quarantine(name="<script>alert(1)</script>")
    assert b"<script>alert" not in eve.get("/operator/holds").content
