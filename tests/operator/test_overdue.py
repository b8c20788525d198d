"""The digest of overdue holds: counts, lateness, stakes, and an ETag that holds while nothing is new."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from prism_site.config import override_env
from prism_site.operator import overdue
from reviews import claims
from reviews.models import Hold
from tests import factories
from tests.operator.conftest import make_anomaly, make_quarantine

pytestmark = pytest.mark.django_db
JSON = "/operator/holds/overdue.json"
TOKEN = "digest-token"


def late(hold: Hold, hours: float) -> Hold:
    Hold.objects.filter(pk=hold.pk).update(due_at=timezone.now() - timedelta(hours=hours))
    return hold


def test_counts_by_kind_and_the_longest_overdue_first() -> None:
    make_quarantine()
    hour, day, anomaly = (
        late(make_quarantine(), 1.5),
        late(make_quarantine(), 25.5),
        late(make_anomaly(), 3.5),
    )
    claims.claim(hour.pk, by="operator:eve")
    found = overdue.digest()
    kinds = [(line.kind, line.overdue, line.claimed, line.oldest_hours) for line in found.kinds]
    assert kinds == [("quarantine", 2, 1, 25), ("integrity_anomaly", 1, 0, 3)]
    assert [hold.id for hold in found.holds] == [day.pk, anomaly.pk, hour.pk]
    assert [hold.claimed_by for hold in found.holds] == ["", "", "operator:eve"]
    assert found.oldest is not None
    assert (found.overdue, found.claimed, found.oldest.overdue_hours) == (3, 1, 25)


def test_the_stake_is_what_letting_it_go_on_would_give_its_hotkey() -> None:
    factories.make_completed()
    anomaly, quarantine = late(make_anomaly(ease=2.0), 2.5), late(make_quarantine(), 1.5)
    first, second = overdue.digest().holds
    assert (first.id, second.id) == (anomaly.pk, quarantine.pk)
    assert first.stake is not None
    assert first.stake.decision == "lift_multiplier"
    assert first.stake.before == 0.0 < first.stake.after
    assert second.stake is not None
    assert second.stake.before == second.stake.after == 0.0
    assert second.stake.explanation.startswith("It has no score yet")


def test_all_are_counted_and_the_first_are_listed_and_weighed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overdue, "LISTED", 2)
    monkeypatch.setattr(overdue, "WEIGHED", 1)
    for hours in range(3):
        late(make_quarantine(), hours + 0.5)
    found = overdue.digest()
    assert (found.overdue, len(found.holds), found.unlisted) == (3, 2, 1)
    assert [hold.stake is None for hold in found.holds] == [False, True]


def test_it_says_when_it_turns_into_a_rejection() -> None:
    with override_env(hold_due_seconds=3600, held_review_timeout_seconds=7200):
        hold = late(make_quarantine(), 0.5)
        hold.refresh_from_db()
        assert overdue.digest().holds[0].expires_at == hold.due_at + timedelta(hours=1)


def test_json_costs_no_body_while_nothing_is_new(eve: Client) -> None:
    hold = late(make_quarantine(), 1.5)
    answer = eve.get(JSON)
    assert answer.json()["kinds"][0]["overdue"] == 1
    asked = {"If-None-Match": answer["ETag"]}
    assert eve.get(JSON, headers=asked).status_code == 304
    claims.claim(hold.pk, by="operator:mallory")
    assert eve.get(JSON, headers=asked).json()["holds"][0]["claimed_by"] == "operator:mallory"
    late(hold, 2.5)
    assert eve.get(JSON).json()["holds"][0]["overdue_hours"] == 2


def test_json_is_for_operators_and_for_a_job_with_a_token(
    client: Client, eve: Client, sign_in: Callable[..., Client]
) -> None:
    with override_env(shared_token=TOKEN):
        given = {"Authorization": f"Bearer {TOKEN}"}
        answers = [client.get(JSON, headers=given), eve.get(JSON), client.get(JSON)]
        answers.append(client.get(JSON, headers={"Authorization": "Bearer wrong"}))
        answers.append(sign_in("trudy", "view_hold").get(JSON))
    assert [answer.status_code for answer in answers] == [200, 200, 401, 401, 403]
    assert [answer.json().get("code") for answer in answers[2:]] == [
        "internal_auth",
        "internal_auth",
        "forbidden",
    ]


def test_the_page_shows_the_same(eve: Client) -> None:
    assert "Nothing is overdue." in eve.get("/operator/holds/overdue").content.decode()
    late(make_quarantine(name="<b>"), 50.5)
    page = eve.get("/operator/holds/overdue").content.decode()
    for said in ("50 h", "&lt;b&gt;", "opaque_constant", "It has no score yet", JSON):
        assert said in page


def test_a_long_list_costs_little(eve: Client, django_assert_max_num_queries: Any) -> None:
    for hours in range(4):
        late(make_quarantine(), hours + 0.5)
    with django_assert_max_num_queries(40):
        overdue.digest()
