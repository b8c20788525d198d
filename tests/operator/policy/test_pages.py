"""What the pages of policy say, and what becomes of what is written into them."""

import json
from datetime import timedelta

import pytest
from django.db.models import QuerySet
from django.test import Client
from django.utils import timezone

from prism_site.config import override_env
from prism_site.policy.keys import SCHEMAS
from prism_site.policy.models import RuntimeConfig
from prism_site.policy.resolve import resolve_policy, set_policy
from prism_site.policy.schemas.walk import walk
from tests.operator.policy.conftest import address, carried, filled, html

pytestmark = pytest.mark.django_db
SOON = timedelta(hours=2)


def rows() -> list[RuntimeConfig]:
    return list(RuntimeConfig.objects.order_by("pk"))


def write_around(**fields: object) -> RuntimeConfig:
    """A row that no form would have written."""
    row = RuntimeConfig(updated_by="sql", **fields)
    QuerySet(RuntimeConfig).bulk_create([row])
    return RuntimeConfig.objects.latest("pk")


def test_the_index_names_every_key_and_who_says_it(eve: Client) -> None:
    set_policy("reward_pools", {"top_k": 3}, by="ada")
    page = html(eve.get("/operator/policy"))
    assert all(f'href="{address(key)}"' in page for key in SCHEMAS)
    assert "1 of 5" in page


def test_the_index_costs_the_same_for_many_rows(eve: Client, django_assert_max_num_queries: object) -> None:
    for count in range(6):
        set_policy("reward_pools", {"top_k": count + 1}, by="ada")
    with django_assert_max_num_queries(9):  # type: ignore[operator]
        eve.get("/operator/policy")


@pytest.mark.parametrize("key", SCHEMAS)
def test_every_field_stands_with_its_value_help_and_input(key: str, carol: Client) -> None:
    page = html(carol.get(address(key)))
    for path, field in walk(SCHEMAS[key]):
        assert f'name="{path.replace(".", "__")}"' in page
        assert field.description
        assert f"id_{path.replace('.', '__')}_helptext" in page


def test_each_value_says_where_it_comes_from(carol: Client) -> None:
    row = set_policy("gpu_policy", {"max_gpu_count": 4}, by="ada")
    with override_env(platform_eval_max_gpu_count=6, platform_eval_gpu_count=2):
        page = html(carol.get(address("gpu_policy")))
    assert f"<td>row {row.pk}<span" in page
    assert "over the environment, 6" in page
    assert "<td>environment<span" in page


def test_a_reader_gets_no_form(eve: Client) -> None:
    row = set_policy("reward_pools", {"top_k": 3}, by="ada")
    set_policy("reward_pools", {"top_k": 4}, by="ada", effective_from=timezone.now() + SOON)
    page = html(eve.get(address("reward_pools")))
    assert f"row {row.pk}" in page
    assert "<form" not in page.split("<main")[1]


def test_errors_stand_at_their_field_with_their_code(carol: Client) -> None:
    page = html(
        carol.post(address("reward_pools", "/draft"), filled("reward_pools", top_k="999")), status=422
    )
    assert 'id="id_top_k_error"' in page
    assert "max_value" in page
    both = html(
        carol.post(address("reward_pools", "/draft"), filled("reward_pools", training="0.9")), status=422
    )
    assert both.count("sum_is_not_one") == 2
    assert 'id="id_architecture_error"' in both
    assert 'value="0.9"' in both
    assert 'href="#id_architecture">architecture</a>' in both
    assert rows() == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "json_malformed"),
        ("[]", "not_an_object"),
        ('{"top_k": NaN}', "json_number"),
        ('{"top_k": 1, "top_k": 2}', "json_duplicate_key"),
        ('{"top_kk": 1}', "extra_forbidden"),
        ('{"top_k": "3"}', "int_type"),
        ('{"training": 0.9}', "sum_is_not_one"),
    ],
)
def test_json_that_is_no_value_is_refused_with_a_code(text: str, code: str, carol: Client) -> None:
    page = html(carol.post(address("reward_pools", "/json"), {"value": text, "seen": "{}"}), status=422)
    assert code in page


def test_a_time_that_is_over_is_refused(carol: Client) -> None:
    past = filled("reward_pools", top_k="3", effective_from="2020-01-01T00:00")
    assert "effective_from_past" in html(carol.post(address("reward_pools", "/draft"), past), status=422)
    bad = {"value": "{}", "effective_from": "tomorrow", "seen": "{}"}
    assert "invalid" in html(carol.post(address("reward_pools", "/json"), bad), status=422)


def test_a_review_shows_from_and_to_and_writes_nothing(carol: Client) -> None:
    page = html(carol.post(address("reward_pools", "/draft"), filled("reward_pools", top_k="3")))
    assert '<del class="mono">8</del>' in page
    assert '<ins class="mono">3</ins>' in page
    assert "default → the row" in page
    assert rows() == []


def test_saving_needs_a_note(carol: Client) -> None:
    page = html(carol.post("/operator/policy/save", carried({"reward_pools": {"top_k": 3}}, note=" ")), 422)
    assert "note_required" in page
    assert "What <span" in page
    assert rows() == []


