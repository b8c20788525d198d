"""Log lines: JSON, with the ids they belong to, and never a secret."""

import json
import logging
import sys
from pathlib import Path
from typing import Any

import pytest
import structlog
from pydantic import SecretStr

from prism_site import logs
from prism_site.config import env, override_env

PLANTED = 'planted"secret/with?signs'


def line_of(record: logging.LogRecord, *, text: bool = False) -> str:
    return logs.MaskingFormatter(text=text).format(record)


def record(message: str, *args: Any, error: bool = False) -> logging.LogRecord:
    info = sys.exc_info() if error else None
    return logging.LogRecord("prism", logging.ERROR, "file.py", 1, message, args, info)


def test_a_line_is_json_with_what_is_bound_to_it() -> None:
    with structlog.contextvars.bound_contextvars(request_id="r1", submission_id="s1"):
        line = json.loads(line_of(record("moved %d", 3)))
    assert line["event"] == "moved 3"
    assert (line["request_id"], line["submission_id"], line["level"]) == ("r1", "s1", "error")


@pytest.mark.parametrize(
    "setting",
    ["shared_token", "metrics_token", "llm_api_key", "docker_broker_token", "run_secret", "secret_key"],
)
@pytest.mark.parametrize("text", [True, False])
def test_no_secret_of_the_settings_is_in_a_line(setting: str, text: bool) -> None:
    with override_env(**{setting: PLANTED}):
        assert "planted" not in line_of(record("it was %s", PLANTED), text=text)
        assert "planted" not in line_of(record(f"https://x/?a={logs.quote(PLANTED, safe='')}"), text=text)
        try:
            raise ValueError(PLANTED)
        except ValueError:
            assert "planted" not in line_of(record("failed", error=True), text=text)


def test_passwords_in_addresses_and_kept_secrets_are_masked(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "run_secret").write_text("kept-in-a-file\n")
    with override_env(database_url="postgres://prism:pass-of-it@db/prism", var_dir=tmp_path):
        assert "pass-of-it" not in line_of(record("postgres://prism:pass-of-it@db/prism"))
        assert "kept-in-a-file" not in line_of(record("kept-in-a-file"))


def test_every_secret_setting_is_masked() -> None:
    """A new one cannot be forgotten: whatever is a `SecretStr` is looked for."""
    secret_names = [
        name for name, field in type(env()).model_fields.items() if "SecretStr" in str(field.annotation)
    ]
    for name in secret_names:
        with override_env(**{name: SecretStr("marker-of-it")}):
            assert "marker-of-it" in logs.secrets_of(env()), name


def test_each_line_of_a_rotation_is_masked() -> None:
    with override_env(shared_token="the-new-one\nthe-old-one"):
        assert line_of(record("the-old-one the-new-one")).count(logs.MASK) == 2


@pytest.mark.django_db
def test_lines_about_a_submission_and_an_attempt_name_them(monkeypatch: pytest.MonkeyPatch) -> None:
    from evaluations import reconcile
    from prism_site import pipeline
    from tests import factories

    seen: list[dict[str, Any]] = []

    def note(*_: Any) -> bool:
        seen.append(dict(structlog.contextvars.get_contextvars()))
        return False

    attempt = factories.make_evaluating()
    monkeypatch.setattr(pipeline, "_step", note)
    monkeypatch.setattr(reconcile, "_attend", note)
    pipeline.advance(str(attempt.run.submission_id))
    reconcile.attend(attempt)
    assert seen == [{"submission_id": str(attempt.run.submission_id)}, {"attempt": attempt.label}]
    assert structlog.contextvars.get_contextvars() == {}
