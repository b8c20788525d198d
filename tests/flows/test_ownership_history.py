"""A history of owners, from uploads and an operator's decisions over HTTP to weights: always the same end.

Runs are data here: what a submission is made of and how well it learns is said, everything else happens.
"""

import json
import math
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from bittensor_wallet import Keypair
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.utils import timezone

from evaluations.enums import Mode, Stage
from evaluations.models import Identity, Submission
from prism_site import decisions, pipeline
from prism_site.config import env, override_env
from prism_site.hold_moves import UndoTooLate
from reviews.models import Hold, Review
from scoring.epochs import epoch_at
from scoring.models import Attribution, Family, OwnershipEvent, WeightSnapshot
from scoring.snapshots import take_next
from tests import factories
from tests.api.conftest import TOKEN, platform, signed
from tests.evaluations.world import pass_reviews

pytestmark = pytest.mark.django_db
MODE = Mode.GPU_PROXY_EVAL
HOLDS = "/internal/v1/component-review/holds"
EVE = "operator:eve"
PEOPLE = {name: Keypair.create_from_uri(f"//{name}") for name in ("Alice", "Bob", "Carol", "Dave")}
NAMES = {pair.ss58_address: name for name, pair in PEOPLE.items()}
PLAIN, RELATED, OTHER = {"a": 4, "b": 3}, {"a": 4, "c": 4}, {"x": 2, "y": 5}  # cosines 0.57 and 0


@pytest.fixture(autouse=True)
def house(tmp_path: Any) -> Iterator[None]:
    cache.clear()
    with override_env(
        public_submissions_enabled=True, shared_token=TOKEN, var_dir=tmp_path, execution_mode=MODE.value
    ):
        yield
    cache.clear()


class History:
    """One telling: every step, and what stands after it."""

    def __init__(self, client: Client) -> None:
        self.client, self.told, self.count = client, [], 0

    def accept(self, who: str, **identity: Any) -> Submission:
        """Upload a bundle; its reviews find nothing, and it is what `identity` says."""
        self.count += 1
        trains = identity.pop("trains", None)
        files = {
            "architecture.py": f"def build_model(ctx):\n    return {self.count}\n",
            "training.py": f"def train(ctx):\n    return {self.count}\n",
        }
        if trains:
            files["prism.yaml"] = f"kind: training_for_arch\narchitecture_id: {trains}\n"
        body = factories.pack({name: text.encode() for name, text in files.items()})
        headers = signed(PEOPLE[who], body)
        answer = self.client.post("/v1/submissions", body, content_type="application/zip", headers=headers)
        assert answer.status_code == 201, answer.content
        submission = Submission.objects.get(pk=answer.json()["id"])
        pass_reviews(submission, *Review.Reviewer)
        while submission.stage != Stage.QUEUED:
            assert pipeline.advance(str(submission.pk)), (submission.stage, submission.reason)
            submission.refresh_from_db()
        self._identify(submission, **identity)
        return submission

    def run(self, submission: Submission, ease: float) -> Submission:
        """Its runs end with a curve that learns with this ease; the pipeline scores it."""
        attempt = factories.start(factories.make_run(submission))
        factories.make_points(attempt, len(factories.chunk_ends()), ease=ease)
        factories.finish(attempt)
        pipeline.advance(str(submission.pk))
        submission.refresh_from_db()
        return submission

    def send(self, who: str, ease: float, **identity: Any) -> Submission:
        """Both, one after the other."""
        return self.run(self.accept(who, **identity), ease)

    def resolve(self, submission: Submission, **body: Any) -> int:
        """Decide about the one open hold of a submission over HTTP."""
        listed = self.client.get(HOLDS, {"submission_id": str(submission.pk)}, headers=platform()).json()
        (hold,) = listed["items"]
        data = json.dumps({"note": "seen", "version": hold["version"], **body})
        path = f"{HOLDS}/{hold['id']}/resolve"
        answer = self.client.post(path, data, content_type="application/json", headers=platform())
        assert answer.status_code == 200, answer.content
        submission.refresh_from_db()
        return int(hold["id"])

    def tell(self, step: str, submission: Submission | None = None) -> None:
        """Write down what stands, without anything that differs between two tellings."""
        families = Family.objects.filter(mode=MODE, members__gt=0).select_related("current_best")
        owned = sorted(
            (
                family.graph_hash[:2],
                NAMES[family.owner_hotkey],
                NAMES[family.canonical.hotkey],
                NAMES[family.current_best.hotkey] if family.current_best else None,
            )
            for family in families
        )
        state = (submission.status, submission.reason_code) if submission else None
        self.told.append((step, state, owned, self.weights()))

    def weights(self) -> dict[str, float]:
        """What the platform is given."""
        body = self.client.get("/internal/v1/get_weights", headers=platform()).json()
        return {NAMES[hotkey]: round(weight, 12) for hotkey, weight in sorted(body["weights"].items())}

    def _identify(self, submission: Submission, **identity: Any) -> None:
        values = {
            "graph_hash": identity["graph"] * 32,
            "architecture_hash": identity["source"] * 32,
            "training_hash": identity.get("training", "") * 32,
            "histogram": identity["labels"],
            "graph_source": "export",
            "created_at": timezone.now(),
        }
        Identity.objects.update_or_create(pk=submission.pk, defaults=values)


