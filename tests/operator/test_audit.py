"""The audit trail: everything is on it once, can be filtered, and leaves the house as a file."""

import csv
import io
import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, cast

import pytest
from django.http import QueryDict
from django.test import Client
from django.utils import timezone

from prism_site import decisions
from prism_site.operator.audit import Entry, Filters, entries
from prism_site.policy.models import RuntimeConfig
from prism_site.policy.resolve import set_policy
from reviews import claims
from reviews.models import Hold, HoldEvent
from tests.operator.conftest import make_anomaly, make_quarantine

pytestmark = pytest.mark.django_db
EVE, MALLORY = "operator:eve", "operator:mallory"


def listed(query: str = "") -> list[Entry]:
    return list(entries(Filters.from_query(QueryDict(query))))


def verbs(query: str = "") -> list[str]:
    return [entry.verb for entry in listed(query)]


def decide(hold: Hold, decision: Hold.Decision, by: str = EVE, note: str = "seen") -> None:
    decisions.decide(hold.pk, decision, by=by, note=note, version=hold.version)


def body(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return b"".join(cast(Iterable[bytes], response.streaming_content)).decode()  # type: ignore[attr-defined]


def make_trail() -> Hold:
    hold = make_anomaly()
    claims.claim(hold.pk, by=MALLORY)
    claims.claim(hold.pk, by=EVE, take_over=True)
    decide(hold, Hold.Decision.CONFIRM, note="=a copy")
    decisions.undo(hold.pk, by=EVE, note="a slip")
    return hold


def test_everything_is_on_the_trail_newest_first() -> None:
    make_trail()
    set_policy("reward_pools", {"top_k": 3}, by="admin", note="fewer")
    assert verbs() == ["set", "undo", "decide", "take_over", "claim", "open"]


def test_a_decision_says_what_it_changed() -> None:
    make_trail()
    entry = next(entry for entry in listed() if entry.verb == "decide")
    changes = {change.name: (change.before, change.after) for change in entry.changes}
    assert changes["hold.status"] == ("open", "resolved")
    assert changes["submission.status"] == ("held", "rejected")
    assert (entry.who, entry.note) == ("eve", "=a copy")


def test_a_change_of_policy_stands_beside_the_one_before() -> None:
    first = set_policy("reward_pools", {"top_k": 3}, by="admin", note="fewer")
    set_policy("reward_pools", {"top_k": 5}, by="admin", note="more")
    RuntimeConfig.objects.get(pk=first.pk).disable(by="root")
    ended, newer, older = listed("what=policy")
    assert [(change.before, change.after) for change in newer.changes] == [("3", "5")]
    assert [(change.before, change.after) for change in older.changes] == [("", "3")]
    assert (ended.verb, ended.by, newer.note) == ("disable", "root", "more")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("what=claims", ["take_over", "claim"]),
        ("what=decisions", ["undo", "decide"]),
        ("what=holds", ["open"]),
        ("what=policy", []),
        ("what=nonsense", ["undo", "decide", "take_over", "claim", "open"]),
        ("who=mall", ["claim"]),
        ("q=nobody", []),
    ],
)
def test_filters_choose(query: str, expected: list[str]) -> None:
    make_trail()
    assert verbs(query) == expected


def test_filters_choose_by_submission_hotkey_key_and_day() -> None:
    hold, other = make_trail(), make_quarantine()
    set_policy("reward_pools", {"top_k": 3}, by="admin")
    assert len(verbs(f"q={hold.submission_id}")) == 5
    assert verbs(f"q={other.submission.hotkey}") == ["open"]
    assert verbs("q=reward_pools") == ["set"]
    today, tomorrow = timezone.now().date(), timezone.now().date() + timedelta(days=1)
    assert len(verbs(f"since={today}&until={today}")) == 7
    assert verbs(f"since={tomorrow}") == []
    assert len(verbs("since=nonsense")) == 7


def test_the_page_shows_entries_and_leads_on(eve: Client) -> None:
    hold = make_trail()
    now = timezone.now()
    HoldEvent.objects.bulk_create(
        HoldEvent(hold=hold, at=now, by=MALLORY, verb="claim", note=f"n{number}") for number in range(60)
    )
    page = eve.get("/operator/audit?who=mallory").content.decode()
    assert page.count(">mallory<") == 50
    assert "?who=mallory&amp;page=2" in page
    assert eve.get("/operator/audit?who=mallory&page=2").content.decode().count(">mallory<") == 11
    for asked in ("0", "x", "-1", "99999999"):
        assert eve.get(f"/operator/audit?page={asked}").status_code == 200


def test_spreadsheet_has_every_entry_and_no_formula(eve: Client) -> None:
    make_trail()
    rows = list(csv.DictReader(io.StringIO(body(eve, "/operator/audit.csv"))))
    assert [row["verb"] for row in rows] == ["undo", "decide", "take_over", "claim", "open"]
    assert rows[1]["note"] == "'=a copy"
    assert json.loads(rows[1]["after"])["submission"]["status"] == "rejected"


def test_json_lines_have_every_entry(eve: Client) -> None:
    make_trail()
    lines: list[dict[str, Any]] = [
        json.loads(line) for line in body(eve, "/operator/audit.jsonl?what=decisions").splitlines()
    ]
    assert [line["verb"] for line in lines] == ["undo", "decide"]
    assert lines[1]["note"] == "=a copy"


def test_notes_of_operators_are_escaped(eve: Client) -> None:
    decide(make_anomaly(), Hold.Decision.CONFIRM, note="<script>alert(1)</script>")
    assert b"<script>alert" not in eve.get("/operator/audit").content
