"""What a miner comes for, without a mouse: why was it rejected, what is better, where does a curve bend."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from evaluations import attempts
from tests import factories
from tests.e2e.conftest import Visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WIDE: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}}
NARROW: dict[str, Any] = {"viewport": {"width": 360, "height": 740}}
BOTH = pytest.mark.parametrize("visit", [WIDE, NARROW], indirect=True, ids=["wide", "narrow"])
MOST_KEYS = 150
FOCUSED = "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent.trim()"
# Shifts of what was there before, since the page was watched; a refresh may change figures and move nothing.
WATCH = """() => {
  window.shifts = [];
  new PerformanceObserver(list => list.getEntries().forEach(entry => window.shifts.push([
    entry.value, entry.sources.map(source => source.node?.outerHTML?.slice(0, 120)),
  ]))).observe({ type: "layout-shift" });
}"""
TWO_FRAMES = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


def tab_to(page: Page, name: str) -> None:
    """Press Tab until what is called so has the focus, and is in sight."""
    for _ in range(MOST_KEYS):
        page.keyboard.press("Tab")
        if page.evaluate(FOCUSED) == name:
            box = page.evaluate(
                "(({top, bottom}) => [top, bottom])(document.activeElement.getBoundingClientRect())"
            )
            assert box[1] > 0, f"{name} is focused out of sight"
            return
    raise AssertionError(f"{name} is not reached by {MOST_KEYS} tabs")


def make_leak() -> str:
    """A submission that was rejected for a prediction that depends on what follows."""
    violation = {
        "code": "causality_violation", "chunk": 3, "window": 5, "position": 41,
        "claimed": -0.02, "audited": -6.1, "difference": 6.08,
    }  # fmt: skip
    attempt = factories.make_evaluating(points=4, name="a leak")
    made = factories.manifest_of(attempt, verdict="rejected", code="causality_violation", reason="A leak.")
    made["audit"] = {**factories.AUDIT, "violations": [violation]}
    assert attempts.finish(attempt, manifest=made, exit_code=1)
    return str(attempt.run.submission_id)


@BOTH
def test_why_it_was_rejected_where_and_what_to_do_is_found_by_keys(visit: Visit) -> None:
    submission_id = make_leak()
    page = visit.open("/")
    tab_to(page, "a leak")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/submissions/{submission_id}")
    status = page.get_by_role("region", name="Status")
    for said in ("causality_violation", "In chunk 3, window 5, position 41", "What to do next:"):
        expect(status).to_contain_text(said)
    tab_to(page, "Why the score cannot be bent")
    page.keyboard.press("Enter")
    page.wait_for_url("**/docs/integrity/#what-you-might-try")


@BOTH
def test_twelve_are_ticked_and_compared_by_keys(visit: Visit) -> None:
    for number in range(12):
        factories.make_completed(ease=1 + number / 10, name=f"model {number}")
    page = visit.open("/leaderboard")
    for number in reversed(range(12)):
        tab_to(page, f"Compare model {number}")
        page.keyboard.press("Space")
    tab_to(page, "Compare the ticked ones")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-curves-canvas][data-drawn='12']")
    page.wait_for_selector("[data-gains-canvas][data-drawn='11']")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@BOTH
def test_leaderboard_is_ranked_and_filtered_by_keys(visit: Visit) -> None:
    mine = factories.make_completed(name="mine")
    page = visit.open("/leaderboard")
    page.locator("#filter-metric").focus()
    page.keyboard.press("ArrowDown")
    page.locator("#filter-hotkey").focus()
    page.keyboard.type(mine.hotkey)
    tab_to(page, "Show")
    page.keyboard.press("Enter")
    page.wait_for_url("**metric=blend**")
    assert f"hotkey={mine.hotkey}" in page.url
    expect(page.get_by_text("No blend")).to_be_visible()
    page.locator("#filter-metric").focus()
    page.keyboard.press("ArrowUp")
    tab_to(page, "Show")
    page.keyboard.press("Enter")
    expect(page.locator("tr[aria-current=true]")).to_contain_text("mine")


@BOTH
def test_the_curve_is_smoothed_and_zoomed_by_keys(visit: Visit) -> None:
    score = factories.make_completed()
    page = visit.open(f"/submissions/{score.submission_id}")
    page.wait_for_selector("[data-curve-canvas][data-points='28']")
    page.locator("[data-choice=smooth] button[value=none]").focus()
    tab_to(page, "mean")
    page.keyboard.press("Space")
    page.wait_for_url("**smooth=mean")
    expect(page.locator("[data-curve-canvas] .legendtext", has_text="mean of 10 chunks")).to_be_visible()
    canvas = page.locator("[data-curve-canvas]")
    canvas.focus()
    for key, kept in (("+", "from="), ("]", "yfrom=")):
        page.keyboard.press(key)
        page.wait_for_url(f"**{kept}**")
    page.keyboard.press("0")
    page.wait_for_url(lambda url: "from" not in url)
    assert "smooth=mean" in page.url


@BOTH
def test_a_refresh_moves_nothing(visit: Visit) -> None:
    attempt = factories.make_evaluating(points=6)
    for count, path in ((7, "/"), (8, f"/submissions/{attempt.run.submission_id}")):
        page = visit.open(path)
        if "submissions" in path:
            page.wait_for_selector("[data-curve-canvas][data-points='7']")
        page.evaluate(WATCH)
        factories.make_points(attempt, 1, first=count - 1)
        with page.expect_response(
            lambda answer: answer.url.endswith(("/now", "/live")) and answer.status == 200
        ):
            page.evaluate("htmx.trigger(document.querySelector('[data-live]'), 'refresh')")
        if "submissions" in path:
            page.wait_for_selector("[data-curve-canvas][data-points='8']", timeout=15_000)
        page.evaluate(TWO_FRAMES)
        assert page.evaluate("window.shifts") == [], path
