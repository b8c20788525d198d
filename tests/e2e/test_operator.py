"""Operators in real browsers, also two at once: keyboard, claims, conflict, undo, many holds together."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from evaluations.enums import Status
from evaluations.models import Submission
from reviews.models import Hold
from tests import factories
from tests.e2e.conftest import Visit
from tests.operator.conftest import make_anomaly, make_copies, make_operator, make_quarantine

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SOON = 15_000  # milliseconds; a poll takes 3 s
NARROW: dict[str, Any] = {"viewport": {"width": 360, "height": 740}}
DARK: dict[str, Any] = {"color_scheme": "dark"}
# The one answer that a browser complains of and that belongs here: its own test asserts it.
CONFLICT = "error: Failed to load resource: the server responded with a status of 409 (Conflict)"
Enter = Callable[..., Visit]


@pytest.fixture
def enter(chromium: Browser, live_server: Any) -> Iterator[Enter]:
    """A signed-in operator's browser, as many as are asked for: `enter("eve")`."""
    visits: list[Visit] = []

    def entered(name: str, **options: Any) -> Visit:
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        client = Client()
        client.force_login(make_operator(name))
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
    assert [complaint for complaint in complaints if complaint != CONFLICT] == []


def press(page: Page, *keys: str) -> int:
    for key in keys:
        page.keyboard.press(key)
    return len(keys)


def status(hold: Hold) -> str:
    return Submission.objects.get(pk=hold.submission_id).status


def trail(hold: Hold) -> list[str]:
    return list(hold.events.order_by("pk").values_list("verb", flat=True))


def test_a_hold_is_resolved_from_the_keyboard_in_under_ten_presses(enter: Enter) -> None:
    first, second = make_anomaly(ease=2.0), make_quarantine()
    page = enter("eve").open("/operator/holds")
    expect(page.locator(f"#open-{first.pk}")).to_be_focused()
    presses = press(page, "Enter")
    page.wait_for_url(f"**/operator/holds/{first.pk}")
    presses += press(page, "l")
    expect(page.get_by_label("Note, kept with the decision")).to_be_focused()
    presses += press(page, "1", "Control+Enter")
    page.wait_for_url(f"**/operator/holds/{second.pk}?decided={first.pk}")
    assert presses == 4
    first.refresh_from_db()
    assert (first.decision, first.decided_by) == ("lift_multiplier", "operator:eve")
    assert first.note.startswith("The figures are explained")
    assert status(first) == Status.COMPLETED
    press(page, "u")  # the window of the undo is one key away
    page.wait_for_url(f"**/operator/holds/{first.pk}")
    expect(page.get_by_text("the hold is open again")).to_be_visible()
    assert (status(first), trail(first)) == (Status.HELD, ["open", "decide", "undo"])


def test_two_operators_one_winner_one_conflict_one_trail(enter: Enter) -> None:
    hold = make_anomaly()
    eve, mallory = (enter(name).open(f"/operator/holds/{hold.pk}") for name in ("eve", "mallory"))
    press(eve, "x")
    press(mallory, "r")
    eve.keyboard.type("a copy of earlier work")
    mallory.keyboard.type("looks fine to me")
    press(eve, "Control+Enter")
    eve.wait_for_url("**/operator/holds?decided=*")
    with mallory.expect_response(lambda answer: answer.url.endswith("/decide")) as answered:
        press(mallory, "Control+Enter")
    assert answered.value.status == 409
    conflict = mallory.locator("[data-conflict=hold_changed]")
    for said in ("operator:eve", "Confirm", "a copy of earlier work"):
        expect(conflict).to_contain_text(said)
    expect(mallory.get_by_text("looks fine to me")).to_be_visible()
    assert (status(hold), trail(hold)) == (Status.REJECTED, ["open", "decide"])


def test_a_claim_and_its_taking_over_are_seen_on_the_other_screens(enter: Enter) -> None:
    hold = make_quarantine()
    eve, mallory = (enter(name).open(f"/operator/holds/{hold.pk}") for name in ("eve", "mallory"))
    queue = enter("carol").open("/operator/holds")
    row = queue.locator(f"#hold-{hold.pk}")
    press(queue, "c")
    expect(row).to_contain_text("by me", timeout=SOON)
    press(queue, "c")
    expect(row).to_contain_text("nobody", timeout=SOON)
    press(eve, "c")
    expect(eve.locator("#claim")).to_contain_text("You are looking at it.")
    expect(mallory.locator("#claim")).to_contain_text("eve is looking at it.", timeout=SOON)
    expect(row).to_contain_text("eve", timeout=SOON)
    press(mallory, "c")
    expect(mallory.locator("#claim")).to_contain_text("You are looking at it.")
    expect(eve.locator("#claim")).to_contain_text("mallory is looking at it.", timeout=SOON)
    press(mallory, "x", "1", "Control+Enter")
    expect(eve.locator("#claim")).to_contain_text("Confirm by operator:mallory", timeout=SOON)
    expect(row).to_have_count(0, timeout=SOON)
    assert trail(hold) == ["open", "claim", "unclaim", "claim", "take_over", "decide"]


