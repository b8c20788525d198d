from typing import Any

import pytest

from evaluations.views import facts


def test_groups_show_what_the_run_reached() -> None:
    manifest = {"model": None, "training": None, "data": {"source": "local"}, "run": {"seed": 0}}
    assert [group.title for group in facts.groups(manifest)] == ["Data", "Run"]


def test_seed_zero_is_a_fact() -> None:
    (run,) = facts.groups({"run": {"seed": 0}})
    assert run.rows == [("seed", "0")]


def test_only_present_hooks_are_listed() -> None:
    hooks = {
        "infer": {"present": False, "calls": 0, "seconds": 0.0},
        "compute_loss": {"present": True, "calls": 3, "seconds": 1.5},
    }
    assert [hook["name"] for hook in facts.hooks({"training": {"hooks": hooks}})] == ["compute_loss"]


def test_packs_are_shown_with_what_was_learned_and_how_many_were_right() -> None:
    packs = {
        "b_choices": {"bpb": 3.5, "bpb_init": 8.0, "items": 28, "accuracy": 0.25},
        "a_answers": {"bpb": 4.25, "bpb_init": 8.0, "items": 32, "accuracy": None},
    }
    (found,) = facts.groups({"heldout": {"benchmarks": packs}})
    assert found.rows == [
        ("a_answers", "8.000 → 4.250 bits per byte"),
        ("b_choices", "8.000 → 3.500 bits per byte"),
        ("b_choices, right", "25% of 28"),
    ]


@pytest.mark.parametrize("odd", ["text", [1], {"a": 1}, True])
def test_a_value_of_another_type_does_not_break_the_page(odd: Any) -> None:
    sections = ("model", "training", "data", "run")
    names = ("parameters", "layers", "commits", "learner_seconds", "bytes", "wall_seconds")
    manifest = {section: dict.fromkeys(names, odd) for section in sections}
    assert isinstance(facts.groups(manifest), list)
    for benchmarks in (odd, {"mmlu": odd}, {"mmlu": {"bpb": odd, "accuracy": odd}}):
        assert isinstance(facts.groups({"heldout": {"benchmarks": benchmarks}}), list)
