"""Two seeds of one bundle with the real runner: two runs, one score."""

from pathlib import Path

import pytest

from evaluations.enums import Status
from evaluations.models import Run
from tests.evaluations import world
from tests.flows.test_bundle_to_score import DEADLINE_SECONDS, drive, is_done

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.long]


def test_two_seeds_are_two_runs_and_one_score(host: Path) -> None:
    world.small_runs(byte_budget=4_096, seeds=[1337, 7])
    submission = drive(world.accepted(), is_done, seconds=2 * DEADLINE_SECONDS)
    assert submission.status == Status.COMPLETED
    first, second = Run.objects.filter(submission=submission).order_by("created_at")
    assert (first.seed, second.seed) == (1337, 7)
    assert first.manifest is not None
    assert second.manifest is not None
    assert [run["run"]["seed"] for run in (first.manifest, second.manifest)] == [1337, 7]
    one, other = first.manifest["score"]["bpb"], second.manifest["score"]["bpb"]
    assert one != other  # another order of the text, another initialisation, another draw of windows
    assert submission.score.bpb == pytest.approx((one + other) / 2)
    assert submission.score.bpb_sd == pytest.approx(abs(one - other) / 2**0.5)
    assert submission.score.seeds == [1337, 7]
