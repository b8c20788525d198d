"""Data beside the source: what could carry a model waits for a person, settings and prose do not."""

import base64
import json
import random

import pytest

from reviews.ladder import Outcome
from reviews.static_checks.check import examine

NOISE = random.Random(1)
SOURCE = {"architecture.py": b"def build_model(ctx): ...\n"}
PROSE = "A model of two layers, mixed by a gate. It is trained with warm-up and a cosine. " * 400
OPAQUE = {
    "weights.txt": base64.b64encode(NOISE.randbytes(1500)),
    "weights.md": base64.encodebytes(NOISE.randbytes(1500)),
    "weights.json": json.dumps([NOISE.random() for _ in range(600)]).encode(),
    "table.yaml": "\n".join(f"- {NOISE.randrange(99)}" for _ in range(600)).encode(),
    "corpus.txt": PROSE.encode(),
}
HARMLESS = {
    "settings.json": json.dumps({f"layer_{n}": {"width": 64 * n, "rate": 0.1 / (n + 1)} for n in range(40)}),
    "README.md": PROSE,
    "notes.txt": PROSE[:8000],
}


def quarantined(files: dict[str, bytes], tokenizer: str = "") -> list[str]:
    found = examine({**SOURCE, **files}, architecture="architecture.py", training=None, tokenizer=tokenizer)
    return [finding.file for finding in found.static_findings if finding.outcome is Outcome.QUARANTINE]


@pytest.mark.parametrize("name", OPAQUE)
def test_data_that_could_carry_a_model_waits_for_a_person(name: str) -> None:
    assert quarantined({name: OPAQUE[name]}) == [name]


@pytest.mark.parametrize("name", HARMLESS)
def test_settings_and_prose_pass(name: str) -> None:
    assert quarantined({name: HARMLESS[name].encode()}) == []


def test_the_declared_tokenizer_is_data_by_contract_and_another_file_is_not() -> None:
    vocabulary = json.dumps({f"piece{n}": n for n in range(2000)}).encode()
    assert quarantined({"tokenizer.json": vocabulary}, tokenizer="tokenizer.json") == []
    assert quarantined({"tokenizer.json": vocabulary}) == ["tokenizer.json"]
