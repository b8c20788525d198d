"""The page of weights: every weight with its reason and its change, and the snapshots of ended epochs."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from evaluations import transitions
from evaluations.enums import Mode
from evaluations.models import Submission
from prism_site.config import override_env
from prism_site.operator.weights import LEFT, Line, board
from scoring import actions
from scoring.models import Attribution, Score, WeightSnapshot
from scoring.snapshots import snapshot_epochs
from tests import factories
from tests.api.conftest import break_policy
from tests.operator.conftest import make_anomaly, make_quarantine

pytestmark = pytest.mark.django_db
PATH = "/operator/weights"
OFFICIAL = Mode.GPU_PROXY_EVAL


@pytest.fixture(autouse=True)
def official() -> Iterator[None]:
    with override_env(execution_mode="gpu_proxy_eval"):
        yield


def earned(*eases: float, mode: Mode = OFFICIAL) -> list[Score]:
    """Scores of an epoch that has ended, with its snapshot."""
    past = timezone.now() - timedelta(hours=6)
    scores = [factories.make_completed(mode=mode, ease=ease, name=f"ease {ease:g}") for ease in eases]
    for score in scores:
        Submission.objects.filter(pk=score.pk).update(created_at=past)
        Score.objects.filter(pk=score.pk).update(computed_at=past)
        Attribution.objects.filter(pk=score.pk).update(scored_at=past)
    snapshot_epochs()
    return scores


def lines() -> dict[str, Line]:
    return {line.hotkey: line for line in board().lines}


def reject(score: Score) -> None:
    actions.withdraw(submission_id=score.pk, unlift=False)
    transitions.reopen_score(score.pk, by="system:test", reason_code="late_doubt", reason="A doubt.", data={})


def page_of(client: Client) -> str:
    response = client.get(PATH)
    assert response.status_code == 200
    return response.content.decode()


def test_before_the_first_snapshot_there_is_no_change_to_speak_of(eve: Client) -> None:
    score = factories.make_completed(mode=OFFICIAL)
    line = lines()[score.hotkey]
    assert (line.weight, line.before, line.change, line.moved) == (pytest.approx(1.0), None, None, False)
    page = page_of(eve)
    assert "No snapshot of this mode yet" in page
    assert "No epoch with submissions has ended yet." in page


def test_every_weight_stands_with_its_reasons(eve: Client) -> None:
    first, second = earned(2.0, 1.0)
    found = lines()
    assert [sum(part.share.weight for part in line.parts) for line in found.values()] == pytest.approx(
        [2 / 3, 1 / 3]
    )
    page = page_of(eve)
    assert page.count("owns the family of rank 1: 66.67% of the architecture pool") == 1
    assert page.count("holds the current-best training of the family of rank 2: 33.33%") == 1
    assert f'href="/submissions/{first.pk}"' in page
    assert f'title="{second.hotkey}"' in page
    assert page.count(">same<") == 2


def test_a_change_is_told_with_what_it_was_before(eve: Client) -> None:
    (before,) = earned(1.0)
    better = factories.make_completed(mode=OFFICIAL, ease=3.0)
    found = lines()
    assert found[better.hotkey].change == pytest.approx(2 / 3)
    assert found[before.hotkey].change == pytest.approx(-2 / 3)
    page = page_of(eve)
    assert "+0.6667" in page
    assert "−0.6667" in page
    assert "It earned nothing in epoch" in page
    assert "owns the family of rank 1: 100.00% of the architecture pool" in page


def test_who_lost_its_weight_is_listed_with_the_reason(eve: Client) -> None:
    held, kept = earned(2.0, 1.0)
    reject(held)
    line = lines()[held.hotkey]
    assert (line.weight, line.change, line.left) == (
        0.0, pytest.approx(-2 / 3), "ease 2 is held (late_doubt).",
    )  # fmt: skip
    assert list(lines()) == [kept.hotkey, held.hotkey]
    assert "ease 2 is held (late_doubt)." in page_of(eve)


def test_who_was_outranked_is_told_so() -> None:
    lasts = earned(*(1.0 + number / 10 for number in range(8)))
    factories.make_completed(mode=OFFICIAL, ease=9.0)
    assert lines()[lasts[0].hotkey].left == LEFT


def test_a_preview_says_that_it_is_never_exported(eve: Client) -> None:
    with override_env(execution_mode="local_cpu_smoke"):
        earned(1.0, mode=Mode.LOCAL_CPU_SMOKE)
        page = page_of(eve)
        assert not board().snapshots[0].official
    assert "never exported" in page
    assert ">preview<" in page


def test_snapshots_of_another_mode_are_not_compared_with() -> None:
    with override_env(execution_mode="local_cpu_smoke"):
        earned(1.0, mode=Mode.LOCAL_CPU_SMOKE)
    factories.make_completed(mode=OFFICIAL)
    assert board().last is None


def test_an_invalid_policy_is_named_and_the_snapshots_stay(eve: Client) -> None:
    earned(1.0)
    break_policy()
    page = page_of(eve)
    assert "policy_invalid" in page
    assert str(WeightSnapshot.objects.get().epoch) in page
    assert "Weights now" not in page


def test_a_late_snapshot_says_so(eve: Client) -> None:
    past = timezone.now() - timedelta(days=2)
    score = factories.make_completed(mode=OFFICIAL)
    Submission.objects.filter(pk=score.pk).update(created_at=past)
    snapshot_epochs()
    assert "late: of what stood then" in page_of(eve)


def test_the_page_costs_the_same_for_one_and_for_many(
    eve: Client, django_assert_max_num_queries: Any
) -> None:
    scores = earned(1.0, 1.5)
    with django_assert_max_num_queries(12) as few:
        eve.get(PATH)
    earned(*(2.0 + number for number in range(6)))
    for score in scores:
        reject(score)
    with django_assert_max_num_queries(len(few.captured_queries) + 1):  # why two of them earn no more
        eve.get(PATH)


def test_names_of_strangers_are_escaped(eve: Client) -> None:
    (score,) = earned(1.0)
    Submission.objects.filter(pk=score.pk).update(name="<script>alert(1)</script>")
    reject(score)
    assert "&lt;script&gt;" in page_of(eve)


def test_what_open_holds_keep_back_is_shown_with_its_decision(eve: Client) -> None:
    factories.make_completed(mode=OFFICIAL)
    hold = make_anomaly(ease=2.0, name="held one", mode=OFFICIAL)
    make_quarantine()
    page = eve.get("/operator/weights").content.decode()
    kept = page[page.index('id="stakes-title"') : page.index('id="snapshots-title"')]
    for said in ("held one", "Lift the multiplier", "0.0000 →", f'href="/operator/holds/{hold.pk}"'):
        assert said in kept
    assert kept.count("<tr>") == 2
