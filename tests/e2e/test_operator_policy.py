"""Policy in a real browser: a threshold is replayed, scheduled and rolled back; two people in conflict."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from prism_site.policy.models import RuntimeConfig
from prism_site.policy.resolve import resolve_policy, set_policy
from tests.e2e.conftest import Visit
from tests.operator.conftest import make_operator
from tests.scoring.test_architectures import scored

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

KEY = "/operator/policy/score_weights"
# The answers that a browser complains of and that belong here: their own tests assert them.
EXPECTED = tuple(
    f"error: Failed to load resource: the server responded with a status of {code}" for code in (409, 422)
)
LOOKS: dict[str, dict[str, Any]] = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "narrow": {"viewport": {"width": 360, "height": 740}},
}
Enter = Callable[..., Visit]


@pytest.fixture
def enter(chromium: Browser, live_server: Any) -> Iterator[Enter]:
    """The browser of somebody who may change policy: `enter("carol")`."""
    visits: list[Visit] = []

    def entered(name: str, **options: Any) -> Visit:
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        client = Client()
        client.force_login(make_operator(name, "resolve_hold", "change_policy"))
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies(
            [{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}]
        )
        visits.append(Visit(context.new_page(), live_server.url))
        return visits[-1]

    yield entered
    for visit in visits:
        visit.page.context.close()
    complaints = [complaint for visit in visits for complaint in visit.complaints]
    assert [complaint for complaint in complaints if not complaint.startswith(EXPECTED)] == []


def fill(page: Page, field: str, value: str) -> None:
    page.locator(f"[name={field.replace('.', '__')}]").fill(value)


def review(page: Page) -> None:
    page.get_by_role("button", name="Review the draft").click()


def save(page: Page, note: str) -> None:
    page.get_by_label("Note, kept with the row").fill(note)
    page.get_by_role("button", name="Put in force").or_(page.get_by_role("button", name="Schedule")).click()
    page.wait_for_url("**/operator/policy/score_weights")


def threshold() -> float:
    return resolve_policy().score_weights.improvement_thresholds.min_delta_abs


def test_a_threshold_is_replayed_scheduled_and_rolled_back(enter: Enter) -> None:
    first = scored(1.0, name="first")
    better = scored(3.0, like=first, name="better")
    before = set_policy("score_weights", {"improvement_thresholds": {"min_delta_abs": 0.004}}, by="ada")
    page = enter("carol").open("/operator/policy")
    page.get_by_role("link", name="score_weights").click()
    fill(page, "improvement_thresholds.min_delta_abs", "9")
    review(page)
    expect(page.locator("[name=improvement_thresholds__min_delta_abs] ~ .late")).to_contain_text("max_value")
    fill(page, "improvement_thresholds.min_delta_abs", "1")
    page.locator("#id_effective_from").fill(f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%dT%H:%M}")
    review(page)
    flips = page.locator("[data-replayed=Attributions]")
    expect(flips).to_contain_text("1 of 2 would flip")
    expect(flips.get_by_role("link", name="better")).to_have_attribute("href", f"/submissions/{better.pk}")
    save(page, "after the next epoch")
    scheduled = RuntimeConfig.objects.latest("pk")
    expect(page.locator(f"#row-{scheduled.pk}")).to_contain_text("scheduled")
    expect(page.locator(f"#row-{before.pk}")).to_contain_text("in force, expiring")
    assert threshold() == 0.004
    page.get_by_role("button", name=f"Call off row {scheduled.pk}").click()
    expect(page.locator(f"#row-{scheduled.pk}")).to_contain_text("disabled by carol")
    fill(page, "improvement_thresholds.min_delta_abs", "1")
    review(page)
    save(page, "at once, then")
    assert threshold() == 1.0
    page.get_by_role("button", name=f"Roll back to row {before.pk}").click()
    save(page, f"Roll back to row {before.pk}: too strict")
    assert threshold() == 0.004
    assert RuntimeConfig.objects.count() == 4


def test_two_people_one_winner_and_no_draft_lost(enter: Enter) -> None:
    carol, dave = (enter(name).open(KEY) for name in ("carol", "dave"))
    for page, value in ((carol, "0.01"), (dave, "0.02")):
        fill(page, "improvement_thresholds.min_delta_abs", value)
        review(page)
    save(carol, "a little stricter")
    dave.get_by_label("Note, kept with the row").fill("twice as strict")
    dave.get_by_role("button", name="Put in force").click()
    conflict = dave.locator("[data-conflict=policy_changed]")
    for told in ("carol wrote", "a little stricter", "0.01"):
        expect(conflict).to_contain_text(told)
    dave.get_by_role("button", name="Review it against theirs").click()
    expect(dave.get_by_label("Note, kept with the row")).to_have_value("twice as strict")
    save(dave, "twice as strict")
    assert threshold() == 0.02


@pytest.mark.parametrize("look", LOOKS)
def test_every_page_is_quiet_and_fits(enter: Enter, look: str) -> None:
    scored(3.0, like=scored(1.0), name="a" * 80)
    set_policy("score_weights", {"leaderboard_metric": "prequential"}, by="ada", note="n" * 120)
    later = datetime.now(UTC) + timedelta(days=1)
    set_policy("score_weights", {}, by="ada", note="later", effective_from=later)
    visit = enter("carol", **LOOKS[look])
    for path in (
        "/operator/policy",
        KEY,
        "/operator/policy/execution_mode_targets",
        "/operator/policy/import",
    ):
        page = visit.open(path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    page = visit.open(KEY)
    fill(page, "improvement_thresholds.min_delta_abs", "1")
    review(page)
    expect(page.locator("#replay")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert visit.complaints == []
