"""The curve in a real browser: it appears, grows, keeps a zoom, and ends at the manifest's numbers."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from evaluations import progress
from evaluations.models import Attempt, CurvePoint, Run
from scoring.actions import record_score
from tests import factories
from tests.e2e.conftest import Visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

CURVE = "Array.from(document.querySelector('[data-curve-canvas]').data.find(t => t.meta === 'curve')"
LINES = ["each chunk by itself", "this submission, so far", "PPMd", "uniform"]
CANVAS = "document.querySelector('[data-curve-canvas]')"
LOOKS = f"[{CANVAS}._fullLayout.width, {CANVAS}.data[1].line.color]"
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


def long_attempt(chunks: int) -> Attempt:
    attempt = factories.make_evaluating(points=0)
    points = [
        CurvePoint(
            attempt=attempt,
            index=index,
            stream_bytes=10 * (index + 1),
            bits=30.0 * (index + 1),
            chunk_bytes=10,
            chunk_bits=30.0 + index % 7,
            tokens=10 * (index + 1),
            seconds=float(index),
        )
        for index in range(chunks)
    ]
    progress.store(attempt, points, before=0, after=chunks)
    factories.lose(attempt)
    return attempt


def test_curve_appears_with_its_reference_lines(visit: Visit) -> None:
    page = open_curve(visit, factories.make_evaluating(points=5), 5)
    names = page.locator("[data-curve-canvas] .legendtext").all_text_contents()
    assert names == LINES
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
    assert axis_range(page) == pytest.approx(zoomed, abs=1e-4)


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


def test_curve_is_saved_as_images_and_as_every_point(visit: Visit) -> None:
    page = open_curve(visit, factories.make_evaluating(points=4), 4)
    for name, start in (("PNG", b"\x89PNG"), ("SVG", b"<svg")):
        with page.expect_download() as download:
            page.get_by_role("button", name=name).click()
        assert download.value.suggested_filename == f"prism-curve.{name.lower()}"
        assert download.value.path().read_bytes().startswith(start)
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert len(download.value.path().read_text().splitlines()) == 1 + 4


def test_a_closer_look_at_a_long_curve_is_asked_of_the_server(visit: Visit) -> None:
    page = open_curve(visit, long_attempt(5_000), 5_000, "?x=chunks&xscale=linear&smooth=mean&span=5")
    expect(page.get_by_text("of 5\u202f000 points, min-max")).to_be_visible()
    page.evaluate(
        "Plotly.relayout(document.querySelector('[data-curve-canvas]'), {'xaxis.range': [2000, 2100]})"
    )
    page.wait_for_selector(
        "[data-curve-canvas][data-shown='203']", timeout=GROWN
    )  # half as much to either side
    assert axis_range(page) == [2000, 2100]
    assert page.url.endswith("from=2000.00&to=2100.00")
    page.locator("[data-curve-canvas]").press("ArrowRight")
    page.wait_for_url("**from=2020.00&to=2120.00")
    page.reload()
    page.wait_for_selector("[data-curve-canvas][data-shown='203']", timeout=GROWN)
    assert axis_range(page) == [2020, 2120]
    page.get_by_role("button", name="Reset zoom").click()
    page.wait_for_selector("[data-curve-canvas]:not([data-shown='203'])", timeout=GROWN)
    assert "from" not in page.url


def test_a_zoom_across_is_in_the_address_and_what_it_hides_is_counted(visit: Visit) -> None:
    attempt = factories.make_evaluating(points=20)
    page = open_curve(visit, attempt, 20)
    before = page.evaluate(f"{CANVAS}.layout.yaxis.range")
    page.evaluate(f"Plotly.relayout({CANVAS}, {{'yaxis.range': [4, 6]}})")
    page.wait_for_url("**yfrom=4.00000&yto=6.00000")
    shown = page.locator("[data-curve-caption]")
    expect(shown).to_contain_text("beyond what is shown")
    assert page.evaluate(f"{CANVAS}.data.find(t => t.meta === 'above').y.every(y => y === 6)")
    page.reload()
    wait_for_points(page, 20)
    expect(shown).to_contain_text("beyond what is shown")
    assert page.evaluate(f"{CANVAS}.layout.yaxis.range") == [4, 6]
    page.locator("[data-curve-canvas]").press("ArrowUp")
    page.wait_for_url("**yfrom=4.40000&yto=6.40000")
    page.locator("[data-curve-canvas]").press("0")
    page.wait_for_url(lambda url: "yfrom" not in url)
    expect(shown).not_to_contain_text("beyond what is shown")
    assert page.evaluate(f"{CANVAS}.layout.yaxis.range") == before


def test_curve_stands_before_its_rivals_and_says_where_it_comes_from(visit: Visit) -> None:
    factories.make_completed(ease=3.0)
    other = factories.make_completed()
    page = open_curve(visit, Attempt.objects.get(run=other.run), 28)
    names = page.locator("[data-curve-canvas] .legendtext").all_text_contents()
    assert names == [*LINES, "current best"]
    expect(page.locator("[data-curve-provenance]")).to_contain_text("python-docs at cpython-3.11")


@pytest.mark.parametrize("visit", [{"color_scheme": "dark"}], indirect=True)
def test_curve_is_printed_on_a_page_in_ink_and_shown_as_before(visit: Visit) -> None:
    page = open_curve(visit, factories.make_evaluating(points=4), 4)
    page.evaluate(f"addEventListener('beforeprint', () => {{ window.printed = {LOOKS} }})")
    before = page.evaluate(LOOKS)
    page.pdf()
    assert page.evaluate("window.printed") == [640, "rgb(35, 71, 184)"]
    assert page.evaluate(LOOKS) == before != [640, "rgb(35, 71, 184)"]


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
