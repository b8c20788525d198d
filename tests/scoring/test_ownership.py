"""What becomes of families when decisions come and go."""

from typing import Any

import pytest

from evaluations.enums import Status
from evaluations.models import Identity, Submission
from prism_site import decisions, hold_ticks, pipeline
from prism_site.hold_effects import effects
from reviews.attribution import Attribution as Said
from reviews.models import Hold
from scoring import payout
from scoring.models import Attribution, Family, OwnershipEvent, Variant
from scoring.models.ownership_event import OwnershipIsHistory
from scoring.resolutions import AttributionRefused
from tests import factories
from tests.reviews import world
from tests.reviews.test_holds import held as held_by_anomaly
from tests.scoring.test_architectures import family_of, scored

pytestmark = pytest.mark.django_db
State = Attribution.State
NEARLY = 1.004  # of the current best's ease: better, but not clearly


def state_of(submission: Submission) -> str:
    return Attribution.objects.get(pk=submission.pk).state


def ambiguous(ease: float = 2.0, **submission: Any) -> tuple[Submission, Hold]:
    """A submission whose graph is between one that is known and a new one, and its hold."""
    labels = {"a": 4, "b": 3}
    attempt = factories.make_evaluating(points=len(factories.chunk_ends()), ease=ease, **submission)
    first = factories.make_completed(ease=0.5)
    family_of(first.submission).graphs.update(histogram=labels)
    Identity.objects.filter(pk=attempt.run.submission_id).update(histogram={"a": 4, "c": 4})
    factories.finish(attempt)
    pipeline.advance(str(attempt.run.submission_id))
    found = Submission.objects.get(pk=attempt.run.submission_id)
    return found, Hold.objects.get(submission=found)


def decide(hold: Hold, decision: Hold.Decision, **said: str) -> Hold:
    hold.refresh_from_db()
    return decisions.decide(
        hold.pk,
        decision,
        by=world.EVE,
        note="seen",
        version=hold.version,
        attribution=Said.model_validate(said) if said else None,
    )


def weights() -> dict[str, float]:
    return payout.payout(payout.weighed_mode()).weights.weights


def near_threshold() -> tuple[Submission, Submission, Hold]:
    """A current best, what is nearly better, and its hold."""
    best = scored(1.2)
    near = scored(1.2 * NEARLY, like=best)
    return best, near, Hold.objects.get(submission=near)


def test_a_doubt_is_held_with_its_score_and_counts_for_nothing() -> None:
    submission, hold = ambiguous()
    assert (submission.status, submission.stage) == ("held", "scoring")
    assert (hold.kind, hold.reason_code) == ("low_confidence_attribution", "graph_ambiguous")
    assert hold.evidence["graph_similarity"] == pytest.approx(16 / (5 * 32**0.5))
    assert submission.score.final_score > 0
    assert state_of(submission) == State.HELD
    assert submission.hotkey not in weights()


def test_released_without_a_word_it_owns_nothing() -> None:
    submission, hold = ambiguous()
    decide(hold, Hold.Decision.RELEASE)
    submission.refresh_from_db()
    assert (submission.status, state_of(submission)) == (Status.COMPLETED, State.UNCLAIMED)
    assert submission.hotkey not in weights()


def test_a_word_that_contradicts_what_is_known_decides_nothing() -> None:
    best, near, hold = near_threshold()
    for said in (
        {"architecture_action": "new"},
        {"architecture_action": "existing", "architecture_id": "00000000-0000-4000-8000-000000000000"},
        {
            "architecture_action": "existing",
            "architecture_id": str(family_of(best).pk),
            "training_action": "transfer",
            "training_variant_id": str(Variant.objects.get().pk),
        },
    ):
        with pytest.raises(AttributionRefused):
            decide(hold, Hold.Decision.ATTRIBUTE, **said)
    hold.refresh_from_db()
    assert (hold.status, state_of(near)) == ("open", State.HELD)


def test_the_discoverer_that_is_rejected_leaves_the_family_to_the_next() -> None:
    first_hold = world.held_in_review()
    world.decide(first_hold, Hold.Decision.RELEASE)
    world.run_through(first_hold.submission)
    first = Submission.objects.get(pk=first_hold.submission_id)
    second = scored(2.0, like=first)
    family = family_of(first)
    decisions.undo(first_hold.pk, by=world.EVE)
    family.refresh_from_db()
    assert (family.owner_hotkey, family.members, state_of(first)) == (second.hotkey, 1, State.WITHDRAWN)
    world.decide(first_hold, Hold.Decision.CONFIRM)
    assert state_of(first) == State.REJECTED
    decisions.undo(first_hold.pk, by=world.EVE)
    world.decide(first_hold, Hold.Decision.RELEASE)
    family.refresh_from_db()
    assert (family.owner_hotkey, family.members) == (first.hotkey, 2)
    changes = OwnershipEvent.objects.filter(family=family, kind="discoverer_changed")
    assert [event.after["owner_hotkey"] for event in changes] == [second.hotkey, first.hotkey]


