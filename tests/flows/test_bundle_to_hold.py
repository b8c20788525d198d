"""The whole path with the real runner, for a bundle that brings weights from elsewhere."""

from pathlib import Path

import pytest

from evaluations.enums import Mode, Stage, Status
from evaluations.models import Run
from prism_site import decisions
from reviews.models import Hold
from scoring import standings
from scoring.models import Score
from tests.evaluations import world
from tests.flows.test_bundle_to_score import drive, is_done

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
BROUGHT = "        self.table.weight.data = torch.randn(shape, generator=torch.Generator().manual_seed(7))\n"
ARCHITECTURE = world.ARCHITECTURE.replace(
    "        self.table = nn.Embedding(vocab_size, vocab_size)\n",
    "        shape = (vocab_size, vocab_size)\n        self.table = nn.Embedding(*shape)\n" + BROUGHT,
)


def test_a_bundle_that_brings_weights_is_held_until_an_operator_lifts_it(host: Path) -> None:
    world.small_runs()
    submission = drive(world.upload(ARCHITECTURE), lambda s: s.status == Status.HELD)
    assert (submission.stage, submission.reason_code) == (Stage.SCORING, "seed_invariant_parameters")
    assert "table.weight" in submission.reason
    assert Score.objects.get(pk=submission.pk).final_score == 0.0
    assert standings.leaderboard(Mode.LOCAL_CPU_SMOKE) == []

    hold = Hold.objects.get(submission=submission)
    decision = Hold.Decision.LIFT_MULTIPLIER
    decisions.decide(hold.pk, decision, by="operator:eve", note="it is noise", version=hold.version)
    submission.refresh_from_db()
    assert submission.status == Status.COMPLETED
    assert Score.objects.get(pk=submission.pk).final_score > 0.1
    assert world.verbs(submission)[-3:] == ["begin_scoring", "hold", "complete"]


def test_a_score_goes_with_its_held_out_figures(host: Path) -> None:
    world.small_runs()
    submission = drive(world.accepted(), is_done)
    run = Run.objects.get(submission=submission)
    assert run.manifest is not None
    heldout = run.manifest["heldout"]
    knowing_nothing = 8.0  # bits of a byte: to begin worse than that is no merit
    assert heldout["delta"] == pytest.approx(min(heldout["bpb_init"], knowing_nothing) - heldout["bpb"])
    assert heldout["delta"] > 1.0
    assert Score.objects.get(pk=submission.pk).heldout_delta == heldout["delta"]
