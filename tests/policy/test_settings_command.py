"""`manage.py settings` shows every value, where it comes from, and no secret."""

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from prism_site.config import ROOT, Environment, override_env
from prism_site.policy.keys import SCHEMAS
from prism_site.policy.models import RuntimeConfig
from prism_site.policy.resolve import set_policy
from prism_site.policy.schemas.walk import walk

pytestmark = pytest.mark.django_db


def as_json() -> Any:
    out = io.StringIO()
    call_command("settings", "--json", stdout=out)
    return json.loads(out.getvalue())


def as_tables() -> str:
    out = io.StringIO()
    call_command("settings", stdout=out)
    return out.getvalue()


def test_every_setting_and_field_is_listed() -> None:
    report = as_json()
    assert set(report["environment"]) == {f"PRISM_{name.upper()}" for name in Environment.model_fields}
    for key, schema in SCHEMAS.items():
        assert set(report["policy"][key]["fields"]) == {path for path, _ in walk(schema)}


def test_origins_are_told_apart() -> None:
    row = set_policy("gpu_policy", {"actual_gpu_count": 2}, by="ada")
    with override_env(platform_eval_max_gpu_count=4, epoch_seconds=600):
        report = as_json()
        tables = as_tables()
    fields = report["policy"]["gpu_policy"]["fields"]
    assert [fields[name]["origin"] for name in ("actual_gpu_count", "max_gpu_count", "gpu_type")] == [
        f"SQL row {row.pk}",
        "environment",
        "default",
    ]
    assert (fields["max_gpu_count"]["value"], fields["max_gpu_count"]["unit"]) == (4, "GPUs")
    assert report["environment"]["PRISM_EPOCH_SECONDS"]["origin"] == "environment"
    assert f"SQL row {row.pk}" in tables
    assert "4 GPUs" in tables


def test_no_secret_is_shown() -> None:
    planted = {"shared_token": "s3cr3t-a", "llm_api_key": "s3cr3t-b", "run_secret": "s3cr3t-c"}
    with override_env(**planted, database_url="postgres://prism:s3cr3t-d@db/prism"):
        shown = json.dumps(as_json()) + as_tables()
    assert "s3cr3t" not in shown
    assert "********" in shown
    assert "postgres://prism:********@db/prism" in shown


def test_an_invalid_row_is_shown_and_fails_the_command() -> None:
    RuntimeConfig.objects.create(config_key="gpu_policy", value_json={"max_gpu_count": 64}, updated_by="sql")
    out = io.StringIO()
    with pytest.raises(CommandError, match="not valid"):
        call_command("settings", stdout=out)
    assert "gpu_policy: max_gpu_count" in out.getvalue()


def test_a_variable_that_is_no_setting_is_pointed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRISM_EPOCH_SECOND", "60")
    monkeypatch.setenv("PRISM_SHARED_TOKEN_FILE", "")
    assert as_json()["not_settings"] == ["PRISM_EPOCH_SECOND"]
    assert "PRISM_EPOCH_SECOND is set, but is no setting" in as_tables()


def test_the_reference_in_the_docs_is_that_of_the_schemas() -> None:
    out = io.StringIO()
    call_command("settings", "--reference", stdout=out)
    assert (ROOT / "docs" / "policy.md").read_text() == out.getvalue()
