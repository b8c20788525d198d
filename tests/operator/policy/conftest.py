"""People who may change policy, and what they send."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from prism_site.config import override_env
from prism_site.operator.policy.saving import versions
from prism_site.policy.environment import BACKED_BY
from prism_site.policy.keys import SCHEMAS
from prism_site.policy.schemas.walk import walk


@pytest.fixture(autouse=True)
def nothing_from_the_environment() -> Iterator[None]:
    """Policy as a host without any `PRISM_*` variable sees it."""
    with override_env(**dict.fromkeys(BACKED_BY)):
        yield


@pytest.fixture
def carol(sign_in: Callable[..., Client]) -> Client:
    """A browser of somebody who may change policy."""
    return sign_in("carol", "resolve_hold", "change_policy")


@pytest.fixture
def dave(sign_in: Callable[..., Client]) -> Client:
    """Another one."""
    return sign_in("dave", "change_policy")


def address(key: str, rest: str = "") -> str:
    return f"/operator/policy/{key}{rest}"


def filled(key: str, **values: str) -> dict[str, str]:
    """The typed form of a key as a browser sends it."""
    empty = {path.replace(".", "__"): "" for path, _ in walk(SCHEMAS[key])}
    return {**empty, "effective_from": "", "seen": json.dumps(versions([key])), **values}


def carried(values: dict[str, Any], **said: str) -> dict[str, str]:
    """What the review's form sends to save a draft."""
    seen = json.dumps(versions(values))
    return {
        "draft": json.dumps(values),
        "seen": seen,
        "effective_from": "",
        "note": "tried it",
        **said,
    }


def html(response: Any, status: int = 200) -> str:
    assert response.status_code == status, response.content.decode()[:2_000]
    text: str = response.content.decode()
    return text
