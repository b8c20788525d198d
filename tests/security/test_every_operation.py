"""Requests of every kind, made from the OpenAPI document: whatever comes, no answer says that we failed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from django.core.cache import cache
from django.core.wsgi import get_wsgi_application
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case

from prism_site.access import throttles
from prism_site.config import override_env
from tests import factories

pytestmark = pytest.mark.django_db
TOKEN = "the platform's token"
UNHEALTHY = {"/health"}  # 503 is what it is there for

SCHEMA = schemathesis.openapi.from_dict(SchemaGenerator().get_schema(request=None, public=True))
SCHEMA.app = get_wsgi_application()
OPERATIONS = {
    f"{found.ok().method.upper()} {found.ok().path}": found.ok() for found in SCHEMA.get_all_operations()
}


@pytest.fixture(autouse=True)
def _house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(throttles, "RATES", dict.fromkeys(throttles.RATES, 10**9))
    cache.clear()
    with override_env(public_submissions_enabled=True, shared_token=TOKEN, var_dir=tmp_path):
        factories.make_completed()
        factories.make_held()
        yield
    cache.clear()


def ask_many(name: str, *, examples: int) -> None:
    """Cases of one operation, with and without the token."""

    @settings(
        max_examples=examples,
        phases=[Phase.explicit, Phase.generate],
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=OPERATIONS[name].as_strategy(), knows_token=st.booleans())
    def ask(case: Case, knows_token: bool) -> None:
        headers = {"Accept-Encoding": "identity"}
        headers |= {"Authorization": f"Bearer {TOKEN}"} if knows_token else {}
        answer = case.call(headers=headers)
        assert answer.status_code < 500 or case.path in UNHEALTHY, (case.as_curl_command(), answer.text)
        if answer.status_code >= 400:
            _is_problem(answer)

    ask()


def _is_problem(answer: Any) -> None:
    assert answer.headers["content-type"][0] == "application/problem+json", answer.text
    assert answer.json()["code"], answer.text


@pytest.mark.parametrize("name", OPERATIONS)
def test_no_request_makes_an_operation_fail(name: str) -> None:
    ask_many(name, examples=3)


@pytest.mark.long
@pytest.mark.parametrize("name", OPERATIONS)
def test_no_request_of_many_makes_an_operation_fail(name: str) -> None:
    ask_many(name, examples=200)


def test_the_document_names_every_route() -> None:
    assert len(OPERATIONS) > 35
