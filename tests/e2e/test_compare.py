"""A comparison in a real browser: ticked on the leaderboard, drawn, read without a script."""

import pytest
from playwright.sync_api import expect

from tests import factories
from tests.e2e.conftest import Visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

NARROW = {"color_scheme": "dark", "viewport": {"width": 360, "height": 740}}
DRAWN = "[data-curves-canvas][data-drawn='3']"


@pytest.mark.parametrize("visit", [NARROW], indirect=True, ids=["narrow"])
def test_submissions_ticked_on_the_leaderboard_are_compared(visit: Visit) -> None:
    for number in range(3):
        factories.make_completed(ease=1 + number / 2, name=f"model {number}")
    page = visit.open("/leaderboard")
    for box in page.get_by_role("checkbox").all():
        box.check()
    page.get_by_role("button", name="Compare the ticked ones").click()
    page.wait_for_selector(DRAWN)
    page.wait_for_selector("[data-gains-canvas][data-drawn='2']")
    names = page.locator("[data-curves-canvas] .legendtext").all_text_contents()
    assert names == ["1 · model 2", "2 · model 1", "3 · model 0", "PPMd", "uniform"]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="chunks").click()
    page.wait_for_selector("[data-curves-canvas][data-view='chunks log linear']")
    assert "ids=" in page.url
    assert page.url.endswith("&x=chunks")
    page.get_by_role("button", name="FLOPs", exact=True).click()
    page.wait_for_selector("[data-curves-canvas][data-view='flops log linear'][data-drawn='3']")


@pytest.mark.parametrize("visit", [{"java_script_enabled": False}], indirect=True)
def test_the_figures_need_no_script(visit: Visit) -> None:
    for number in range(2):
        factories.make_completed(ease=1 + number, name=f"model {number}")
    page = visit.open("/leaderboard")
    for box in page.get_by_role("checkbox").all():
        box.check()
    page.get_by_role("button", name="Compare the ticked ones").click()
    expect(page.get_by_role("cell", name="not better", exact=True)).to_be_visible()
