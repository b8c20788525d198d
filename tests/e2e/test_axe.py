"""Every page in one browser: axe-core finds nothing grave in light or dark, nothing is wider than its screen.

axe-core comes from npm, pinned, into a cache outside the repository, once; without npm the test is skipped.
"""

import json
import os
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page

from evaluations.enums import Stage
from prism_site.operator import saved_filters
from prism_site.operator.queue import Filters
from reviews.models import Hold
from scoring.models import Family
from tests import factories
from tests.e2e.conftest import Visit
from tests.operator.conftest import make_copies, make_operator, make_quarantine

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

AXE = "4.14.1"
INSTALL_SECONDS = 120
# What a script draws, and what is there once it has.
DRAWN = {"[data-curve]": "[data-points]", "#swagger-ui": ".opblock"}
GRAVE = {"serious", "critical"}
COLOURS_ALONE = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 360, "height": 740}
# A change of theme is looked at when it is over.
LOOK = """options => {
  document.getAnimations().forEach(animation => animation.finish());
  return axe.run(document, options);
}"""
# What sticks out of the screen, once figures had the time to follow a change of its width.
STICKS_OUT = """async () => {
  const fits = () => document.documentElement.scrollWidth <= innerWidth;
  for (let look = 0; look < 30 && !fits(); look++) await new Promise(requestAnimationFrame);
  if (fits()) return [];
  const out = one => one.getBoundingClientRect().right > innerWidth + 1 && !one.closest('.masthead');
  const found = [...document.querySelectorAll('*')].filter(out).slice(0, 9);
  return found.map(one => `${one.tagName} ${one.className}`);
}"""


@pytest.fixture(scope="module")
def axe() -> str:
    """The source of axe-core."""
    folder = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / f"prism-axe-core-{AXE}"
    source = folder / "node_modules/axe-core/axe.min.js"
    if not source.exists():
        _install(folder)
    return source.read_text()


def _install(folder: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("NOT CHECKED: accessibility needs npm, which is not installed")
    folder.mkdir(parents=True, exist_ok=True)
    command = [npm, "install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", f"axe-core@{AXE}"]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        pytest.skip("NOT CHECKED: npm did not fetch axe-core in time")
    if done.returncode:
        pytest.skip(f"NOT CHECKED: npm could not install axe-core: {done.stderr[-300:]}")


def every_page() -> list[str]:
    """The addresses of all pages, over rows of every state."""
    score = factories.make_completed(name="scored")
    second = factories.make_completed(name="second", ease=2.0)
    hold = make_quarantine()
    Hold.objects.filter(pk=hold.pk).update(due_at=timezone.now() - timedelta(hours=30))
    saved_filters.save(User.objects.get(), name="Copies", filters=Filters(kind="quarantine"))
    make_copies()
    submissions = [
        score.submission_id,
        factories.make_failed().pk,
        factories.make_refused().pk,
        factories.make_held().pk,
        factories.make_evaluating().run.submission_id,
        factories.make_submission(stage=Stage.QUEUED).pk,
    ]
    return [
        "/",
        "/leaderboard",
        f"/leaderboard?hotkey={score.hotkey}",
        "/compare",
        f"/compare?ids={score.submission_id},{second.submission_id}",
        "/architectures",
        *[f"/architectures/{pk}" for pk in Family.objects.values_list("pk", flat=True)[:1]],
        "/submit",
        *[f"/submissions/{pk}" for pk in submissions],
        "/operator/",
        "/operator/holds",
        f"/operator/holds/{hold.pk}",
        "/operator/holds?kind=quarantine",
        "/operator/holds/filters",
        "/operator/holds/overdue",
        "/operator/keys",
        "/operator/weights",
        "/operator/audit",
        "/operator/audit/overturns",
        "/operator/policy",
        "/operator/policy/score_weights",
        "/docs/",
        "/docs/miners/",
        "/docs/architecture/",
        "/docs/api/",
        "/admin/",
        "/admin/evaluations/submission/",
        "/admin/policy/runtimeconfig/",
    ]


def grave(page: Page, options: dict[str, Any]) -> list[str]:
    """What axe-core finds serious or critical, one line per rule with the elements it means."""
    found = page.evaluate(LOOK, {"resultTypes": ["violations"], **options})
    return [
        f"{violation['id']} ({violation['help']}): "
        + json.dumps(
            [
                (node["target"], node["any"][:1] and node["any"][0]["message"])
                for node in violation["nodes"][:6]
            ]
        )
        for violation in found["violations"]
        if violation["impact"] in GRAVE
    ]


def faults(page: Page, axe: str) -> list[str]:
    """Everything wrong with the page that is open."""
    page.set_viewport_size(WIDE)
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.evaluate(axe)
    found = [f"light: {line}" for line in grave(page, {})]
    found += [f"wider than 1440 px: {element}" for element in page.evaluate(STICKS_OUT)]
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    found += [f"dark: {line}" for line in grave(page, COLOURS_ALONE)]
    page.set_viewport_size(NARROW)
    return found + [f"wider than 360 px: {element}" for element in page.evaluate(STICKS_OUT)]


def signed_in(chromium: Browser, base: str) -> Page:
    """A page of an operator who administers the raw rows too."""
    context = chromium.new_context(viewport=WIDE)
    client, user = Client(), make_operator("eve")
    user.is_staff = user.is_superuser = True
    user.save()
    client.force_login(user)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": base}])
    return context.new_page()


@pytest.fixture
def operator(chromium: Browser, live_server: Any) -> Any:
    page = signed_in(chromium, live_server.url)
    yield Visit(page, live_server.url)
    page.context.close()


def test_a_fault_would_be_found(visit: Visit, axe: str) -> None:
    page = visit.open("/login/")
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('img'), {src: '/static/img/prism.svg'}))"
    )
    page.evaluate("document.body.style.width = '2000px'")
    found = faults(page, axe)
    assert any(line.startswith("light: image-alt") for line in found)
    assert {line.partition(":")[0] for line in found} >= {"wider than 1440 px", "wider than 360 px"}


def test_no_page_has_a_grave_fault(visit: Visit, operator: Visit, axe: str) -> None:
    found = {}
    for visitor, paths in ((visit, ["/login/", "/nowhere"]), (operator, every_page())):
        for path in paths:
            page = visitor.open(path)
            for panel, drawn in DRAWN.items():
                if page.locator(panel).count():
                    page.wait_for_selector(drawn, state="attached")
            found[path] = faults(page, axe)
        visitor.complaints = [each for each in visitor.complaints if "404 (Not Found)" not in each]
    report = [f"{path} {line}" for path, lines in found.items() for line in lines]
    assert not report, "\n".join(report)
    assert operator.complaints == []
