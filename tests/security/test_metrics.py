"""/metrics: for a token or this very machine, in a format that Prometheus reads."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from prometheus_client.parser import text_string_to_metric_families

from prism_site.config import override_env
from tests import factories

pytestmark = pytest.mark.django_db
SHARED, OWN = "the platform's token", "the token of who measures"


@pytest.fixture(autouse=True)
def _tokens():
    with override_env(shared_token=SHARED, metrics_token=OWN):
        yield


def status(remote: str = "203.0.113.9", **headers: str) -> int:
    return Client().get("/metrics", headers=headers, REMOTE_ADDR=remote).status_code


@pytest.mark.parametrize("token", [SHARED, OWN])
def test_a_token_may_read(token: str) -> None:
    assert status(Authorization=f"Bearer {token}") == 200


def test_nobody_else_may() -> None:
    assert status() == 401
    assert status(Authorization="Bearer wrong") == 401
    assert status("127.0.0.1", Authorization="Bearer wrong") == 401
    assert status("not an address") == 401


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "127.3.2.1"])
def test_this_machine_may(address: str) -> None:
    assert status(address) == 200


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via", "X-Forwarded-Proto"])
def test_a_proxy_on_this_machine_speaks_for_others(header: str) -> None:
    assert status("127.0.0.1", **{header: "203.0.113.9"}) == 401


def test_the_token_of_who_measures_opens_nothing_else() -> None:
    answer = Client().get("/internal/v1/get_weights", headers={"Authorization": f"Bearer {OWN}"})
    assert answer.status_code == 401


def values() -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    text = Client().get("/metrics", REMOTE_ADDR="127.0.0.1").content.decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_what_is_counted_are_the_rows() -> None:
    factories.make_completed()
    factories.make_held()
    factories.make_evaluating()
    found = values()
    assert found["prism_submissions", (("stage", "done"), ("status", "completed"))] == 1
    assert found["prism_submissions", (("stage", "evaluating"), ("status", "running"))] == 1
    assert found["prism_attempts_ended_total", (("reason", "job_gone"), ("state", "lost"))] == 3
    assert found["prism_live_attempts", (("host", "host-1"),)] == 1
    assert found["prism_part_up", (("part", "database"),)] == 1
    assert found["prism_part_up", (("part", "queue"),)] == 0  # no cluster has reported


def test_it_costs_the_same_for_one_and_for_many() -> None:
    factories.make_completed()
    with CaptureQueriesContext(connection) as few:
        values()
    for _ in range(5):
        factories.make_completed()
        factories.make_held()
    with CaptureQueriesContext(connection) as many:
        values()
    assert len(many) == len(few)


def test_only_reading_is_possible() -> None:
    assert Client().post("/metrics", REMOTE_ADDR="127.0.0.1").status_code == 405
