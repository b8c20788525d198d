"""The pinned baseline: the architecture that every other is measured against, as a bundle.

Its files are data to this package, and imported by nothing but the runner.
"""

from pathlib import Path

from evaluations.intake.bundle import Bundle, bundle_of

FILES = ("architecture.py", "prism.yaml")
# What is compared with it is compared with nothing else.
CODE_HASH = "3a3eee329354d8fd7969f8974fd06226eeeaebfcb49acc74ba237d75f18b1f60"


class BaselineChanged(Exception):
    """The files are not those that scores were measured against."""

    code = "baseline_changed"


def baseline() -> Bundle:
    """The baseline's files and manifest.

    Raises:
        BaselineChanged: a file is not the pinned one.
    """
    folder = Path(__file__).parent
    bundle = bundle_of({name: (folder / name).read_bytes() for name in FILES})
    if bundle.code_hash != CODE_HASH:
        raise BaselineChanged(f"the baseline's files have hash {bundle.code_hash}")
    return bundle