def test_a_family_that_nothing_stands_in_is_dissolved_and_comes_back_as_itself() -> None:
    hold = world.held_in_review()
    world.decide(hold, Hold.Decision.RELEASE)
    world.run_through(hold.submission)
    only = Submission.objects.get(pk=hold.submission_id)
    family = family_of(only)
    decisions.undo(hold.pk, by=world.EVE)
    family.refresh_from_db()
    assert (family.members, family.graphs.count(), weights()) == (0, 0, {})
    world.decide(hold, Hold.Decision.RELEASE)
    family.refresh_from_db()
    assert (family.members, family.graphs.count(), Family.objects.count()) == (1, 1, 1)
    kinds = list(family.events.values_list("kind", flat=True))
    assert [kinds.count(kind) for kind in ("discovered", "dissolved")] == [2, 1]


def test_nobody_deciding_in_time_rejects_the_attribution_too() -> None:
    submission, hold = ambiguous()
    Hold.objects.filter(pk=hold.pk).update(due_at="2020-01-01T00:00:00Z")
    hold_ticks.attend_holds()
    submission.refresh_from_db()
    assert (submission.reason_code, state_of(submission)) == ("hold_expired", State.REJECTED)


def test_what_is_worth_nothing_claims_nothing_and_what_is_cleared_claims() -> None:
    worthless, cleared = held_by_anomaly(), held_by_anomaly()
    decide(worthless, Hold.Decision.RELEASE)
    assert not Attribution.objects.exists()
    decide(cleared, Hold.Decision.LIFT_MULTIPLIER)
    row = Attribution.objects.get()
    assert (row.pk, row.state) == (cleared.submission_id, State.STANDING)
    assert row.final_score > 0


@pytest.mark.parametrize("decision", [Hold.Decision.RELEASE, Hold.Decision.ATTRIBUTE])
def test_the_effect_that_is_shown_is_the_one_that_comes(decision: Hold.Decision) -> None:
    best, _, hold = near_threshold()
    shown = {effect.decision: effect for effect in effects(hold)}
    said = {
        "architecture_action": "existing",
        "architecture_id": str(family_of(best).pk),
        "training_action": "new",
    }
    assert shown[decision].weights_before == weights()
    decide(hold, decision, **(said if decision == Hold.Decision.ATTRIBUTE else {}))
    assert shown[decision].weights_after == weights()


def test_the_effect_of_an_ambiguous_one_is_shown_as_a_family_of_its_own() -> None:
    _, hold = ambiguous()
    shown = {effect.decision: effect for effect in effects(hold)}
    assert shown[Hold.Decision.RELEASE].changes == []
    decide(hold, Hold.Decision.ATTRIBUTE, architecture_action="new", training_action="new")
    assert shown[Hold.Decision.ATTRIBUTE].weights_after == weights()


def test_ones_own_training_again_improves_its_variant() -> None:
    first = scored(1.0)
    hashed = Identity.objects.get(pk=first.pk).training_hash
    attempt = factories.make_evaluating(
        points=len(factories.chunk_ends()), ease=1.5, hotkey=first.hotkey, name="again"
    )
    known = Identity.objects.filter(pk=first.pk).values("graph_hash", "architecture_hash", "histogram").get()
    Identity.objects.filter(pk=attempt.run.submission_id).update(**known, training_hash=hashed)
    factories.finish(attempt)
    pipeline.advance(str(attempt.run.submission_id))
    variant = Variant.objects.get()
    assert (variant.first, variant.best_id, variant.members) == (first, attempt.run.submission_id, 2)
    assert Attribution.objects.get(pk=attempt.run.submission_id).decision["training_action"] == "existing"


def test_runs_on_other_texts_are_for_a_person_to_compare() -> None:
    first = scored(1.0)
    run = first.runs.get()
    run.manifest["data"]["stream_sha256"] = "0" * 64
    run.save(update_fields=["manifest"])
    better = scored(3.0, like=first)
    worse = scored(0.5, like=first)
    assert (better.status, better.reason_code) == ("held", "near_threshold")
    assert worse.status == Status.COMPLETED


def test_events_are_history() -> None:
    scored()
    event = OwnershipEvent.objects.first()
    assert event is not None
    with pytest.raises(OwnershipIsHistory):
        event.save()
    with pytest.raises(OwnershipIsHistory):
        event.delete()
    with pytest.raises(OwnershipIsHistory):
        OwnershipEvent.objects.update(kind="held")
    with pytest.raises(OwnershipIsHistory):
        OwnershipEvent.objects.all().delete()
