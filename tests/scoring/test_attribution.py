"""Attribution: the table of outcomes, every hold rule, and every combination of what can be known."""

import math
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.attribution import ImprovementMissing, decide
from scoring.attribution_facts import (
    ArchitectureAction,
    AttributionTerms,
    KnownFamily,
    KnownVariant,
    Measurements,
    Reason,
    Signature,
    TrainingAction,
)
from scoring.paired import Improvement, Verdict

TERMS = AttributionTerms(
    same_architecture_similarity=0.82, hold_below=0.55, same_source_similarity=0.85, min_confidence=0.72
)
HOLDS = {
    Reason.STRUCTURE_CHANGED,
    Reason.EVIDENCE_DISAGREES,
    Reason.REVIEWER_UNSURE,
    Reason.GRAPH_UNKNOWN,
    Reason.GRAPH_AMBIGUOUS,
    Reason.NEAR_THRESHOLD,
}


def signature(**changes):
    values = {
        "hotkey": "miner",
        "architecture_hash": "source-new",
        "graph_hash": "graph-new",
        "training_hash": "training-new",
    }
    return Signature(**values | changes)


def family(name="f", similarity=0.0, source=0.0):
    return KnownFamily(
        id=name,
        graph_hashes=frozenset({f"graph-{name}"}),
        architecture_hashes=frozenset({f"source-{name}", f"source-{name}-again"}),
        canonical_architecture_hash=f"source-{name}",
        graph_similarity=similarity,
        source_similarity=source,
    )


def variant(name="v", of="f", hotkey="owner"):
    return KnownVariant(id=name, family_id=of, training_hash=f"training-{name}", hotkey=hotkey)


def measured(verdict=Verdict.NOT, reviewer=None, z=0.0):
    found = Improvement(
        mean_bpb=0.0, se=1.0, relative=0.0, z=z, verdict=verdict, required_bpb=0.002, required_z=2.0, seeds=()
    )
    return Measurements(improvement=found, reviewer_confidence=reviewer)


def outcome(decision):
    return decision.architecture_action, decision.training_action, decision.takes_current_best


NEW, EXISTING, VARIANT = ArchitectureAction.NEW, ArchitectureAction.EXISTING, ArchitectureAction.VARIANT
HOLD, REJECT = ArchitectureAction.HOLD, ArchitectureAction.REJECT


def test_the_first_of_all_discovers_its_family():
    decision = decide(signature(), [], [], Measurements(), TERMS)
    assert outcome(decision) == (NEW, TrainingAction.NEW, True)
    assert (decision.reason, decision.family_id, decision.architecture_confidence) == (
        Reason.FIRST_DISCOVERY,
        None,
        1.0,
    )


def test_an_architecture_alone_claims_no_training():
    decision = decide(signature(training_hash=None), [], [], Measurements(), TERMS)
    assert outcome(decision) == (NEW, TrainingAction.NONE, False)


def test_a_graph_far_from_every_family_is_new():
    decision = decide(signature(), [family(similarity=0.54)], [variant()], Measurements(), TERMS)
    assert outcome(decision) == (NEW, TrainingAction.NEW, True)
    assert math.isclose(decision.architecture_confidence, 0.46 + 0.08)


def test_known_source_and_graph_exist_already():
    known = signature(graph_hash="graph-f", architecture_hash="source-f-again")
    decision = decide(known, [family()], [variant()], measured(Verdict.BETTER), TERMS)
    assert outcome(decision) == (EXISTING, TrainingAction.NEW, True)
    assert (decision.family_id, decision.reason) == ("f", Reason.SAME_GRAPH)


def test_another_source_of_a_known_graph_is_a_variant():
    decision = decide(signature(graph_hash="graph-f"), [family()], [variant()], measured(), TERMS)
    assert outcome(decision) == (VARIANT, TrainingAction.NEW, False)


def test_a_similar_graph_is_a_variant():
    decision = decide(signature(), [family(similarity=0.82)], [variant()], measured(), TERMS)
    assert outcome(decision) == (VARIANT, TrainingAction.NEW, False)
    assert decision.reason is Reason.SIMILAR_GRAPH


def test_the_same_graph_goes_before_a_more_similar_one():
    families = [family("near", similarity=0.99), family("f", similarity=0.5)]
    decision = decide(signature(graph_hash="graph-f"), families, [], Measurements(), TERMS)
    assert decision.family_id == "f"


def test_of_equally_similar_families_the_first_discovered_is_meant():
    families = [family("first", similarity=0.9), family("second", similarity=0.9)]
    assert decide(signature(), families, [], Measurements(), TERMS).family_id == "first"


def test_the_first_training_of_a_family_is_its_best():
    decision = decide(signature(graph_hash="graph-f"), [family()], [], Measurements(), TERMS)
    assert decision.takes_current_best