def test_a_saved_draft_is_a_row_in_force(carol: Client) -> None:
    response = carol.post("/operator/policy/save", carried({"reward_pools": {"top_k": 3}}))
    assert response["Location"] == address("reward_pools")
    (row,) = rows()
    assert (row.value_json, row.updated_by, row.note) == ({"top_k": 3}, "operator:carol", "tried it")
    assert resolve_policy().reward_pools.top_k == 3


def test_a_scheduled_row_waits_is_announced_and_can_be_called_off(carol: Client) -> None:
    at = (timezone.now() + SOON).isoformat()
    carol.post("/operator/policy/save", carried({"reward_pools": {"top_k": 3}}, effective_from=at))
    (row,) = rows()
    assert resolve_policy().reward_pools.top_k == 8
    assert f"Row {row.pk} comes" in html(carol.get("/operator/policy"))
    review = html(carol.post(address("reward_pools", "/draft"), filled("reward_pools", top_k="5")))
    assert f"Row {row.pk} by carol takes its place" in review
    carol.post(address("reward_pools", f"/call-off/{row.pk}"))
    row.refresh_from_db()
    assert (row.enabled, row.disabled_by) == (False, "operator:carol")
    page = html(carol.get(address("reward_pools")))
    assert "called off" in page
    assert "disabled" in page


def test_what_is_in_force_cannot_be_called_off(carol: Client) -> None:
    row = set_policy("reward_pools", {"top_k": 3}, by="ada")
    page = html(carol.post(address("reward_pools", f"/call-off/{row.pk}"), follow=True))
    assert "policy_row_not_scheduled" in page
    assert RuntimeConfig.objects.get().enabled


def test_going_back_is_a_new_row_with_the_old_value(carol: Client) -> None:
    first = set_policy("reward_pools", {"top_k": 3}, by="ada")
    set_policy("reward_pools", {"top_k": 5}, by="ada")
    seen = {"seen": filled("reward_pools")["seen"]}
    page = html(carol.post(address("reward_pools", f"/restore/{first.pk}"), seen))
    assert f"Roll back to row {first.pk}: " in page
    carol.post("/operator/policy/save", carried({"reward_pools": first.value_json}, note="back"))
    assert [row.value_json["top_k"] for row in rows()] == [3, 5, 3]
    assert resolve_policy().row_ids["reward_pools"] == rows()[-1].pk


def test_going_back_to_a_row_that_is_not_valid_any_more_is_refused(carol: Client) -> None:
    broken = write_around(config_key="reward_pools", value_json={"top_k": 0})
    set_policy("reward_pools", {"top_k": 5}, by="ada")
    seen = {"seen": filled("reward_pools")["seen"]}
    page = html(carol.post(address("reward_pools", f"/restore/{broken.pk}"), seen), status=422)
    assert "greater_than_equal" in page


def test_a_broken_row_is_shown_in_red_and_can_be_mended(carol: Client) -> None:
    write_around(config_key="reward_pools", value_json={"top_k": 0})
    assert "policy_invalid" in html(carol.get("/operator/policy"))
    page = html(carol.get(address("reward_pools")))
    assert "Official work is stopped" in page
    carol.post("/operator/policy/save", carried({"reward_pools": {"top_k": 5}}))
    assert resolve_policy().reward_pools.top_k == 5


def test_a_row_that_changes_nothing_is_called_idle(eve: Client) -> None:
    row = set_policy("reward_pools", {"top_k": 8}, by="ada")
    assert f"Row {row.pk} changes nothing" in html(eve.get("/operator/policy"))
    set_policy("reward_pools", {"top_k": 8, "rank_decay": 0.25}, by="ada")
    assert "sets to what they would be without it" in html(eve.get(address("reward_pools")))


def test_the_history_says_what_each_row_changed(eve: Client) -> None:
    set_policy("reward_pools", {"top_k": 3}, by="ada", note="fewer")
    set_policy("reward_pools", {"rank_decay": 0.25}, by="bob", note="<b>steeper</b>")
    page = html(eve.get(address("reward_pools")))
    assert '<ins class="mono">0.25</ins>' in page
    assert '<del class="mono">3</del>' in page
    assert "superseded" in page
    assert "&lt;b&gt;steeper&lt;/b&gt;" in page


def test_unknown_keys_and_rows_are_not_found(carol: Client) -> None:
    row = set_policy("reward_pools", {"top_k": 3}, by="ada")
    assert carol.get(address("nonsense")).status_code == 404
    for rest in ("/draft", "/json", "/restore/1", "/call-off/1"):
        assert carol.post(address("nonsense", rest)).status_code == 404
    assert carol.post(address("gpu_policy", f"/restore/{row.pk}")).status_code == 404
    assert carol.post("/operator/policy/save", {"draft": "[]"}).status_code == 404


def test_a_draft_of_no_known_key_is_refused(carol: Client) -> None:
    given = {"draft": json.dumps({"nonsense": {}}), "seen": "{}", "note": "x"}
    for path in ("/operator/policy/save", "/operator/policy/review"):
        assert "unknown_key" in html(carol.post(path, given), status=422)
