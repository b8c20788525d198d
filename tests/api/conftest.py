import hashlib
import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from bittensor_wallet import Keypair
from django.core.cache import cache
from django.db.models import QuerySet
from django.test import Client

from evaluations.intake.bundle import pack
from prism_site.config import override_env
from prism_site.policy.models import RuntimeConfig
from prism_site.policy.resolve import set_policy

TOKEN = "the platform's token"
_nonces = itertools.count()

Upload = Callable[..., Any]


@pytest.fixture(autouse=True)
def house(tmp_path: Path, settings: Any) -> Iterator[None]:
    """An instance that takes public submissions, with empty counters and folders of its own."""
    cache.clear()
    settings.STATIC_ROOT = tmp_path
    with override_env(public_submissions_enabled=True, shared_token=TOKEN, var_dir=tmp_path):
        yield
    cache.clear()


@pytest.fixture
def alice() -> Keypair:
    return Keypair.create_from_uri("//Alice")


@pytest.fixture
def bob() -> Keypair:
    return Keypair.create_from_uri("//Bob")


def bundle_of(text: str = "def train(ctx):\n    pass\n") -> bytes:
    """An honest bundle; another text makes another bundle."""
    return pack(
        {"architecture.py": b"def build_model(ctx):\n    return None\n", "training.py": text.encode()}
    )


def signed(
    keypair: Keypair, body: bytes, *, nonce: str | None = None, timestamp: int | str | None = None
) -> dict[str, str]:
    """The headers that a wallet sends with a body."""
    nonce = nonce or f"nonce-{next(_nonces)}"
    timestamp = int(time.time()) if timestamp is None else timestamp
    digest = hashlib.sha256(body).hexdigest()
    message = f"prism:{keypair.ss58_address}:{nonce}:{timestamp}:{digest}"
    return {
        "X-Hotkey": keypair.ss58_address,
        "X-Signature": keypair.sign(message.encode()).hex(),
        "X-Nonce": nonce,
        "X-Timestamp": str(timestamp),
    }


@pytest.fixture
def upload(client: Client, alice: Keypair) -> Upload:
    """Send a body to the public door: signed by Alice unless headers are given."""

    def send(
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        *,
        content_type: str = "application/zip",
        **extra: Any,
    ) -> Any:
        body = bundle_of() if body is None else body
        headers = signed(alice, body) if headers is None else headers
        return client.post("/v1/submissions", body, content_type=content_type, headers=headers, **extra)

    return send


def platform(**headers: str) -> dict[str, str]:
    """The headers of the platform."""
    return {"Authorization": f"Bearer {TOKEN}", **headers}


def break_policy() -> RuntimeConfig:
    """A row that does not validate, written around everything that would refuse it."""
    row = set_policy("reward_pools", {"rank_decay": 0.5}, by="operator:test")
    QuerySet(RuntimeConfig).filter(pk=row.pk).update(value_json={"rank_decay": 7})
    return row


def assert_problem(response: Any, status: int, code: str) -> dict[str, Any]:
    """The answer is problem details with that status and code; return its body."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert (body["status"], body["code"], body["type"]) == (status, code, "about:blank")
    assert body["title"]
    return body