@pytest.mark.parametrize(("verdict", "takes"), [(Verdict.BETTER, True), (Verdict.NOT, False)])
def test_current_best_changes_hands_by_the_paired_test(verdict, takes):
    decision = decide(signature(graph_hash="graph-f"), [family()], [variant()], measured(verdict), TERMS)
    assert decision.takes_current_best is takes


def test_nobody_takes_current_best_without_a_comparison():
    with pytest.raises(ImprovementMissing) as missing:
        decide(signature(graph_hash="graph-f"), [family()], [variant()], Measurements(), TERMS)
    assert missing.value.code == "improvement_missing"


def test_own_training_again_exists_already():
    again = signature(graph_hash="graph-f", training_hash="training-v", hotkey="owner")
    decision = decide(again, [family()], [variant()], measured(Verdict.BETTER), TERMS)
    assert outcome(decision) == (VARIANT, TrainingAction.EXISTING, False)
    assert decision.training_variant_id == "v"


def test_training_of_another_family_is_a_transfer():
    brought = signature(graph_hash="graph-f", training_hash="training-w")
    variants = [variant(), variant("w", of="g")]
    decision = decide(brought, [family()], variants, measured(Verdict.BETTER), TERMS)
    assert outcome(decision) == (VARIANT, TrainingAction.TRANSFER, True)
    assert decision.training_variant_id == "w"


def test_known_training_in_a_new_family_is_a_transfer():
    decision = decide(signature(training_hash="training-v"), [], [variant()], Measurements(), TERMS)
    assert outcome(decision) == (NEW, TrainingAction.TRANSFER, True)


def test_everything_copied_from_another_is_rejected():
    copied = signature(graph_hash="graph-f", architecture_hash="source-f", training_hash="training-v")
    decision = decide(copied, [family()], [variant()], measured(Verdict.BETTER), TERMS)
    assert outcome(decision) == (REJECT, TrainingAction.NONE, False)
    assert (decision.reason, decision.evidence["copied_variant_id"]) == (Reason.COPY, "v")


def test_training_for_a_family_that_nobody_has_is_rejected():
    decision = decide(signature(trains_for="nowhere"), [family()], [], Measurements(), TERMS)
    assert (decision.architecture_action, decision.reason) == (REJECT, Reason.FAMILY_UNKNOWN)


def test_training_for_a_family_competes_within_it():
    training = signature(trains_for="f", graph_hash="graph-f", architecture_hash="source-f")
    decision = decide(training, [family("g", 0.99), family()], [variant()], measured(Verdict.BETTER), TERMS)
    assert outcome(decision) == (EXISTING, TrainingAction.NEW, True)
    assert decision.family_id == "f"


@pytest.mark.parametrize("similarity", [0.55, 0.7, 0.8199])
def test_rule_1_an_ambiguous_graph_is_held(similarity):
    decision = decide(signature(), [family(similarity=similarity)], [], Measurements(), TERMS)
    assert outcome(decision) == (HOLD, TrainingAction.HOLD, False)
    assert decision.holds == (Reason.GRAPH_AMBIGUOUS,)
    assert decision.family_id == "f"


def test_rule_2_a_near_improvement_is_held_in_its_family():
    near = measured(Verdict.NEAR, z=1.5)
    decision = decide(signature(graph_hash="graph-f"), [family()], [variant()], near, TERMS)
    assert outcome(decision) == (VARIANT, TrainingAction.HOLD, False)
    assert decision.holds == (Reason.NEAR_THRESHOLD,)
    assert math.isclose(decision.training_confidence, 0.9331927987311419)


def test_rule_2_does_not_ask_who_does_not_compete():
    near, again = measured(Verdict.NEAR), signature(graph_hash="graph-f", training_hash=None)
    assert decide(again, [family()], [variant()], near, TERMS).holds == ()
    assert decide(signature(), [], [], near, TERMS).holds == ()


@pytest.mark.parametrize(
    ("confidence", "holds"), [(0.7199, (Reason.REVIEWER_UNSURE,)), (0.72, ()), (None, ())]
)
def test_rule_3_a_reviewer_in_doubt_holds(confidence, holds):
    found = decide(signature(), [], [], Measurements(reviewer_confidence=confidence), TERMS)
    assert found.holds == holds


def test_rule_3_source_of_a_family_whose_graph_is_another_holds():
    families = [family("f", similarity=0.95), family("g", similarity=0.7)]
    decision = decide(signature(architecture_hash="source-g"), families, [], Measurements(), TERMS)
    assert decision.holds == (Reason.EVIDENCE_DISAGREES,)
    assert decision.architecture_confidence == 0.0


def test_rule_3_similar_source_with_a_graph_unlike_it_holds():
    decision = decide(signature(), [family(similarity=0.3, source=0.85)], [], Measurements(), TERMS)
    assert decision.holds == (Reason.EVIDENCE_DISAGREES,)


