"""Filters under names: who sees and changes them, what they find, and what may not be saved."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from prism_site.operator import saved_filters
from prism_site.operator.models import SavedFilter
from prism_site.operator.queue import Filters
from prism_site.operator.saved_filters import FilterRefused
from reviews import claims
from tests.operator.conftest import make_anomaly, make_operator, make_quarantine

pytestmark = pytest.mark.django_db
QUARANTINE = Filters(kind="quarantine")
SCRIPT = "<script>alert(1)</script>"


def save(client: Client, name: str = "mine to look at", filters: str = "kind=quarantine") -> Any:
    return client.post("/operator/holds/filters/save", {"name": name, "filters": filters})


def chips(client: Client) -> str:
    page = client.get("/operator/holds/live").content.decode()
    return page[: page.find("</nav>")] if "Saved filters" in page else ""


def test_what_is_shown_is_saved_and_stands_on_the_queue_with_its_count(eve: Client) -> None:
    response = save(eve)
    assert response["Location"] == "/operator/holds?kind=quarantine"
    assert '<span class="count num">0</span>' in chips(eve)
    make_anomaly()
    for _ in range(2):
        make_quarantine()
    assert '<span class="count num">2</span>' in chips(eve)
    assert 'href="/operator/holds?kind=quarantine"' in chips(eve)


def test_one_that_is_saved_is_not_offered_to_be_saved_again(eve: Client) -> None:
    assert "Save this filter" in eve.get("/operator/holds?kind=quarantine").content.decode()
    save(eve)
    assert "Save this filter" not in eve.get("/operator/holds?kind=quarantine").content.decode()
    assert "Save this filter" not in eve.get("/operator/holds").content.decode()


def test_by_me_means_whoever_looks(sign_in: Callable[..., Client]) -> None:
    eve, mallory = make_operator("eve"), make_operator("mallory")
    row = saved_filters.save(eve, name="at hand", filters=Filters(claimed="me"))
    saved_filters.change(eve, row.pk, name="at hand", is_shared=True)
    claims.claim(make_quarantine().pk, by="operator:mallory")
    counts = {
        user.username: [each.count for each in saved_filters.saved_for(user, by=f"operator:{user.username}")]
        for user in (eve, mallory)
    }
    assert counts == {"eve": [0], "mallory": [1]}


def test_others_see_what_is_shared_and_change_nothing(eve: Client, mallory: Client) -> None:
    save(eve)
    row = SavedFilter.objects.get()
    assert chips(mallory) == ""
    eve.post(f"/operator/holds/filters/{row.pk}", {"name": "for all of us", "is_shared": "on"})
    assert "for all of us" in chips(mallory)
    assert "by eve" in mallory.get("/operator/holds/filters").content.decode()
    for said in ({"name": "theirs"}, {"action": "delete"}):
        assert mallory.post(f"/operator/holds/filters/{row.pk}", said).status_code == 404
    row.refresh_from_db()
    assert (row.name, row.is_shared) == ("for all of us", True)


def test_one_is_renamed_kept_for_oneself_again_and_deleted(eve: Client) -> None:
    save(eve)
    row = SavedFilter.objects.get()
    eve.post(f"/operator/holds/filters/{row.pk}", {"name": "copies", "is_shared": "on"})
    page = eve.post(f"/operator/holds/filters/{row.pk}", {"name": "copies"}, follow=True).content.decode()
    assert "“copies” is saved: you alone see it." in page
    eve.post(f"/operator/holds/filters/{row.pk}", {"action": "delete"})
    assert not SavedFilter.objects.exists()


@pytest.mark.parametrize(
    ("name", "filters", "code"),
    [
        ("all", "", "filter_empty"),
        ("all", "colour=red", "filter_empty"),
        (" ", "kind=quarantine", "filter_name_malformed"),
        ("n" * 41, "kind=quarantine", "filter_name_malformed"),
        ("a\u202eb", "kind=quarantine", "filter_name_malformed"),
        ("a\tb", "kind=quarantine", "filter_name_malformed"),
        ("taken", "kind=quarantine", "filter_name_taken"),
    ],
)
def test_what_cannot_be_saved_is_refused_with_a_code(eve: Client, name: str, filters: str, code: str) -> None:
    save(eve, "taken", "claimed=me")
    response = save(eve, name, filters)
    assert response.status_code == 422
    assert f'<strong class="mono">{code}</strong>' in response.content.decode()
    assert SavedFilter.objects.count() == 1


def test_an_operator_keeps_only_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_filters, "OWN_AT_MOST", 2)
    eve = make_operator("eve")
    for name in ("one", "two"):
        saved_filters.save(eve, name=name, filters=QUARANTINE)
    with pytest.raises(FilterRefused) as refused:
        saved_filters.save(eve, name="three", filters=QUARANTINE)
    assert refused.value.code == "filters_too_many"
    saved_filters.save(make_operator("mallory"), name="one", filters=QUARANTINE)


def test_names_of_operators_are_escaped(eve: Client) -> None:
    save(eve, SCRIPT)
    save(eve, "q", "q=%3Cscript%3Ealert(1)%3C%2Fscript%3E")
    for path in ("holds", "holds/filters"):
        assert "<script>alert" not in eve.get(f"/operator/{path}").content.decode()
    assert "&lt;script&gt;" in chips(eve)


def test_an_old_one_that_is_no_longer_understood_says_so_and_counts_nothing(eve: Client) -> None:
    make_quarantine()
    save(eve)
    query = "kind=quarantine&colour=red&status=melted"
    SavedFilter.objects.update(query=query)
    assert saved_filters.unknown(query) == ["colour=red", "status=melted"]
    assert "outdated" in chips(eve)
    page = eve.get("/operator/holds/filters").content.decode()
    assert "no longer understood" in page
    assert "colour=red, status=melted" in page
    assert 'href="/operator/holds?kind=quarantine"' in page


def test_filters_cost_the_same_for_one_and_for_many(django_assert_num_queries: Any) -> None:
    eve = make_operator("eve")
    for number in range(12):
        saved_filters.save(eve, name=f"n{number}", filters=Filters(q=str(number)))
    with django_assert_num_queries(2):
        assert len(saved_filters.saved_for(eve, by="operator:eve")) == 12
