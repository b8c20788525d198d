"""Fuzz the manifest parser: text is a manifest or is refused."""

import atheris

with atheris.instrument_imports(include=["evaluations.intake", "yaml"]):
    from evaluations.intake.manifest import read_manifest
    from evaluations.intake.refusals import BundleRefused

from tests.fuzz.campaign import run
from tests.intake.crafted import CONTRACT
from tests.intake.test_manifest import CASES

SEEDS = [
    b"kind: full\nname: x\ntokenizer: bytes\narchitecture: {entrypoint: architecture.py, files: []}\n",
    b"kind: training_for_arch\narchitecture_id: 'a1'\n",
    *(text for text, _ in CASES.values() if len(text) < 2000),
]


def parse(raw: bytes) -> None:
    """Raise on anything but a refusal."""
    try:
        read_manifest({**CONTRACT, "prism.yaml": raw})
    except BundleRefused:
        return


if __name__ == "__main__":
    run(parse, SEEDS)
