"""A real Chromium against the real pages; whatever the browser complains about fails the test."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, Request, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session", autouse=True)
def _orm_beside_a_browser() -> Iterator[None]:
    """Playwright's synchronous API runs a loop in this thread, beside which Django refuses to query."""
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    yield
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
    else:
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = before


@pytest.fixture(scope="session", autouse=True)
def _collected_files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The files as they are now, not as they were when somebody collected them last."""
    with override_settings(STATIC_ROOT=tmp_path_factory.mktemp("static")):
        yield


@pytest.fixture(scope="session")
def driver() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def chromium(driver: Playwright) -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"there is no Chromium at {CHROMIUM}")
    browser = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
    yield browser
    browser.close()


class Visit:
    """A page with everything that went wrong on it."""

    def __init__(self, page: Page, base: str) -> None:
        self.page, self.base = page, base
        self.complaints: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))
        page.on("requestfailed", self._fail)

    def open(self, path: str) -> Page:
        """Go to a path and wait for the network to be quiet but for polling."""
        self.page.goto(self.base + path, wait_until="load")
        return self.page

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.type}: {message.text}")

    def _fail(self, request: Request) -> None:
        if "ERR_ABORTED" not in str(request.failure):  # a poll that a navigation cut off
            self.complaints.append(f"failed: {request.url} {request.failure}")


@pytest.fixture
def visit(chromium: Browser, live_server: Any, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """A page in a fresh context; `indirect` parameters are those of the context (theme, viewport)."""
    options: dict[str, Any] = getattr(request, "param", {})
    context = chromium.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
    visitor = Visit(context.new_page(), live_server.url)
    yield visitor
    context.close()
    assert visitor.complaints == []
