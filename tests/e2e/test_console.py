"""The console by keys alone: holds cleared with keys of one's own, two operators, digest and audit."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from evaluations.enums import Status
from evaluations.models import Submission
from prism_site.operator.models import KeyMap, SavedFilter
from reviews.models import Hold
from tests import factories
from tests.e2e.test_operator import SOON, Enter, enter, press, trail
from tests.operator.conftest import make_anomaly, make_quarantine

__all__ = ["enter"]  # a fixture

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
TABS = 80  # presses of Tab after which a page is said not to lead to something


def tab_to(page: Page, target: Locator) -> None:
    """Go on with Tab until something has the focus."""
    for _ in range(TABS):
        page.keyboard.press("Tab")
        if target.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"Tab does not lead to {target}")


def make_alike(count: int) -> list[Hold]:
    hotkey = factories.make_hotkey("prolific")
    return [make_quarantine(hotkey=hotkey, name=f"alike {number}") for number in range(count)]


def statuses(holds: list[Hold]) -> list[str]:
    return [Submission.objects.get(pk=hold.submission_id).status for hold in holds]


def test_five_holds_are_cleared_with_a_key_of_ones_own(enter: Enter) -> None:
    holds = [make_quarantine() for _ in range(5)]
    page = enter("eve").open("/operator/holds")
    press(page, "?")
    tab_to(page, page.get_by_role("link", name="Change your keys"))
    press(page, "Enter")
    page.wait_for_url("**/operator/keys")
    tab_to(page, page.get_by_label("Confirm", exact=True))
    page.keyboard.type("z")
    press(page, "Enter")
    expect(page.get_by_text("Your keys are saved.")).to_be_visible()
    assert KeyMap.objects.get().changed == {"confirm": "z"}
    press(page, "?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.goto(page.url.replace("keys", "holds"))
    expect(page.locator(f"#open-{holds[0].pk}")).to_be_focused()
    press(page, "Enter")
    for hold in holds:
        page.wait_for_url(f"**/operator/holds/{hold.pk}**")
        press(page, "x")
        expect(page.locator("#decision-confirm")).not_to_be_checked()
        press(page, "z", "1", "Control+Enter")
    page.wait_for_url(f"**/operator/holds?decided={holds[-1].pk}")
    expect(page.get_by_text("Nothing waits for a decision.")).to_be_visible()
    assert statuses(holds) == [Status.REJECTED] * 5
    assert {hold.decided_by for hold in Hold.objects.all()} == {"operator:eve"}


def test_like_holds_are_closed_together_unless_somebody_was_faster(enter: Enter) -> None:
    first, second, third = make_alike(3)
    eve, mallory = (enter(name).open(f"/operator/holds/{first.pk}") for name in ("eve", "mallory"))
    press(mallory, "c")
    expect(eve.locator("#claim")).to_contain_text("mallory is looking at it.", timeout=SOON)
    press(eve, "x", "1", "Escape", "w")
    expect(eve.locator("input[name=sibling]:checked")).to_have_count(2)
    mallory.goto(mallory.url.replace(str(first.pk), str(second.pk)))
    press(mallory, "r", "1", "Control+Enter")
    mallory.wait_for_url("**decided=*")
    eve.locator("[data-note]").focus()
    with eve.expect_response(lambda answer: answer.url.endswith("/decide")) as answered:
        press(eve, "Control+Enter")
    assert answered.value.status == 409
    refusal = eve.get_by_role("alert")
    expect(refusal).to_contain_text("sibling_changed")
    expect(refusal).to_contain_text("operator:mallory decided in the meantime: Release")
    assert statuses([first, third]) == [Status.HELD] * 2
    expect(eve.locator("#decision-confirm")).to_be_checked()
    expect(eve.locator("input[name=sibling]:checked")).to_have_count(1)
    press(eve, "Control+Enter")
    eve.wait_for_url("**decided=*")
    expect(eve.get_by_role("status").filter(has_text="and 1 more hold with it")).to_be_visible()
    assert statuses([first, third]) == [Status.REJECTED] * 2
    press(eve, "u")
    expect(eve.get_by_text("Undone: 2 holds are open again.")).to_be_visible()
    assert [trail(hold)[-2:] for hold in (first, third)] == [["decide", "undo"]] * 2


def test_a_filter_is_saved_shared_and_used_by_keys(enter: Enter) -> None:
    make_quarantine(), make_anomaly()
    page = enter("eve").open("/operator/holds?kind=quarantine")
    tab_to(page, page.get_by_label("Save this filter as"))
    page.keyboard.type("Copies")
    press(page, "Enter")
    chip = page.get_by_role("navigation", name="Saved filters").get_by_role("link", name="Copies 1")
    expect(chip).to_have_attribute("aria-current", "true")
    tab_to(page, page.get_by_role("link", name="Change", exact=True))
    press(page, "Enter")
    tab_to(page, page.get_by_label("Shared with all operators"))
    press(page, "Space", "Tab", "Enter")
    expect(page.get_by_text("all operators see it")).to_be_visible()
    assert SavedFilter.objects.get().is_shared
    other = enter("mallory").open("/operator/holds")
    shared = other.get_by_role("link", name="Copies 1")
    expect(shared).to_be_visible()
    make_quarantine()
    expect(other.get_by_role("link", name="Copies 2")).to_be_visible(timeout=SOON)
    tab_to(other, other.get_by_role("link", name="Copies 2"))
    press(other, "Enter")
    other.wait_for_url("**/operator/holds?kind=quarantine")


def test_digest_and_overturn_rates_are_reached_by_keys(enter: Enter) -> None:
    hold = make_quarantine(name="late one")
    Hold.objects.filter(pk=hold.pk).update(due_at=timezone.now() - timedelta(hours=30))
    page = enter("eve").open("/operator/")
    tab_to(page, page.locator(".headline a[href$=overdue]"))
    press(page, "Enter")
    page.wait_for_url("**/operator/holds/overdue")
    expect(page.get_by_role("table", name="").first).to_be_visible()
    tab_to(page, page.get_by_role("link", name="late one"))
    press(page, "Enter")
    page.wait_for_url(f"**/operator/holds/{hold.pk}")
    press(page, "x", "1", "Control+Enter")
    page.wait_for_url("**decided=*")
    tab_to(page, page.get_by_role("link", name="Audit"))
    press(page, "Enter")
    tab_to(page, page.get_by_role("link", name="Overturn rates of rules and reviewers"))
    press(page, "Enter")
    page.wait_for_url("**/operator/audit/overturns")
    expect(page.get_by_text("too few to tell: 0 of 1").first).to_be_visible()
    tab_to(page, page.get_by_role("link", name="7 days", exact=True))
    press(page, "Enter")
    page.wait_for_url("**?days=7")


def test_a_refused_key_is_named_at_its_field(enter: Enter) -> None:
    visit = enter("eve")
    page = visit.open("/operator/keys")
    page.get_by_label("Undo", exact=True).fill("F5")
    press(page, "Enter")
    field = page.get_by_label("Undo", exact=True)
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description("key_of_browser The browser needs this key for itself.")
    visit.complaints = [each for each in visit.complaints if "422" not in each]