def test_rule_3_other_source_of_the_same_graph_is_no_contradiction():
    decision = decide(signature(graph_hash="graph-f"), [family(source=0.0)], [], Measurements(), TERMS)
    assert decision.holds == ()


def test_rule_3_without_a_graph_nothing_is_decided():
    decision = decide(signature(graph_hash=None), [], [], Measurements(), TERMS)
    assert decision.holds == (Reason.GRAPH_UNKNOWN,)
    assert decision.architecture_confidence == 0.0


@pytest.mark.parametrize(
    "changes",
    [
        {"architecture_hash": "source-mine", "graph_hash": "graph-f"},  # other source, same graph
        {"architecture_hash": "source-f-again", "graph_hash": "graph-f"},  # known, but not the canonical one
        {"architecture_hash": "source-f", "graph_hash": "graph-mine"},  # the canonical source, another graph
    ],
)
def test_rule_4_training_that_changes_the_structure_is_held(changes):
    decision = decide(
        signature(trains_for="f", **changes), [family(similarity=0.9)], [variant()], measured(), TERMS
    )
    assert outcome(decision) == (HOLD, TrainingAction.HOLD, False)
    assert decision.reason is Reason.STRUCTURE_CHANGED


def test_all_reasons_to_hold_are_told_and_the_first_leads():
    everything = signature(trains_for="f", architecture_hash="source-f")
    decision = decide(everything, [family(similarity=0.1)], [], Measurements(reviewer_confidence=0.1), TERMS)
    assert decision.holds == (Reason.STRUCTURE_CHANGED, Reason.EVIDENCE_DISAGREES, Reason.REVIEWER_UNSURE)


SIGNATURES = [
    signature(
        hotkey=hotkey, architecture_hash=source, graph_hash=graph, training_hash=training, trains_for=named
    )
    for hotkey, source, graph, training, named in product(
        ("miner", "owner"),
        ("source-new", "source-f", "source-f-again"),
        (None, "graph-new", "graph-f"),
        (None, "training-new", "training-v", "training-w"),
        (None, "f", "nowhere"),
    )
]
FAMILIES = [
    [],
    *([family(similarity=graph, source=source)] for graph, source in product((0.3, 0.7, 0.9), (0.0, 0.9))),
    [family(similarity=0.3), family("g", similarity=0.9)],
]
VARIANTS = [[], [variant()], [variant(), variant("w", of="g")]]
MEASURED = [measured(verdict, reviewer) for verdict, reviewer in product(Verdict, (None, 0.1, 0.9))]


def test_every_combination_has_one_sound_outcome():
    """Actions agree with each other, holds with actions, and ids with what there is."""
    seen = set()
    for asked, families, variants, found in product(SIGNATURES, FAMILIES, VARIANTS, MEASURED):
        decision = decide(asked, families, variants, found, TERMS)
        _check(decision, asked, families, variants, found)
        seen.add((decision.architecture_action, decision.training_action, decision.reason))
    assert {action for action, _, _ in seen} == set(ArchitectureAction) - {ArchitectureAction.NONE}
    assert {action for _, action, _ in seen} == set(TrainingAction)
    assert {reason for _, _, reason in seen} == set(Reason) - {Reason.OPERATOR}


def _check(decision, asked, families, variants, found):
    architecture, training = decision.architecture_action, decision.training_action
    held = HOLD is architecture or training is TrainingAction.HOLD
    assert bool(decision.holds) == held
    assert set(decision.holds) <= HOLDS
    assert not held or decision.reason is decision.holds[0]
    assert not (held or architecture is REJECT) or not decision.takes_current_best
    assert (asked.training_hash is None) <= (training is TrainingAction.NONE)
    assert (decision.family_id is None) or decision.family_id in {each.id for each in families}
    assert (architecture in (EXISTING, VARIANT)) <= (decision.family_id is not None)
    known = {each.id for each in variants}
    assert (training in (TrainingAction.EXISTING, TrainingAction.TRANSFER)) <= (
        decision.training_variant_id in known
    )
    assert 0.0 <= decision.architecture_confidence <= 1.0
    assert 0.0 <= decision.training_confidence <= 1.0
    if found.reviewer_confidence == 0.1:
        assert architecture in (HOLD, REJECT)
    if decision.takes_current_best and decision.family_id in {each.family_id for each in variants}:
        assert found.improvement.verdict is Verdict.BETTER


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_more_similar_graph_is_never_less_of_the_family(one, other):
    order = [NEW, HOLD, VARIANT]
    low, high = (
        decide(signature(), [family(similarity=each)], [], Measurements(), TERMS)
        for each in sorted((one, other))
    )
    assert order.index(low.architecture_action) <= order.index(high.architecture_action)
