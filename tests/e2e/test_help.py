"""Explanations in a real browser: by keyboard, by mouse, by touch; and the documents that they lead to."""

from typing import Any

import pytest

from tests import factories
from tests.e2e.conftest import Visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

DARK: dict[str, Any] = {"color_scheme": "dark"}
NARROW: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "has_touch": True}


def test_focus_explains_escape_closes_and_the_link_is_next(visit: Visit) -> None:
    factories.make_completed()
    page = visit.open("/leaderboard")
    line = page.locator("#term-rank")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "term-rank-mark":
            break
    assert line.is_visible()
    page.keyboard.press("Escape")
    assert line.is_hidden()
    page.keyboard.press("Enter")
    assert line.is_visible()
    page.keyboard.press("Tab")
    assert line.is_visible()
    page.keyboard.press("Enter")
    page.wait_for_url("**/docs/weights/#who-earns-what")


def test_hover_explains_beside_the_mark_and_leaving_closes(visit: Visit) -> None:
    score = factories.make_completed()
    page = visit.open(f"/submissions/{score.submission_id}")
    mark, line = page.locator("#term-final-score-mark"), page.locator("#term-final-score")
    mark.hover()
    line.wait_for(state="visible")
    at, shown = mark.bounding_box(), line.bounding_box()
    assert at is not None
    assert shown is not None
    assert abs(shown["y"] - at["y"] - at["height"]) < 20
    line.hover()
    assert line.is_visible()
    page.locator("h1").hover()
    line.wait_for(state="hidden")


@pytest.mark.parametrize("visit", [NARROW], indirect=True)
def test_touch_explains_within_a_narrow_screen(visit: Visit) -> None:
    score = factories.make_completed()
    page = visit.open(f"/submissions/{score.submission_id}")
    page.locator("#term-bpb-mark").tap()
    line = page.locator("#term-bpb")
    line.wait_for(state="visible")
    shown = line.bounding_box()
    assert shown is not None
    assert shown["x"] >= 0
    assert shown["x"] + shown["width"] <= 360
    page.locator("h1").tap()
    line.wait_for(state="hidden")


@pytest.mark.parametrize("visit", [DARK, NARROW], indirect=True, ids=["dark", "narrow"])
def test_documents_are_quiet_and_fit(visit: Visit) -> None:
    for path in ("/docs/", "/docs/?q=weights", "/docs/policy/", "/docs/architecture/", "/docs/http-api/"):
        page = visit.open(path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        assert visit.complaints == [], path
