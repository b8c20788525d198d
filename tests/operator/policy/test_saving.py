"""Two people change the same key: one is first, and the other sees it and loses nothing."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from prism_site.operator.policy import saving
from prism_site.operator.policy.drafts import Draft, DraftRefused
from prism_site.operator.policy.saving import NoteMissing, PolicyChanged, RowNotScheduled, save, versions
from prism_site.policy.models import RuntimeConfig
from prism_site.policy.resolve import resolve_policy, set_policy
from tests.operator.policy.conftest import address, carried, filled, html

pytestmark = pytest.mark.django_db
THREE, FIVE = ({"reward_pools": {"top_k": count}} for count in (3, 5))


def test_the_second_saver_sees_the_first_one_s_row(carol: Client, dave: Client) -> None:
    mine, theirs = carried(FIVE, note="fewer"), carried(THREE, note="fewest")
    assert dave.post("/operator/policy/save", theirs).status_code == 302
    page = html(carol.post("/operator/policy/save", mine), status=409)
    for said in (
        "policy_changed",
        "<strong>dave</strong>",
        "fewest",
        'mono">3</ins>',
        "&quot;top_k&quot;: 5",
    ):
        assert said in page
    assert 'name="note" value="fewer"' in page
    assert RuntimeConfig.objects.count() == 1


def test_the_loser_reviews_on_top_and_saves(carol: Client, dave: Client) -> None:
    mine = carried(FIVE)
    dave.post("/operator/policy/save", carried(THREE))
    carol.post("/operator/policy/save", mine)
    fresh = {**mine, "seen": json.dumps(versions(["reward_pools"]))}
    page = html(carol.post("/operator/policy/review", fresh))
    assert '<del class="mono">3</del>' in page
    assert carol.post("/operator/policy/save", fresh).status_code == 302
    assert resolve_policy().reward_pools.top_k == 5


def test_a_review_of_what_has_changed_already_says_so_at_once(carol: Client) -> None:
    begun = filled("reward_pools", top_k="5")
    set_policy("reward_pools", {"top_k": 3}, by="dave", note="first")
    assert "first" in html(carol.post(address("reward_pools", "/draft"), begun), status=409)
    as_json = {"value": '{"top_k": 5}', "seen": begun["seen"]}
    assert "first" in html(carol.post(address("reward_pools", "/json"), as_json), status=409)


def test_saving_without_a_note_over_a_change_shows_the_change(carol: Client) -> None:
    begun = carried(FIVE, note="")
    set_policy("reward_pools", {"top_k": 3}, by="dave")
    assert "policy_changed" in html(carol.post("/operator/policy/save", begun), status=409)


def test_a_key_that_nobody_touched_is_no_conflict() -> None:
    seen = versions()
    set_policy("gpu_policy", {"max_gpu_count": 4}, by="dave")
    assert len(save(Draft(values=THREE), seen=seen, by="carol", note="x")) == 1


def test_a_row_called_off_in_the_meantime_is_a_conflict() -> None:
    later = timezone.now() + timedelta(hours=1)
    row = set_policy("reward_pools", {"top_k": 3}, by="dave", effective_from=later)
    seen = versions()
    saving.call_off(row.pk, by="dave")
    with pytest.raises(PolicyChanged) as changed:
        save(Draft(values=FIVE), seen=seen, by="carol", note="x")
    assert (changed.value.keys, changed.value.rows) == (["reward_pools"], [row])
    with pytest.raises(RowNotScheduled):
        saving.call_off(row.pk, by="carol")


def test_of_several_keys_all_are_written_or_none() -> None:
    seen = versions()
    set_policy("gpu_policy", {"max_gpu_count": 4}, by="dave")
    both = Draft(values={**THREE, "gpu_policy": {"max_gpu_count": 2}})
    with pytest.raises(PolicyChanged) as changed:
        save(both, seen=seen, by="carol", note="x")
    assert changed.value.keys == ["gpu_policy"]
    assert RuntimeConfig.objects.count() == 1
    save(both, seen=versions(), by="carol", note="x")
    assert RuntimeConfig.objects.count() == 3


def test_a_time_that_passed_during_the_review_means_at_once() -> None:
    draft = Draft(values=FIVE, effective_from=timezone.now() - timedelta(minutes=2))
    seen = versions()
    set_policy("gpu_policy", {}, by="dave")
    (row,) = save(draft, seen=seen, by="carol", note="x")
    assert draft.effective_from is not None
    assert row.effective_from > draft.effective_from
    assert row.effective_from == row.updated_at


def test_nothing_unsound_is_saved() -> None:
    with pytest.raises(NoteMissing):
        save(Draft(values=THREE), seen=versions(), by="carol", note="\n")
    with pytest.raises(DraftRefused) as refused:
        save(Draft(values={"reward_pools": {"top_k": 0}}), seen=versions(), by="carol", note="x")
    assert [fault.code for fault in refused.value.faults] == ["greater_than_equal"]
    assert "reward_pools.top_k" in str(refused.value)


@pytest.mark.parametrize("seen", ["", "null", "[1]", '{"reward_pools": 3}', '{"reward_pools": "x-y"}'])
def test_what_was_seen_must_be_said(seen: str, carol: Client) -> None:
    page = html(carol.post("/operator/policy/save", {**carried(THREE), "seen": seen}), status=409)
    assert "policy_changed" in page
    assert RuntimeConfig.objects.count() == 0
