"""The worked example of docs/scoring.md: its arithmetic, and the program on its manifests, to 1e-9."""

import ast
import json
import math
import operator
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from prism_site.policy.schemas.benchmarks import BenchmarkWeights
from prism_site.policy.schemas.measurements import DiagnosticsThresholds, LossComparabilityPolicy
from prism_site.policy.schemas.rewards import RewardPools
from prism_site.policy.schemas.scores import ScoreWeights
from scoring import weights
from scoring.components.architecture import architecture_measures
from scoring.components.quality import blend, quality
from scoring.components.sides import Side
from scoring.components.training import REQUIRED_ARTIFACTS, training_measures
from scoring.final_score import ScoreTerms, final_score
from scoring.paired import Verdict, improvement

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "scoring.md").read_text(encoding="utf-8")
MANIFESTS = {name: json.loads(text) for name, text in re.findall(r"```json (\w+)\n(.*?)```", PAGE, re.DOTALL)}
LINES = re.findall(r"^\| `(\w+)` \| `([^`]+)` \| (-?[\d.]+) \|$", PAGE, re.MULTILINE)
PRINTED = {name: float(value) for name, _, value in LINES}
CLOSE = 1e-9
OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
}


def calculated(node, known):
    """What a calculator makes of it."""
    match node:
        case ast.Expression(body):
            return calculated(body, known)
        case ast.Constant(float() | int() as value):
            return value
        case ast.Name(name):
            return known[name]
        case ast.BinOp(left, sign, right):
            return OPERATORS[type(sign)](calculated(left, known), calculated(right, known))
        case ast.UnaryOp(sign, operand):
            return OPERATORS[type(sign)](calculated(operand, known))
        case ast.Call(ast.Name("sqrt"), [argument]):
            return math.sqrt(calculated(argument, known))
    raise ValueError(ast.dump(node))


def run(name):
    """A manifest of the page with what all runs of it share."""
    shared = {
        "integrity": {"tokenizer": "bytes"},
        "data": {"stream_sha256": "ab" * 32},
        "run": {"seed": 1337, "world_size": 1},
    }
    return shared | MANIFESTS[name]


def side(name):
    return Side(name, [run(name)])


@pytest.fixture(scope="module")
def program():
    """Every number of the page by name, as the program computes it."""
    policy = ScoreWeights()
    packs, comparability = BenchmarkWeights(), LossComparabilityPolicy()
    architecture = quality(
        architecture_measures(
            side("reference"), side("baseline"), packs=packs, thresholds=DiagnosticsThresholds()
        ),
        policy.architecture_formula,
        comparability,
    )
    recipe = quality(
        training_measures(
            side("first"), side("reference"), packs=packs, attempts=2, artifacts=REQUIRED_ARTIFACTS
        ),
        policy.training_formula,
        comparability,
    )
    lines = {line.name: line.value for line in recipe.components}
    terms = ScoreTerms(
        heldout_epsilon_bpb=comparability.heldout_epsilon_bpb,
        memorization_gap_bpb=comparability.memorization_gap_bpb,
        memorization_penalty=comparability.memorization_penalty,
    )
    scores = {name: score(run(name), terms) for name in ("first", "second", "third")}
    better = improvement([run("first")], [run("second")], policy.improvement_thresholds)
    return {
        **{line.name: line.value for line in architecture.components},
        "q_arch": architecture.value,
        "heldout_improvement": lines["architecture_normalized_heldout_improvement"],
        "learning_stability": lines["learning_stability_dynamics"],
        "training_compute": lines["compute_efficiency"],
        "failure_behavior": lines["robustness_failure_behavior"],
        "artifacts": lines["artifact_completeness"],
        "q_recipe": recipe.value,
        "blend_score": blend(architecture, recipe, policy),
        **{f"effective_{name}": parts.effective_bpb for name, parts in scores.items()},
        **{f"final_{name}": parts.final_score for name, parts in scores.items()},
        "delta": better.mean_bpb,
        "rho": better.relative,
        "se": better.se,
        "z": better.z,
        "required": better.required_bpb,
        **paid({name: parts.final_score for name, parts in scores.items()}),
    }


def score(manifest, terms):
    heldout = manifest["heldout"]
    return final_score(
        manifest["score"]["bpb"],
        heldout_delta=heldout["bpb_init"] - heldout["bpb"],
        heldout_gap=None,
        multiplier=1.0,
        terms=terms,
    )


def paid(scores):
    """Alice's family is led by Bob's training, Carol's has none."""
    bobs = weights.Variant(id="bobs", owner_hotkey="bob", submission_id="second")
    families = [
        weights.Family(
            id=owner,
            owner_hotkey=owner,
            submission_id=submission,
            best_score=scores[submission],
            accepted_at=datetime(2026, 1, day, tzinfo=UTC),
            variant=variant,
        )
        for owner, submission, day, variant in (("alice", "second", 1, bobs), ("carol", "third", 2, None))
    ]
    found = weights.compute(families, weights.Pools(**RewardPools().model_dump())).weights
    return {f"weight_{hotkey}": weight for hotkey, weight in found.items()}


def test_the_page_has_its_manifests_and_its_lines():
    assert set(MANIFESTS) == {"baseline", "reference", "first", "second", "third"}
    assert len(LINES) == len(PRINTED) >= 30


def test_every_calculation_gives_the_number_beside_it():
    known = {}
    for name, calculation, printed in LINES:
        known[name] = calculated(ast.parse(calculation.replace("^", "**"), mode="eval"), known)
        assert math.isclose(known[name], float(printed), rel_tol=0, abs_tol=CLOSE), name


def test_the_program_gives_every_number_of_the_page(program):
    steps = {name for name in PRINTED if re.fullmatch(r"e\d|s\d|variance|\w+_place", name)}
    assert PRINTED.keys() - program.keys() == steps
    differing = {
        name: (program[name], PRINTED[name])
        for name in program.keys() & PRINTED.keys()
        if not math.isclose(program[name], PRINTED[name], rel_tol=0, abs_tol=CLOSE)
    }
    assert differing == {}
    assert program.keys() <= PRINTED.keys()


def test_scores_and_curves_of_the_page_agree():
    for manifest in MANIFESTS.values():
        curve, found = manifest["curve"], manifest["score"]
        assert math.isclose(found["bpb"], curve["bits"][-1] / curve["bytes"][-1])
        assert found["bytes"] == curve["bytes"][-1]


def test_bob_is_better_and_alice_is_not():
    thresholds = ScoreWeights().improvement_thresholds
    assert improvement([run("first")], [run("second")], thresholds).verdict is Verdict.BETTER
    assert improvement([run("second")], [run("first")], thresholds).verdict is Verdict.NOT


def test_the_weights_of_the_page_sum_to_one():
    found = [value for name, value in PRINTED.items() if name.startswith("weight_")]
    assert math.isclose(math.fsum(found), 1.0, abs_tol=CLOSE)
