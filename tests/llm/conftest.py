"""Every test here speaks to loopback, without a proxy and without pauses before retries."""

import pytest

from reviews.llm import client


@pytest.fixture(autouse=True)
def _no_proxy_and_no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(client, "LONGEST_WAIT_SECONDS", 0.0)
