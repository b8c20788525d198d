"""The miner's tool against the site, in this process: its requests go through a real socket."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache

from clients import prism_submit
from prism_site.config import override_env
from tests.factories import FILES

SEED = "11" * 32


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of whoever runs the tests: no key, no server, no proxy."""
    for name in ("PRISM_SERVER", "PRISM_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PRISM_SEED", SEED)
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits that were asked for, none of them waited."""
    asked: list[float] = []
    monkeypatch.setattr(prism_submit, "sleep", asked.append)
    return asked


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A bundle as its author has it."""
    bundle = tmp_path / "my_model"
    bundle.mkdir()
    for name, raw in FILES.items():
        (bundle / name).write_bytes(raw)
    return bundle


@pytest.fixture
def server(live_server: Any, transactional_db: None) -> Iterator[str]:
    cache.clear()
    with override_env(public_submissions_enabled=True):
        yield live_server.url
