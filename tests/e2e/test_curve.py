"""The curve in a real browser: it appears, grows, keeps a zoom, and ends at the manifest's numbers."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from evaluations.models import Attempt, Run
from scoring.actions import record_score
from tests import factories
from tests.e2e.conftest import Visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

CURVE = "Array.from(document.querySelector('[data-curve-canvas]').data.find(t => t.meta === 'curve')"
GROWN = 15_000  # milliseconds; a poll takes 2.5 s


def wait_for_points(page: Page, count: int) -> None:
    page.wait_for_selector(f"[data-curve-canvas][data-points='{count}']", timeout=GROWN)


def column(page: Page, name: str) -> list[float]:
    values: list[float] = page.evaluate(f"{CURVE}.{name})")
    return values


def axis_range(page: Page) -> Any:
    return page.evaluate("document.querySelector('[data-curve-canvas]').layout.xaxis.range")


def open_curve(visit: Visit, attempt: Attempt, points: int, query: str = "") -> Page:
    page = visit.open(f"/submissions/{attempt.run.submission_id}{query}")
    wait_for_points(page, points)
    return page


def test_curve_appears_with_its_reference_lines(visit: Visit) -> None:
    page = open_curve(visit, factories.make_evaluating(points=5), 5)
    names = page.locator("[data-curve-canvas] .legendtext").all_text_contents()
    assert names == ["each chunk by itself", "this submission, so far", "PPMd", "uniform"]
    expect(page.get_by_text("5 of 28 chunks")).to_be_visible()


def test_curve_grows_and_keeps_the_zoom(visit: Visit) -> None:
    attempt = factories.make_evaluating(points=5)
    page = open_curve(visit, attempt, 5)
    box = page.locator("[data-curve-canvas] .nsewdrag").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 60, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 320, box["y"] + 240, steps=8)
    page.mouse.up()
    zoomed = axis_range(page)
    factories.make_points(attempt, 6, first=5)
    wait_for_points(page, 11)
    assert len(column(page, "x")) == 11
    assert axis_range(page) == zoomed


def test_curve_ends_at_the_manifest(visit: Visit) -> None:
    attempt = factories.make_evaluating(points=20)
    page = open_curve(visit, attempt, 20)
    factories.make_points(attempt, 8, first=20)
    factories.finish(attempt)
    record_score(submission_id=attempt.run.submission_id, by=factories.BY)
    wait_for_points(page, 28)
    page.wait_for_selector("[data-over=yes]", timeout=GROWN)
    manifest = Run.objects.get(pk=attempt.run_id).manifest
    assert manifest is not None
    assert column(page, "x") == manifest["curve"]["bytes"]
    assert column(page, "y") == manifest["curve"]["bpb"]
    assert page.locator("[data-over] dd").first.inner_text().startswith(f"{manifest['score']['bpb']:.6f}")
    assert page.locator("[data-curve-live]").is_hidden()


def test_axes_are_one_click_and_live_in_the_url(visit: Visit) -> None:
    attempt = factories.make_evaluating(points=4)
    page = open_curve(visit, attempt, 4)
    page.get_by_role("button", name="chunks").click()
    page.get_by_role("group", name="Scale of x").get_by_role("button", name="linear").click()
    page.wait_for_selector("[data-view='chunks linear linear']")
    assert column(page, "x") == [1, 2, 3, 4]
    assert page.url.endswith("?x=chunks&xscale=linear")
    reopened = open_curve(visit, attempt, 4, "?x=chunks&xscale=linear")
    assert column(reopened, "x") == [1, 2, 3, 4]


def test_curve_is_saved_as_an_image(visit: Visit) -> None:
    page = open_curve(visit, factories.make_evaluating(points=4), 4)
    with page.expect_download() as download:
        page.get_by_role("button", name="PNG").click()
    assert download.value.suggested_filename == "prism-curve.png"
    assert download.value.path().read_bytes().startswith(b"\x89PNG")


def test_next_attempt_replaces_the_curve(visit: Visit) -> None:
    attempt = factories.make_evaluating(points=9)
    page = open_curve(visit, attempt, 9)
    factories.lose(attempt)
    again = factories.start(attempt.run)
    factories.make_points(again, 3)
    wait_for_points(page, 3)
    assert len(column(page, "x")) == 3


def test_page_before_the_first_chunk_says_so(visit: Visit) -> None:
    submission = factories.make_submission()
    page = visit.open(f"/submissions/{submission.pk}")
    expect(page.get_by_text("No chunk has been scored yet")).to_be_visible()
