"""`manage.py llm_check` tells an operator whether the configured gateway answers, and why not."""

import pytest
from django.core.management import call_command

from prism_site.config import override_env
from tests.llm import gateway as made
from tests.llm.gateway import KEY, MODEL, Manner, serving

pytestmark = pytest.mark.django_db


def checked(manner: Manner, **settings: str | None) -> int:
    """The exit status."""
    with serving(manner) as server:
        with override_env(**{"llm_base_url": server.url, "llm_api_key": KEY, "llm_model": MODEL, **settings}):
            try:
                call_command("llm_check")
            except SystemExit as ended:
                return int(str(ended.code))
    return 0


def test_answer_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert checked(made.behave()) == 0
    printed = capsys.readouterr().out
    assert "read --> embed --> predict" in printed
    assert f"{MODEL}-0613" in printed
    assert "1000 read, 50 written" in printed
    assert "disabled" in printed


def test_refusal_is_printed_without_the_key(capsys: pytest.CaptureFixture[str]) -> None:
    assert checked(made.status(401, {"error": {"message": f"unknown key {KEY}\x1b[2J"}})) == 1
    printed = capsys.readouterr().out
    assert "gateway_refused" in printed
    assert "unknown key" in printed
    assert KEY not in printed
    assert "\x1b[2J" not in printed


def test_wrong_tool_is_no_answer(capsys: pytest.CaptureFixture[str]) -> None:
    assert checked(made.call(("submit_verdict", "{}"))) == 1
    assert "wrong_order" in capsys.readouterr().out


def test_missing_model_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert checked(made.behave(), llm_model=None) == 1
    assert "model_not_configured" in capsys.readouterr().out
