"""The snapshot of an ended epoch: exactly one, of what stood, and for ever."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from evaluations import transitions
from evaluations.enums import Mode, Status
from evaluations.models import Submission
from prism_site.config import env, override_env
from prism_site.policy.models import RuntimeConfig
from prism_site.policy.resolve import set_policy
from scoring import actions, payout, weights
from scoring.epochs import Epoch, epoch_after, epoch_at
from scoring.models import Attribution, Score, SnapshotTurn, WeightSnapshot
from scoring.models.snapshot import SnapshotIsHistory
from scoring.snapshots import AT_ONCE, due, final_until, snapshot_epochs, take_next
from scoring.weights import Family, Pools, Variant
from tests import factories

pytestmark = pytest.mark.django_db
OFFICIAL = Mode.GPU_PROXY_EVAL


@pytest.fixture(autouse=True)
def official() -> Iterator[None]:
    with override_env(execution_mode="gpu_proxy_eval"):
        yield


def back(score: Score, epochs: int, *, seconds: float = 60.0) -> Epoch:
    """Move a score into an epoch that ended: accepted and computed so many seconds before its end."""
    now = timezone.now()
    epoch = epoch_at(now - timedelta(seconds=epochs * env().epoch_seconds), env().epoch_seconds)
    at = epoch.ends_at - timedelta(seconds=seconds)
    Submission.objects.filter(pk=score.pk).update(created_at=at, epoch=epoch.epoch_id)
    Score.objects.filter(pk=score.pk).update(accepted_at=at, computed_at=at, epoch=epoch.epoch_id)
    Attribution.objects.filter(pk=score.pk).update(accepted_at=at, scored_at=at)
    return epoch


def scored(epochs: int, *, ease: float = 1.0, hotkey: str | None = None) -> tuple[Score, Epoch]:
    score = factories.make_completed(mode=OFFICIAL, ease=ease, hotkey=hotkey)
    return score, back(score, epochs)


def epochs_taken() -> list[int]:
    return list(WeightSnapshot.objects.order_by("epoch").values_list("epoch", flat=True))


# exactly one


def test_an_ended_epoch_is_written_down_once() -> None:
    score, epoch = scored(1)
    snapshot_epochs()
    snapshot_epochs()
    snapshot = WeightSnapshot.objects.get()
    assert (snapshot.epoch, snapshot.ends_at, snapshot.epoch_seconds) == (
        epoch.epoch_id, epoch.ends_at, env().epoch_seconds,
    )  # fmt: skip
    assert (snapshot.mode, snapshot.official) == (OFFICIAL, True)
    assert snapshot.weights == {score.hotkey: pytest.approx(1.0)}
    assert snapshot.submissions == [str(score.pk)]
    assert [line["pool"] for line in snapshot.explanation[score.hotkey]] == ["architecture", "training"]


def test_the_running_epoch_has_none() -> None:
    factories.make_completed(mode=OFFICIAL)
    assert due(timezone.now()) is None
    assert take_next() is None
    assert epochs_taken() == []


def test_before_the_first_submission_there_is_nothing_to_write_down() -> None:
    snapshot_epochs()
    assert epochs_taken() == []


def test_what_was_missed_is_filled_in_order_and_says_that_it_is_late() -> None:
    first, epoch = scored(4)
    second, _ = scored(2, ease=3.0)
    snapshot_epochs()
    seconds = env().epoch_seconds
    assert epochs_taken() == [epoch.epoch_id + seconds * number for number in range(4)]
    found = list(WeightSnapshot.objects.order_by("epoch"))
    assert [first.hotkey in each.weights for each in found] == [True] * 4
    assert [second.hotkey in each.weights for each in found] == [False, False, True, True]
    assert all(each.taken_late for each in found[:3])


def test_one_tick_takes_only_so_many_and_the_next_goes_on() -> None:
    scored(AT_ONCE + 3)
    snapshot_epochs()
    assert len(epochs_taken()) == AT_ONCE
    snapshot_epochs()
    assert len(epochs_taken()) == AT_ONCE + 3


def test_a_snapshot_in_time_is_not_late(monkeypatch: pytest.MonkeyPatch) -> None:
    _, epoch = scored(1)
    monkeypatch.setattr(timezone, "now", lambda: epoch.ends_at + timedelta(seconds=70))
    snapshot = take_next()
    assert snapshot is not None
    assert not snapshot.taken_late


def test_an_epoch_cannot_be_written_down_twice() -> None:
    scored(1)
    snapshot = take_next()
    assert snapshot is not None
    copy = WeightSnapshot(**{**fields_of(snapshot), "taken_at": timezone.now()})
    with pytest.raises(IntegrityError), transaction.atomic():
        copy.save()


def test_an_epoch_cannot_be_written_down_before_its_end() -> None:
    scored(1)
    snapshot = take_next()
    assert snapshot is not None
    early = {"epoch": snapshot.epoch + 1, "taken_at": snapshot.ends_at - timedelta(seconds=1)}
    with pytest.raises(IntegrityError), transaction.atomic():
        WeightSnapshot(**{**fields_of(snapshot), **early}).save()


def fields_of(snapshot: WeightSnapshot) -> dict[str, object]:
    names = [each.name for each in WeightSnapshot._meta.fields if each.name != "id"]
    return {name: getattr(snapshot, name) for name in names}


def test_another_length_of_epochs_goes_on_where_the_last_snapshot_ended() -> None:
    scored(1)
    first = take_next()
    assert first is not None
    with override_env(epoch_seconds=60):
        following = due(timezone.now() + timedelta(hours=1))
    assert following is not None
    assert following.starts_at == first.ends_at
    with override_env(epoch_seconds=31_536_000):
        assert due(timezone.now()) is None


def test_an_epoch_that_begins_at_a_moment_is_after_it() -> None:
    epoch = epoch_at(timezone.now(), 60)
    assert epoch_after(epoch.starts_at, 60) == epoch
    assert epoch_after(epoch.starts_at + timedelta(seconds=1), 60).starts_at == epoch.ends_at


# of what stood


def test_a_score_of_the_next_epoch_changes_nothing() -> None:
    hotkey = factories.make_hotkey("a miner")
    early, _ = scored(1, hotkey=hotkey)
    rival, _ = scored(1, ease=2.0)
    factories.make_completed(mode=OFFICIAL, hotkey=hotkey, ease=4.0)
    snapshot = take_next()
    assert snapshot is not None
    assert snapshot.submissions == [str(rival.pk), str(early.pk)]


def test_of_one_hotkey_the_best_of_the_time_counts() -> None:
    hotkey = factories.make_hotkey("a miner")
    best, _ = scored(1, hotkey=hotkey, ease=3.0)
    scored(1, hotkey=hotkey, ease=1.0)
    snapshot = take_next()
    assert snapshot is not None
    assert (snapshot.submissions, list(snapshot.weights)) == ([str(best.pk)], [hotkey])


@pytest.mark.parametrize("status", [Status.HELD, Status.REJECTED])
def test_what_is_held_or_rejected_when_it_is_taken_contributes_nothing(status: Status) -> None:
    standing, _ = scored(1)
    gone, _ = scored(1, ease=3.0)
    actions.withdraw(submission_id=gone.pk, unlift=False)
    why = {"by": "system:test", "reason_code": "late_doubt", "reason": "A doubt."}
    transitions.reopen_score(gone.pk, data={}, **why)
    if status == Status.REJECTED:
        transitions.reject(gone.pk, data={}, **why)
    snapshot = take_next()
    assert snapshot is not None
    assert snapshot.weights == {standing.hotkey: pytest.approx(1.0)}


def test_an_anomaly_contributes_nothing() -> None:
    score, _ = scored(1)
    Score.objects.filter(pk=score.pk).update(multiplier=0.0)
    snapshot = take_next()
    assert snapshot is not None
    assert (snapshot.weights, snapshot.explanation, snapshot.submissions) == ({}, {}, [])


def test_an_epoch_without_official_scores_ends_with_a_preview() -> None:
    score = factories.make_completed()
    back(score, 1)
    with override_env(execution_mode="local_cpu_smoke"):
        snapshot = take_next()
    assert snapshot is not None
    assert (snapshot.mode, snapshot.official, list(snapshot.weights)) == (
        Mode.LOCAL_CPU_SMOKE, False, [score.hotkey],
    )  # fmt: skip


def test_the_weights_follow_from_the_stored_inputs() -> None:
    scored(1, ease=2.0)
    scored(1)
    take_next()
    snapshot = WeightSnapshot.objects.get()
    assert payout.sha256_of(snapshot.inputs) == snapshot.inputs_sha256
    again = weights.compute(map(family_of, snapshot.inputs["families"]), Pools(**snapshot.inputs["pools"]))
    assert again.weights == snapshot.weights


def family_of(row: dict[str, object]) -> Family:
    accepted_at, variant = datetime.fromisoformat(str(row["accepted_at"])), row["variant"]
    assert isinstance(variant, dict)
    return Family(**{**row, "accepted_at": accepted_at, "variant": Variant(**variant)})  # type: ignore[arg-type]


# the policy


def test_the_policy_is_that_of_the_end_of_the_epoch() -> None:
    for ease in (1.0, 2.0, 3.0):
        _, epoch = scored(1, ease=ease)
    inside = epoch.ends_at - timedelta(seconds=1)
    row = set_policy("reward_pools", {"top_k": 2}, by="operator:test", effective_from=inside)
    set_policy("reward_pools", {"top_k": 1}, by="operator:test", effective_from=epoch.ends_at)
    snapshot = take_next()
    assert snapshot is not None
    assert len(snapshot.weights) == 2
    assert snapshot.policy_row_ids == {"reward_pools": row.pk}


def test_an_invalid_policy_takes_no_snapshot_until_it_is_mended() -> None:
    _, epoch = scored(2)
    row = set_policy("reward_pools", {"top_k": 2}, by="operator:test", effective_from=epoch.starts_at)
    QuerySet(RuntimeConfig).filter(pk=row.pk).update(value_json={"rank_decay": 7})
    snapshot_epochs()
    assert epochs_taken() == []
    mended = set_policy("reward_pools", {"top_k": 2}, by="operator:test")
    snapshot_epochs()
    first = WeightSnapshot.objects.order_by("epoch").first()
    assert first is not None
    assert (first.epoch, first.policy_row_ids) == (epoch.epoch_id, {"reward_pools": mended.pk})
    assert first.taken_late


# for ever


def test_a_snapshot_is_neither_changed_nor_deleted() -> None:
    scored(1)
    snapshot = take_next()
    assert snapshot is not None
    snapshot.weights = {"somebody": 1.0}
    for attempt in (
        snapshot.save,
        snapshot.delete,
        lambda: snapshot.save(update_fields=["weights"]),
        lambda: WeightSnapshot.objects.update(weights={}),
        WeightSnapshot.objects.all().delete,
        lambda: WeightSnapshot.objects.bulk_update([snapshot], ["weights"]),
    ):
        with pytest.raises(SnapshotIsHistory) as refused, transaction.atomic():
            attempt()
        assert refused.value.code == "snapshot_is_history"
    assert WeightSnapshot.objects.get().weights != {"somebody": 1.0}


def test_what_happens_later_changes_no_snapshot() -> None:
    score, _ = scored(1)
    snapshot_epochs()
    before = fields_of(WeightSnapshot.objects.get())
    actions.withdraw(submission_id=score.pk, unlift=False)
    factories.make_completed(mode=OFFICIAL, ease=5.0)
    set_policy("reward_pools", {"top_k": 1}, by="operator:test")
    snapshot_epochs()
    assert fields_of(WeightSnapshot.objects.get()) == before


def test_the_weights_are_final_until_the_end_of_the_last_snapshot() -> None:
    assert final_until() is None
    _, epoch = scored(1)
    snapshot_epochs()
    assert final_until() == epoch.ends_at
    assert SnapshotTurn.objects.count() == 1
