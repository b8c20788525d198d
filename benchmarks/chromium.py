"""A real Chromium for benchmarks, and the static files that its pages need."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser, closed on the way out; ends the program where there is none."""
    if not CHROMIUM.exists():
        sys.exit(f"there is no Chromium at {CHROMIUM}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


def collect_static() -> None:
    """What whitenoise serves; Django is set up already."""
    from django.core.management import call_command

    call_command("collectstatic", interactive=False, verbosity=0)


def milliseconds_since(began: float) -> float:
    """Since a reading of `time.perf_counter`."""
    return 1000 * (time.perf_counter() - began)