def test_a_claim_is_renewed_while_the_page_is_open(enter: Enter) -> None:
    hold = make_quarantine()
    visit = enter("eve")
    visit.page.clock.install()
    page = visit.open(f"/operator/holds/{hold.pk}")
    press(page, "c")
    expect(page.locator("#claim")).to_contain_text("You are looking at it.")
    hold.refresh_from_db()
    before = hold.claim_expires_at
    assert before is not None
    with page.expect_request(lambda asked: "action=renew" in (asked.post_data or "")):
        for _ in range(36):  # the bar is read meanwhile, and must not begin the half minute anew
            page.clock.run_for(1_000)
    page.wait_for_load_state("networkidle")
    hold.refresh_from_db()
    assert hold.claim_expires_at is not None
    assert hold.claim_expires_at > before


def test_rows_are_walked_chosen_and_decided_together_while_the_queue_refreshes(enter: Enter) -> None:
    alike, other = [make_quarantine() for _ in range(3)], make_anomaly(ease=2.0)
    page = enter("eve").open("/operator/holds")
    expect(page.locator(f"#open-{other.pk}")).to_be_focused()
    press(page, "s", "j", "s")
    expect(page.locator("[data-bulk-count]")).to_contain_text("not of one kind and reason")
    expect(page.locator("[data-bulk-submit]")).to_be_disabled()
    press(page, "k", "s", "j", "j", "s")
    late = make_quarantine(name="late comer")
    expect(page.locator(f"#hold-{late.pk}")).to_be_visible(timeout=SOON)
    expect(page.locator(f"#open-{alike[1].pk}")).to_be_focused()
    expect(page.locator("input[name=hold]:checked")).to_have_count(2)
    page.get_by_label("Decision").select_option("confirm")
    page.locator("#bulk-note").fill("copies of one another")
    press(page, "Enter")
    expect(page.get_by_text("Confirm: 2 holds.")).to_be_visible()
    assert [status(hold) for hold in (*alike, other)] == [Status.REJECTED] * 2 + [Status.HELD] * 2


def test_neighbours_are_one_key_away(enter: Enter) -> None:
    hold = make_copies()
    page = enter("eve").open(f"/operator/holds/{hold.pk}")
    current = page.locator("table.neighbours tr[aria-current=true] th a")
    expect(page.locator("table.diff")).to_be_visible(timeout=SOON)
    nearest = current.inner_text()
    press(page, "n")
    expect(current).not_to_have_text(nearest)
    press(page, "p")
    expect(current).to_have_text(nearest)


def test_keys_are_listed_and_can_be_switched_off(enter: Enter) -> None:
    hold = make_quarantine()
    page = enter("eve").open(f"/operator/holds/{hold.pk}")
    press(page, "?")
    keys = page.get_by_role("dialog")
    for said in ("Release", "Confirm", "Claim", "Decide and go on"):
        expect(keys).to_contain_text(said)
    keys.get_by_label("Letters act as keys").uncheck()
    press(page, "Escape", "x")
    expect(page.locator("#decision-confirm")).not_to_be_checked()


@pytest.mark.parametrize("options", [{}, DARK, NARROW], ids=["light", "dark", "narrow"])
def test_every_page_is_quiet_and_fits(enter: Enter, options: dict[str, Any]) -> None:
    anomaly, copy = make_anomaly(name="a" * 80), make_copies()
    factories.make_failed()
    factories.make_evaluating()
    visit = enter("eve", **options)
    for path in (
        "",
        "holds",
        "holds?status=resolved",
        f"holds/{anomaly.pk}",
        f"holds/{copy.pk}",
        "weights",
        "audit",
    ):
        page = visit.open(f"/operator/{path}")
        if path == f"holds/{copy.pk}":
            expect(page.locator("table.diff")).to_be_visible(timeout=SOON)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        assert visit.complaints == [], path
