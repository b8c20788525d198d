"""Fuzz the bundle reader: an archive is refused, or read as zipfile reads it."""

import io
import zipfile

import atheris

with atheris.instrument_imports(include=["evaluations.intake"]):
    from evaluations.intake.bundle import pack, read_bundle
    from evaluations.intake.refusals import BundleRefused

from tests.fuzz.campaign import run
from tests.intake.crafted import CONTRACT, LIMITS, Member, archive
from tests.intake.test_archive_refusals import CASES

SEEDS = [
    pack(CONTRACT),
    pack({**CONTRACT, "prism.yaml": b"kind: full\n", "pkg/layers.py": b"x = 1\n" * 50}),
    archive(*[Member(name.encode(), data, method=0) for name, data in CONTRACT.items()]),
    *(raw for raw, _ in CASES.values() if len(raw) < 2000),
]


def read(raw: bytes) -> None:
    """Raise on anything but a refusal, and on files that zipfile sees differently."""
    try:
        bundle = read_bundle(raw, LIMITS)
    except BundleRefused:
        return
    with zipfile.ZipFile(io.BytesIO(raw)) as reader:
        plain = {name: reader.read(name) for name in reader.namelist() if not name.endswith("/")}
    assert dict(bundle.files) == plain


if __name__ == "__main__":
    run(read, SEEDS)
