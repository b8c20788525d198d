import pytest

from evaluations.models import Submission
from scoring.rivals import rivals_of
from tests import factories

pytestmark = pytest.mark.django_db


def roles(submission_id: object) -> dict[str, object]:
    found = rivals_of(Submission.objects.get(pk=submission_id))
    return {rival.role: rival.head.submission_id for rival in found}


def test_the_current_best_is_a_rival_of_others_and_not_of_itself() -> None:
    best, other = factories.make_completed(ease=2.0), factories.make_completed()
    assert roles(other.pk) == {"best": best.pk}
    assert roles(best.pk) == {}


def test_the_best_of_the_same_hotkey_before_is_a_rival() -> None:
    hotkey = factories.make_hotkey("mine")
    good = factories.make_completed(hotkey=hotkey, ease=1.5)
    factories.make_completed(hotkey=hotkey)
    newest = factories.make_completed(hotkey=hotkey, ease=2.0)
    assert roles(newest.pk) == {"previous": good.pk}
    assert roles(good.pk) == {"best": newest.pk}


def test_the_lines_are_drawn_along_the_axis_that_is_asked_for(client) -> None:  # type: ignore[no-untyped-def]
    best, other = factories.make_completed(ease=2.0), factories.make_completed()
    [line] = client.get(f"/submissions/{other.pk}/rivals?x=flops").json()["data"]
    manifest = best.run.manifest
    assert line["meta"] == "best"
    assert line["x"][-1] == manifest["curve"]["bytes"][-1] * manifest["model"]["flops_per_token"]
    assert line["y"] == manifest["curve"]["bpb"]
