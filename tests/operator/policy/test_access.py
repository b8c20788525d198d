"""Who may read policy and who may change it: every address, as everybody."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from prism_site.operator.policy.urls import urlpatterns
from prism_site.policy.models import RuntimeConfig
from prism_site.policy.resolve import set_policy
from tests.operator.conftest import make_operator
from tests.operator.policy.conftest import carried

pytestmark = pytest.mark.django_db
READS = {"policy", "export", "policy-key"}
NAMES = [str(pattern.name) for pattern in urlpatterns]
Ask = Callable[[Client, str], int]


def address(name: str, row: RuntimeConfig) -> str:
    kinds = {"key": row.config_key, "row_id": row.pk}
    pattern = next(str(each.pattern) for each in urlpatterns if each.name == name)
    given = {kind: value for kind, value in kinds.items() if f":{kind}>" in pattern}
    return reverse(f"operator-policy:{name}", kwargs=given)


def ask(client: Client, name: str) -> int:
    row = RuntimeConfig.objects.get()
    said = carried({"reward_pools": {"top_k": 5}}, value="{}")
    path = address(name, row)
    return (client.get(path) if name in READS else client.post(path, said)).status_code


@pytest.fixture(autouse=True)
def row() -> RuntimeConfig:
    return set_policy("reward_pools", {"top_k": 3}, by="ada")


def test_strangers_are_sent_to_the_login(client: Client) -> None:
    assert {name: ask(client, name) for name in NAMES} == dict.fromkeys(NAMES, 302)
    assert client.get("/operator/policy")["Location"] == "/login/?next=/operator/policy"


def test_other_accounts_are_refused(sign_in: Callable[..., Client]) -> None:
    trudy = sign_in("trudy", "view_hold", "view_transcript")
    assert {name: ask(trudy, name) for name in NAMES} == dict.fromkeys(NAMES, 403)


def test_operators_read_and_change_nothing(eve: Client) -> None:
    answers = {name: ask(eve, name) for name in NAMES}
    assert answers == {name: 200 if name in READS else 403 for name in NAMES}
    assert RuntimeConfig.objects.count() == 1


def test_changers_are_let_in_without_being_operators(dave: Client) -> None:
    answers = {name: ask(dave, name) for name in NAMES if name != "save"}
    assert answers == {**dict.fromkeys(answers, 200), "call-off": 302, "import": 422}
    assert ask(dave, "save") == 302


def test_a_form_from_elsewhere_changes_nothing() -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(make_operator("carol", "change_policy"))
    assert strict.post("/operator/policy/save", carried({"reward_pools": {}})).status_code == 403
    assert RuntimeConfig.objects.count() == 1


def test_reading_never_writes(dave: Client, row: RuntimeConfig) -> None:
    paths = [address(name, row) for name in NAMES if name not in READS | {"import"}]
    assert {dave.get(path).status_code for path in paths} == {405}