def replay(client: Client) -> History:
    """Discovery, improvement, copy, near-threshold, structure change, hold, resolution, undo."""
    history = History(client)
    known = {"graph": "g1", "source": "a1", "labels": PLAIN}
    first = history.send("Alice", 1.0, **known, training="t1")
    history.tell("discovery", first)
    family = str(Attribution.objects.get(pk=first.pk).family_id)
    better = history.send("Bob", 1.2, **known, training="t2")
    history.tell("improvement", better)
    copy = history.send("Carol", 1.3, **known, training="t2")
    history.tell("copy", copy)
    near = history.send("Carol", 1.2 * 1.004, **known, training="t3")
    history.tell("near the threshold", near)
    hold = history.resolve(
        near, architecture_action="existing", architecture_id=family, training_action="new"
    )
    history.tell("said to be better", near)
    decisions.undo(hold, by=EVE)
    near.refresh_from_db()
    history.tell("taken back", near)
    history.resolve(near, decision="release")
    history.tell("released as no better", near)
    changed = history.send("Dave", 1.5, graph="g2", source="a2", labels=PLAIN, training="t4", trains=family)
    history.tell("structure changed", changed)
    history.resolve(changed, decision="confirm")
    history.tell("confirmed", changed)
    related = history.send("Carol", 1.6, graph="g3", source="a3", labels=RELATED, training="t5")
    history.tell("ambiguous", related)
    history.resolve(related, architecture_action="new", training_action="new")
    history.tell("a family of its own", related)
    early = history.accept("Dave", graph="g4", source="a4", labels=OTHER, training="t6")
    later = history.send("Bob", 2.0, graph="g4", source="a5", labels=OTHER, training="t7")
    history.tell("discovered by who was scored first", later)
    history.run(early, 1.1)
    history.tell("owned by who was accepted first", early)
    return history


HELD_NEAR, HELD_OTHER = ("held", "near_threshold"), ("held", "structure_changed")
ALONE, F1 = [("g1", "Alice", "Alice", "Alice")], [("g1", "Alice", "Bob", "Bob")]
AT_F1 = {"Alice": 0.6, "Bob": 0.4}
F1_F3 = [*[("g1", "Alice", "Carol", "Bob")], ("g3", "Carol", "Carol", "Carol")]
RELEASED = [("g1", "Alice", "Carol", "Bob")]
COMPLETED = ("completed", "")


def rounded(**weights: float) -> dict[str, float]:
    return {name: round(weight, 12) for name, weight in weights.items()}


EXPECTED = [
    ("discovery", COMPLETED, ALONE, {"Alice": 1.0}),
    ("improvement", COMPLETED, F1, AT_F1),
    ("copy", ("rejected", "copy"), F1, AT_F1),
    ("near the threshold", HELD_NEAR, F1, AT_F1),
    ("said to be better", COMPLETED, [("g1", "Alice", "Carol", "Carol")], {"Alice": 0.6, "Carol": 0.4}),
    ("taken back", HELD_NEAR, F1, AT_F1),
    ("released as no better", COMPLETED, RELEASED, AT_F1),
    ("structure changed", HELD_OTHER, RELEASED, AT_F1),
    ("confirmed", ("rejected", "structure_changed"), RELEASED, AT_F1),
    ("ambiguous", ("held", "graph_ambiguous"), RELEASED, AT_F1),
    ("a family of its own", COMPLETED, F1_F3, rounded(Alice=0.2, Bob=0.4 / 3, Carol=2 / 3)),
    (
        "discovered by who was scored first",
        COMPLETED,
        [*F1_F3, ("g4", "Bob", "Bob", "Bob")],
        rounded(Alice=0.6 / 7, Bob=4 / 7 + 0.4 / 7, Carol=2 / 7),
    ),
    (
        "owned by who was accepted first",
        COMPLETED,
        [*F1_F3, ("g4", "Dave", "Bob", "Bob")],
        rounded(Alice=0.6 / 7, Bob=0.4 * 4 / 7 + 0.4 / 7, Carol=2 / 7, Dave=0.6 * 4 / 7),
    ),
]


def test_a_history_ends_with_the_same_owners_and_weights_every_time(client: Client) -> None:
    with transaction.atomic():
        first = replay(client).told
        transaction.set_rollback(True)
    again = replay(client).told
    for told, expected in zip(first, EXPECTED, strict=True):
        assert told == expected
    assert again == first
    assert all(math.isclose(math.fsum(weights.values()), 1, abs_tol=1e-9) for *_, weights in again)


def test_every_change_is_an_event_and_the_end_of_an_epoch_is_final(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = replay(client)
    kinds = list(OwnershipEvent.objects.values_list("kind", flat=True))
    assert {kind: kinds.count(kind) for kind in sorted(set(kinds))} == {
        "best_changed": 6,
        "canonical_changed": 4,
        "discovered": 3,
        "discoverer_changed": 1,
        "held": 3,
        "joined": 4,
        "rejected": 2,
        "variant_added": 7,
        "variant_removed": 1,
        "withdrawn": 1,
    }
    final = history.weights()
    ends_at = epoch_at(timezone.now(), env().epoch_seconds).ends_at
    after_its_end = ends_at + timedelta(seconds=70)
    with monkeypatch.context() as later:
        later.setattr(timezone, "now", lambda: after_its_end)
        snapshot = take_next()
    assert snapshot is not None
    assert {NAMES[hotkey]: round(weight, 12) for hotkey, weight in snapshot.weights.items()} == final
    released = Hold.objects.filter(kind=Hold.Kind.NEAR_THRESHOLD).get()
    with pytest.raises(UndoTooLate):
        decisions.undo(released.pk, by=EVE)
    history.send("Dave", 9.0, graph="g5", source="a6", labels={"z": 1}, training="t8")
    with monkeypatch.context() as later:  # before its end, none may be exported any more
        later.setattr(timezone, "now", lambda: after_its_end)
        assert history.weights() != final
    assert WeightSnapshot.objects.get().weights == snapshot.weights
