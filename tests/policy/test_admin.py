"""The typed forms, as an operator's browser meets them."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from prism_site.config import override_env
from prism_site.policy.forms import policy_form
from prism_site.policy.keys import SCHEMAS
from prism_site.policy.models import RuntimeConfig
from prism_site.policy.resolve import resolve_policy, set_policy
from prism_site.policy.schemas.walk import walk

pytestmark = pytest.mark.django_db
LIST = reverse("admin:policy_runtimeconfig_changelist")
ADD = reverse("admin:policy_runtimeconfig_add")


def fields_of(key: str) -> list[str]:
    return [path.replace(".", "__") for path, _ in walk(SCHEMAS[key])]


def add(client: Client, key: str, **filled: Any) -> Any:
    data = dict.fromkeys(fields_of(key), "") | {
        "note": "",
        "effective_from_0": "",
        "effective_from_1": "",
    }
    return client.post(f"{ADD}?config_key={key}", data | filled)


def errors(response: Any) -> dict[str, list[str]]:
    return {name: list(texts) for name, texts in response.context["adminform"].form.errors.items()}


@pytest.mark.parametrize("url", [LIST, ADD, f"{ADD}?config_key=reward_pools"])
def test_only_staff_with_the_permission_come_in(
    url: str, client: Client, staff: Client, changer: Client
) -> None:
    assert changer.get(url).status_code == 200
    assert staff.get(url).status_code == 403
    assert client.get(url).status_code == 302


def test_nobody_else_writes_or_disables(client: Client, staff: Client) -> None:
    row = set_policy("reward_pools", {"top_k": 3}, by="ada")
    change = reverse("admin:policy_runtimeconfig_change", args=[row.pk])
    for outsider, status in ((client, 302), (staff, 403)):
        assert add(outsider, "reward_pools", top_k="5").status_code == status
        assert outsider.post(change, {"top_k": "5"}).status_code == status
        assert outsider.post(LIST, {"action": "disable", "_selected_action": [row.pk]}).status_code == status
    assert list(RuntimeConfig.objects.values_list("pk", "enabled")) == [(row.pk, True)]


def test_adding_asks_for_the_key_first(changer: Client) -> None:
    page = changer.get(ADD).content.decode()
    assert all(f'href="?config_key={key}"' in page for key in SCHEMAS)


@pytest.mark.parametrize("key", SCHEMAS)
def test_every_schema_field_has_a_real_form_field_with_its_help(key: str, changer: Client) -> None:
    page = changer.get(f"{ADD}?config_key={key}").content.decode()
    for path, field in walk(SCHEMAS[key]):
        assert f'name="{path.replace(".", "__")}"' in page
        assert field.description


@pytest.mark.parametrize("key", SCHEMAS)
def test_an_empty_form_writes_an_empty_value(key: str, changer: Client) -> None:
    assert add(changer, key).status_code == 302
    assert RuntimeConfig.objects.get().value_json == {}
    assert resolve_policy().row_ids.keys() == {key}


@pytest.mark.parametrize("key", SCHEMAS)
def test_every_default_typed_in_comes_back_as_itself(key: str, changer: Client) -> None:
    row = set_policy(key, SCHEMAS[key]().model_dump(mode="json"), by="ada")
    shown = policy_form(key)(instance=row).initial
    assert add(changer, key, **shown).status_code == 302
    assert RuntimeConfig.objects.latest("id").value_json == row.value_json


def test_only_what_is_filled_in_is_written(changer: Client) -> None:
    response = add(
        changer,
        "execution_mode_targets",
        gpu_proxy_eval__seeds="1, 2,3",
        local_cpu_smoke__wall_seconds="60",
        note="faster",
    )
    assert response.status_code == 302
    row = RuntimeConfig.objects.get()
    assert row.value_json == {"local_cpu_smoke": {"wall_seconds": 60}, "gpu_proxy_eval": {"seeds": [1, 2, 3]}}
    assert (row.updated_by, row.note) == ("changer", "faster")
    assert resolve_policy().execution_mode_targets.gpu_proxy_eval.seeds == (1, 2, 3)


def test_each_kind_of_field_is_read(changer: Client) -> None:
    add(changer, "gpu_policy", gpu_type="H200", official_fixed_profile="false", max_gpu_count="4")
    assert RuntimeConfig.objects.get().value_json == {
        "gpu_type": "H200",
        "official_fixed_profile": False,
        "max_gpu_count": 4,
    }


def test_a_field_may_be_set_to_null(changer: Client) -> None:
    with override_env(llm_model="some/model"):
        assert add(changer, "llm_review_policy", model="null").status_code == 302
        assert resolve_policy().llm_review_policy.model is None
    assert RuntimeConfig.objects.get().value_json == {"model": None}


@pytest.mark.parametrize(
    ("key", "filled", "field", "reason"),
    [
        ("reward_pools", {"top_k": "0"}, "top_k", "greater than or equal to 1"),
        ("reward_pools", {"top_k": "x"}, "top_k", "whole number"),
        ("reward_pools", {"rank_decay": "nan"}, "rank_decay", "number"),
        ("reward_pools", {"rank_decay": "0"}, "rank_decay", "greater than 0"),
        ("reward_pools", {"distribution": "lottery"}, "distribution", "valid choice"),
        ("reward_pools", {"training": "0.5"}, "training", "architecture + training is 1.1, must be 1"),
        ("reward_pools", {"training": "0.5"}, "architecture", "must be 1"),
        ("gpu_policy", {"max_gpu_count": "9"}, "max_gpu_count", "less than or equal to 8"),
        ("gpu_policy", {"actual_gpu_count": "3", "max_gpu_count": "2"}, "actual_gpu_count", "above"),
        ("benchmark_weights", {"needle": "0.5"}, "needle", "must be 1"),
        (
            "score_weights",
            {"training_formula__benchmark_sanity": "0.2"},
            "training_formula__benchmark_sanity",
            "0.15",
        ),
        (
            "execution_mode_targets",
            {"local_cpu_smoke__official_score": "true"},
            "local_cpu_smoke__official_score",
            "never official",
        ),
        (
            "execution_mode_targets",
            {"gpu_proxy_eval__seeds": "1,x"},
            "gpu_proxy_eval__seeds",
            "whole numbers",
        ),
        ("execution_mode_targets", {"gpu_proxy_eval__seeds": "-1"}, "gpu_proxy_eval__seeds", "greater"),
        ("sandbox_limits", {"memory": "lots"}, "memory", "match"),
        ("sandbox_limits", {"network": "bridge"}, "network", "valid choice"),
    ],
)
def test_a_refusal_stands_beside_its_field(
    changer: Client, key: str, filled: dict[str, str], field: str, reason: str
) -> None:
    response = add(changer, key, **filled)
    assert response.status_code == 200
    assert reason in " ".join(errors(response)[field])
    assert not RuntimeConfig.objects.exists()


def test_saving_an_old_row_writes_a_new_one(changer: Client) -> None:
    old = set_policy("reward_pools", {"top_k": 3, "distribution": "proportional"}, by="ada", note="first")
    url = reverse("admin:policy_runtimeconfig_change", args=[old.pk])
    form = changer.get(url).context["adminform"].form
    assert (form["top_k"].value(), form["distribution"].value()) == ("3", "proportional")
    data = {name: form[name].value() or "" for name in fields_of("reward_pools")}
    changer.post(url, data | {"top_k": "4", "note": "second", "effective_from_0": "", "effective_from_1": ""})
    first, second = RuntimeConfig.objects.order_by("id")
    assert (first.value_json, first.note, first.updated_by) == (old.value_json, "first", "ada")
    assert second.value_json == {"top_k": 4, "distribution": "proportional"}
    assert (second.note, second.updated_by) == ("second", "changer")
    assert resolve_policy().reward_pools.top_k == 4


def test_a_change_can_be_scheduled(changer: Client) -> None:
    add(changer, "reward_pools", top_k="2", effective_from_0="2999-01-01", effective_from_1="00:00:00")
    assert RuntimeConfig.objects.get().effective_from.year == 2999
    assert resolve_policy().reward_pools.top_k == 8


def test_an_empty_field_shows_what_it_inherits(changer: Client) -> None:
    with override_env(platform_eval_max_gpu_count=5):
        page = changer.get(f"{ADD}?config_key=gpu_policy").content.decode()
    assert 'placeholder="5"' in page
    assert "not set (fixed_official_profile)" in page
    assert "default 8" in page


def test_rows_are_disabled_by_the_action_and_never_deleted(changer: Client) -> None:
    row = set_policy("reward_pools", {"top_k": 3}, by="ada")
    changer.post(LIST, {"action": "disable", "_selected_action": [row.pk]})
    row.refresh_from_db()
    assert (row.enabled, row.disabled_by) == (False, "changer")
    delete = reverse("admin:policy_runtimeconfig_delete", args=[row.pk])
    assert changer.post(delete, {"post": "yes"}).status_code == 403
    changer.post(LIST, {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"})
    assert RuntimeConfig.objects.filter(pk=row.pk).exists()


def test_the_list_marks_the_row_in_force(changer: Client) -> None:
    set_policy("reward_pools", {"top_k": 3}, by="ada")
    newer = set_policy("reward_pools", {"top_k": 4}, by="ada")
    rows = changer.get(LIST).context["cl"].result_list
    assert [row.pk for row in rows if row.in_force] == [newer.pk]


def test_the_list_says_what_stops_official_work(changer: Client) -> None:
    row = RuntimeConfig.objects.create(config_key="reward_pools", value_json={"top_k": 0}, updated_by="sql")
    page = changer.get(LIST).content.decode()
    assert f"Official work is stopped: row {row.pk} of reward_pools: top_k" in page


def test_an_invalid_row_can_be_opened_and_succeeded(changer: Client) -> None:
    for broken in ({"top_k": 0, "colour": 1}, [1]):
        row = RuntimeConfig.objects.create(config_key="reward_pools", value_json=broken, updated_by="sql")
        url = reverse("admin:policy_runtimeconfig_change", args=[row.pk])
        assert changer.get(url).status_code == 200
        changer.post(url, {"top_k": "5", "note": "mended", "effective_from_0": "", "effective_from_1": ""})
        assert resolve_policy().reward_pools.top_k == 5


@pytest.mark.parametrize("url", [LIST, ADD, f"{ADD}?config_key=score_weights"])
def test_pages_hold_under_a_policy_without_inline_code(url: str, changer: Client) -> None:
    set_policy("reward_pools", {"top_k": 3}, by="ada")
    response = changer.get(url)
    page = response.content.decode()
    assert "unsafe-inline" not in response["Content-Security-Policy"]
    assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)", page)
    assert not re.search(r"<[^>]+\s(style|onclick|onchange)=", page)
    assert "<style" not in page
