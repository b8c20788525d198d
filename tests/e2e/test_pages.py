"""Every page in a real browser: no violation of the policy, no error, nothing wider than the screen."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from evaluations.enums import Stage
from scoring.models import Attribution, Score
from tests import factories
from tests.e2e.conftest import Visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LIGHT: dict[str, Any] = {"color_scheme": "light"}
DARK: dict[str, Any] = {"color_scheme": "dark"}
NARROW: dict[str, Any] = {"viewport": {"width": 360, "height": 740}}


def every_page() -> list[str]:
    """The addresses of all pages, over rows of every state."""
    score = factories.make_completed(name="scored")
    submissions = [
        score.submission_id,
        factories.make_failed().pk,
        factories.make_refused().pk,
        factories.make_held().pk,
        factories.make_evaluating().run.submission_id,
        factories.make_submission(stage=Stage.QUEUED).pk,
    ]
    pages = ["/", "/leaderboard", f"/leaderboard?hotkey={score.hotkey}", "/submit", "/login/"]
    family = Attribution.objects.get(pk=score.pk).family_id
    pages += ["/architectures", f"/architectures/{family}"]
    return pages + [f"/submissions/{pk}" for pk in submissions]


@pytest.mark.parametrize("visit", [LIGHT, DARK, NARROW], indirect=True, ids=["light", "dark", "narrow"])
def test_every_page_is_quiet_and_fits(visit: Visit) -> None:
    for path in every_page():
        page = visit.open(path)
        if page.locator("[data-curve]").count():
            page.wait_for_selector("[data-points]", state="attached")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        assert visit.complaints == [], path


@pytest.mark.parametrize("visit", [LIGHT, DARK, NARROW], indirect=True, ids=["light", "dark", "narrow"])
def test_empty_pages_are_quiet_and_fit(visit: Visit) -> None:
    for path in ("/", "/leaderboard", "/submit"):
        page = visit.open(path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def test_theme_toggle_is_remembered(visit: Visit) -> None:
    page = visit.open("/")
    page.get_by_role("button", name="Theme").click()
    page.get_by_role("button", name="Theme").click()
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(16, 18, 22)"


def test_operator_signs_in_and_reaches_the_admin(visit: Visit) -> None:
    User.objects.create_superuser("operator", password="correct horse")
    page = visit.open("/login/?next=/admin/")
    page.get_by_label("Name").fill("operator")
    page.get_by_label("Password").fill("correct horse")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_selector("#user-tools")
    assert page.url.endswith(":" + visit.base.rsplit(":", 1)[1] + "/admin/")
    for path in ("/admin/policy/runtimeconfig/", "/admin/auth/user/add/", "/docs/api/"):
        visit.open(path)
        assert visit.complaints == [], path


def test_front_page_shows_a_new_submission_by_itself(visit: Visit) -> None:
    page = visit.open("/")
    submission = factories.make_submission(name="fresh one")
    page.wait_for_selector(f"a[href='/submissions/{submission.pk}']", timeout=15_000)


def test_a_server_that_is_away_is_told_and_taken_back(visit: Visit) -> None:
    page = visit.open("/")
    told = page.get_by_text("The server does not answer")
    page.route("**/now", lambda route: route.abort())
    told.wait_for(state="visible", timeout=15_000)
    page.unroute("**/now")
    page.evaluate("htmx.trigger(document.querySelector('[data-live]'), 'refresh')")
    told.wait_for(state="hidden", timeout=15_000)
    away = ("ERR_FAILED", "error: htmx:")  # what a browser and htmx say of a request that failed
    visit.complaints = [each for each in visit.complaints if not any(sign in each for sign in away)]


def test_hotkey_is_highlighted_on_the_leaderboard(visit: Visit) -> None:
    factories.make_completed(name="other")
    mine = factories.make_completed(name="mine")
    page = visit.open(f"/leaderboard?hotkey={mine.hotkey}")
    assert page.locator("tr[aria-current=true]").inner_text().count("mine") == 1
    assert Score.objects.count() == page.locator("tbody tr").count()
