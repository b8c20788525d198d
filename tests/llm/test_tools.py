"""Only what the schema says is a verdict; everything else is no answer."""

import json
from typing import Any

import pytest

from reviews.llm.categories import MEANINGS, Category
from reviews.llm.errors import ArgumentsMalformed
from reviews.llm.tools import read_diagram, read_verdict, specifications

EVIDENCE = {"file": "training.py", "line": 3, "quote": "os.system(x)", "claim": "starts a process"}
VERDICT: dict[str, Any] = {
    "verdict": "reject",
    "confidence": 0.9,
    "categories": ["process"],
    "evidence": [EVIDENCE],
}


def changed(**fields: Any) -> str:
    return json.dumps({**VERDICT, **fields})


def with_evidence(**fields: Any) -> str:
    return changed(evidence=[{**EVIDENCE, **fields}])


def test_verdict_is_read() -> None:
    verdict = read_verdict(json.dumps(VERDICT))
    assert verdict.categories == [Category.PROCESS]
    assert verdict.evidence[0].line == 3


@pytest.mark.parametrize("confidence", ["0", "1", "0.72"])
def test_confidence_may_be_whole(confidence: str) -> None:
    assert read_verdict(changed().replace("0.9", confidence)).confidence == float(confidence)


@pytest.mark.parametrize(
    "arguments",
    {
        "nothing": "",
        "truncated": changed()[:-9],
        "twice": changed() * 2,
        "text": "reject",
        "array": "[]",
        "null": "null",
        "missing field": json.dumps({k: v for k, v in VERDICT.items() if k != "evidence"}),
        "extra field": changed(score=1),
        "extra field in evidence": with_evidence(severity="high"),
        "field given twice": changed()[:-1] + ', "verdict": "allow"}',
        "field given twice in evidence": changed().replace('"line": 3', '"line": 3, "line": 4'),
        "unknown verdict": changed(verdict="approve"),
        "upper case": changed(verdict="ALLOW"),
        "unknown category": changed(categories=["style"]),
        "confidence over one": changed(confidence=1.01),
        "confidence under zero": changed(confidence=-0.1),
        "confidence NaN": changed(confidence=float("nan")),
        "confidence infinite": changed(confidence=float("inf")),
        "confidence as text": changed(confidence="0.9"),
        "confidence as truth": changed(confidence=True),
        "line zero": with_evidence(line=0),
        "line as text": with_evidence(line="3"),
        "line with fraction": with_evidence(line=3.5),
        "endless line": with_evidence(line=10**9),
        "number of many digits": with_evidence(line=1).replace(": 1,", ": " + "1" * 5_000 + ","),
        "empty quote": with_evidence(quote=""),
        "quote too long": with_evidence(quote="x" * 2_001),
        "too much evidence": changed(evidence=[EVIDENCE] * 51),
        "deep nesting": "[" * 50_000,
        "lone surrogate": changed(verdict="allow").replace("training.py", "\\ud800"),
    }.items(),
    ids=lambda item: item[0],
)
def test_anything_else_is_malformed(arguments: tuple[str, str]) -> None:
    with pytest.raises(ArgumentsMalformed) as refused:
        read_verdict(arguments[1])
    assert refused.value.code == "arguments_malformed"
    assert len(str(refused.value)) <= 320


@pytest.mark.parametrize(
    "diagram", ["flowchart TD\n a-->b", "graph LR", "%% note\n sequenceDiagram\n A->>B: x"]
)
def test_mermaid_is_read(diagram: str) -> None:
    assert read_diagram(json.dumps({"diagram": diagram})).diagram == diagram


@pytest.mark.parametrize(
    "diagram", ["", "It trains.", "```mermaid\nflowchart TD\n```", "flowcharts", "flowchart " + "x" * 20_000]
)
def test_other_text_is_no_diagram(diagram: str) -> None:
    with pytest.raises(ArgumentsMalformed):
        read_diagram(json.dumps({"diagram": diagram}))


def test_tools_are_described_without_references() -> None:
    text = json.dumps(specifications())
    assert "$ref" not in text
    assert all(f'"{category}"' in text for category in Category)


def test_every_category_has_a_meaning() -> None:
    assert set(MEANINGS) == set(Category)
