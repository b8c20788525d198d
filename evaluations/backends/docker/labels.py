"""What a container bears: whose it is, at which fence, and its caps, so that any worker can look after it."""

import hashlib
import re
from dataclasses import dataclass

from evaluations.backends.jobs import JobSpec
from prism_site.config import env

LABEL = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.[0-9]{1,9}")
INSTALLATION, ATTEMPT, FENCE = "prism.installation", "prism.attempt", "prism.fence"
LIMIT_SECONDS, OUTPUT_BYTES, OUTPUT_FILES = "prism.limit-seconds", "prism.output-bytes", "prism.output-files"


@dataclass(frozen=True)
class Caps:
    """What the engine itself does not hold a container to, and whoever looks at it does."""

    limit_seconds: float
    output_bytes: int
    output_files: int


def name_of(label: str) -> str:
    """The container's name: an engine has no two of one name, so a job is started once."""
    return f"prism-{label}"


def installation() -> str:
    """Tells our containers from those of another installation on the same engine."""
    return hashlib.sha256(str(env().var_dir).encode()).hexdigest()[:16]


def labels_of(spec: JobSpec) -> dict[str, str]:
    """The labels of an attempt's container."""
    return {
        INSTALLATION: installation(),
        ATTEMPT: spec.label,
        FENCE: spec.label.rpartition(".")[2],
        LIMIT_SECONDS: str(spec.limit_seconds),
        OUTPUT_BYTES: str(spec.limits.output_bytes),
        OUTPUT_FILES: str(spec.limits.output_files),
    }


def caps_in(labels: dict[str, str]) -> Caps:
    """The caps that a container of ours bears."""
    return Caps(float(labels[LIMIT_SECONDS]), int(labels[OUTPUT_BYTES]), int(labels[OUTPUT_FILES]))


def attempt_in(labels: dict[str, str]) -> str | None:
    """The attempt's label, if it is one."""
    found = labels.get(ATTEMPT, "")
    return found if LABEL.fullmatch(found) else None
