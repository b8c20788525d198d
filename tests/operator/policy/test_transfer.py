"""Policy leaves one installation as a file and comes into another with the same checks as a form."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from prism_site.config import override_env
from prism_site.operator.policy.transfer import FORMAT, NothingDiffers, exported, imported
from prism_site.policy.keys import SCHEMAS
from prism_site.policy.models import RuntimeConfig
from prism_site.policy.resolve import set_policy
from tests.operator.policy.conftest import html
from tests.operator.policy.test_pages import write_around

pytestmark = pytest.mark.django_db
IMPORT = "/operator/policy/import"


def file_of(**keys: Any) -> dict[str, Any]:
    entries = {key: {"schema_version": 1, "value": value} for key, value in keys.items()}
    return {"format": FORMAT, "version": 1, "keys": entries}


def test_the_file_holds_what_the_rows_in_force_set(eve: Client) -> None:
    set_policy("reward_pools", {"top_k": 3}, by="ada")
    set_policy("reward_pools", {"top_k": 5}, by="ada")
    response = eve.get("/operator/policy/export.json")
    assert response["Content-Disposition"] == 'attachment; filename="prism-policy.json"'
    assert response.json()["keys"] == {"reward_pools": {"schema_version": 1, "value": {"top_k": 5}}}


def test_or_everything_in_force_wherever_it_comes_from(eve: Client) -> None:
    with override_env(platform_eval_max_gpu_count=4):
        keys = eve.get("/operator/policy/export.json?effective=1").json()["keys"]
    assert keys.keys() == SCHEMAS.keys()
    assert keys["gpu_policy"]["value"]["max_gpu_count"] == 4


def test_everything_in_force_is_not_told_where_it_is_not_valid(eve: Client) -> None:
    write_around(config_key="reward_pools", value_json={"top_k": 0})
    response = eve.get("/operator/policy/export.json?effective=1")
    assert (response.status_code, response.json()["code"]) == (409, "policy_invalid")


def test_a_file_comes_back_as_a_draft_of_what_differs() -> None:
    set_policy("reward_pools", {"top_k": 3}, by="ada")
    set_policy("gpu_policy", {"max_gpu_count": 4}, by="ada")
    text = json.dumps(exported(effective=False))
    with pytest.raises(NothingDiffers):
        imported(text)
    set_policy("gpu_policy", {"max_gpu_count": 2}, by="ada")
    assert imported(text).values == {"gpu_policy": {"max_gpu_count": 4}}


def test_a_file_is_reviewed_before_it_is_saved(carol: Client) -> None:
    text = json.dumps(file_of(reward_pools={"top_k": 3}, gpu_policy={"max_gpu_count": 4}))
    file = SimpleUploadedFile("policy.json", text.encode(), "application/json")
    page = html(carol.post(IMPORT, {"file": file}))
    assert "reward_pools" in page
    assert '<ins class="mono">4</ins>' in page
    assert RuntimeConfig.objects.count() == 0


def test_a_file_can_come_into_force_later(carol: Client) -> None:
    given = {"text": json.dumps(file_of(reward_pools={"top_k": 3})), "effective_from": "2099-01-31T12:00"}
    assert 'name="effective_from" value="2099-01-31T12:00:00+00:00"' in html(carol.post(IMPORT, given))
    assert "invalid" in html(carol.post(IMPORT, {**given, "effective_from": "soon"}), status=422)


def test_a_file_that_says_what_is_here_changes_nothing(carol: Client) -> None:
    set_policy("reward_pools", {"top_k": 3}, by="ada")
    response = carol.post(IMPORT, {"text": json.dumps(file_of(reward_pools={"top_k": 3}))}, follow=True)
    assert "Every key of the file is set here as it is there." in html(response)


REFUSED: list[tuple[Any, str]] = [
    ("", "json_malformed"),
    ("[]", "not_a_policy_file"),
    ('{"format": "prism_policy", "version": 2}', "file_version_unknown"),
    ('{"format": "prism_policy", "version": 1, "keys": {}}', "not_an_object"),
    (json.dumps(file_of(nonsense={})), "unknown_key"),
    (json.dumps(file_of(reward_pools=[])), "not_an_object"),
    (json.dumps(file_of(reward_pools={"top_k": 0})), "greater_than_equal"),
    ("x" * 200_001, "json_too_long"),
]


@pytest.mark.parametrize(("text", "code"), REFUSED, ids=[code for _, code in REFUSED])
def test_a_file_that_is_none_is_refused_with_a_code(text: str, code: str, carol: Client) -> None:
    assert code in html(carol.post(IMPORT, {"text": text}), status=422)


def test_a_file_of_a_newer_schema_is_refused(carol: Client) -> None:
    file = file_of(reward_pools={})
    for version in (2, 0, "1", True, None):
        file["keys"]["reward_pools"]["schema_version"] = version
        page = html(carol.post(IMPORT, {"text": json.dumps(file)}), status=422)
        assert "schema_version_unknown" in page


def test_a_file_that_is_no_text_is_refused(carol: Client) -> None:
    file = SimpleUploadedFile("policy.json", b"\xff\xfe")
    assert "json_encoding" in html(carol.post(IMPORT, {"file": file}), status=422)
