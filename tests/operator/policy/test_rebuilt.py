"""The question of a stored decision, rebuilt from its evidence, has the answer that was stored."""

import json
from itertools import product

import pytest

from prism_site.operator.policy.replay.attributions import Rebuilt, judged, same, words
from prism_site.policy.resolve import Policy, assemble
from prism_site.policy.schemas.reviews import DuplicateThresholds
from prism_site.policy.schemas.scores import ImprovementThresholds
from scoring.attribution import decide
from scoring.attribution_facts import Decision, KnownFamily, KnownVariant, Measurements, Signature
from scoring.gathering import terms_of
from scoring.paired import Improvement, Paired, Verdict
from tests.operator.policy.policies import with_fields

DEFAULT = assemble([], {}, official=True)
LIKENESS = (0.0, 0.3, 0.55, 0.7, 0.82, 0.9, 1.0)
PAIR = Paired(seed=1, delta=0.0, se=1.0, best_bpb=2.0, chunks=9, block_length=3)


def signature(**changes: str | None) -> Signature:
    values = {"architecture_hash": "own source", "graph_hash": "own graph", "training_hash": "own training"}
    return Signature(hotkey="miner", **{**values, **changes})  # type: ignore[arg-type]


def family(similarity: float = 0.0, *, source: bool = False, likeness: float = 0.0) -> KnownFamily:
    return KnownFamily(
        id="f",
        graph_hashes=frozenset({"own graph"} if similarity == 1.0 else set()),
        architecture_hashes=frozenset({"own source"} if source else set()),
        canonical_architecture_hash="own source" if source else "its source",
        graph_similarity=similarity,
        source_similarity=likeness,
    )


def improved(delta: float, z: float) -> Improvement:
    found = Improvement(
        mean_bpb=delta, se=delta / z if z else 1.0, relative=delta / 2.0, z=z, verdict=Verdict.NOT,
        required_bpb=0.0, required_z=0.0, seeds=(PAIR,),
    )  # fmt: skip
    return judged(found, DEFAULT.score_weights.improvement_thresholds)


def stored(decision: Decision) -> dict[str, object]:
    kept: dict[str, object] = json.loads(json.dumps(decision.as_json()))
    return kept


QUESTIONS = list(
    product(LIKENESS, (False, True), (None, 0.5, 0.9), (None, (0.01, 5.0), (0.0015, 1.5), (0.0, 0.0)))
)


@pytest.mark.parametrize("trains_for", [None, "f"])
def test_every_stored_decision_is_reproduced(trains_for: str | None) -> None:
    reproduced = 0
    for similarity, source, sure, gain in QUESTIONS:
        asked, known = signature(trains_for=trains_for), family(similarity, source=source)
        variants = [KnownVariant(id="v", family_id="f", training_hash="best", hotkey="owner")] if gain else []
        measured = Measurements(improvement=improved(*gain) if gain else None, reviewer_confidence=sure)
        decision = decide(asked, [known], variants, measured, terms_of(DEFAULT))
        reproduced += same(Rebuilt(stored(decision), "miner", trains_for).answer(DEFAULT), stored(decision))
    assert reproduced == len(QUESTIONS)


@pytest.mark.parametrize("hotkey", ["miner", "somebody else"])
def test_known_training_is_known_again(hotkey: str) -> None:
    known = KnownVariant(id="v", family_id="f", training_hash="own training", hotkey=hotkey)
    asked = signature(), [family(1.0, source=True)], [known], Measurements(), terms_of(DEFAULT)
    decision = decide(*asked)
    again = Rebuilt(stored(decision), "miner", None, [known]).answer(DEFAULT)
    assert same(again, stored(decision))
    assert decision.architecture_action == ("existing" if hotkey == "miner" else "reject")


def draft(**fields: float) -> Policy:
    return with_fields(DEFAULT, duplicate_thresholds=DuplicateThresholds(**fields))


def test_a_lower_threshold_makes_a_discovery_a_variant() -> None:
    decision = decide(signature(), [family(0.5)], [], Measurements(), terms_of(DEFAULT))
    asked = Rebuilt(stored(decision), "miner", None)
    assert words(asked.answer(DEFAULT)) == "architecture new, training new, takes current best"
    lower = draft(same_architecture_similarity=0.45, hold_below=0.2)
    assert words(asked.answer(lower)).startswith("architecture variant")


def test_a_higher_threshold_holds_a_variant() -> None:
    decision = decide(signature(), [family(0.85)], [], Measurements(), terms_of(DEFAULT))
    asked = Rebuilt(stored(decision), "miner", None)
    assert asked.answer(draft(same_architecture_similarity=0.9)).reason == "graph_ambiguous"


def test_stricter_thresholds_take_the_current_best_away() -> None:
    rival = KnownVariant(id="v", family_id="f", training_hash="best", hotkey="owner")
    measured = Measurements(improvement=improved(0.01, 5.0))
    decision = decide(signature(), [family(1.0)], [rival], measured, terms_of(DEFAULT))
    asked = Rebuilt(stored(decision), "miner", None)
    assert asked.answer(DEFAULT).takes_current_best
    strict = ImprovementThresholds(min_delta_abs=0.5)
    weights = DEFAULT.score_weights.model_copy(update={"improvement_thresholds": strict})
    assert not asked.answer(with_fields(DEFAULT, score_weights=weights)).takes_current_best


def test_what_was_said_without_a_test_is_not_tested_again() -> None:
    unpaired = improved(0.01, 0.0).as_json() | {"seeds": [], "verdict": "near"}
    decision = decide(signature(), [family(1.0)], [], Measurements(), terms_of(DEFAULT))
    kept = stored(decision)
    kept["evidence"]["improvement"] = unpaired  # type: ignore[index]
    assert Rebuilt(kept, "miner", None).answer(DEFAULT).reason == "near_threshold"
