"""The frozen specification of one run: what the host hands to the referee, as `JOB.json`."""

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MOST_RANKS = 8  # of one learner, on one node


class JobInvalid(Exception):
    """A job file that is not what this runner understands."""

    code = "job_invalid"


@dataclass(frozen=True, kw_only=True)
class BundleSpec:
    """Where the submitted files lie and which of them play which role."""

    folder: str
    architecture: str = "architecture.py"
    training: str | None = "training.py"  # None: the reference recipe trains
    tokenizer: str = "bytes"  # bytes, the name of a staged reference, or a tokenizer.json of the bundle


@dataclass(frozen=True, kw_only=True)
class StreamSpec:
    """The locked text as one file, with its provenance."""

    path: str
    sha256: str
    bytes: int
    source: str
    revision: str
    manifest_sha256: str
    order_seed: int


@dataclass(frozen=True, kw_only=True)
class PackSpec:
    """One benchmark pack as a file of items, and how many of them are asked about at most."""

    name: str
    path: str
    sha256: str
    items: int


@dataclass(frozen=True, kw_only=True)
class EarlyReference:
    """PPMd's code length of the first bytes of the text, up to a chunk's end."""

    bytes: int
    bits: float


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a model and its learner may use."""

    max_parameters: int = 150_000_000
    max_layers: int = 96
    wall_seconds: float = 900.0
    artifacts_quota_bytes: int = 2 * 1024**3
    artifact_files: int = 10_000
    memory_bytes: int = 8 * 1024**3  # of each child
    threads: int = 1024  # of each child


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How the text is cut, shown and scored; the same for every submission of a mode."""

    byte_budget: int = 524_288
    chunk_first_bytes: int = 4096
    chunk_growth: float = 1.1
    chunk_max_bytes: int = 65_536
    sequence_length: int = 256
    score_fraction: float = 0.25
    audit_fraction: float = 0.1  # of the scoring batches; 0 for no audit at all
    audit_tolerance_nats: float = 1e-3  # 2e-2 in bf16


@dataclass(frozen=True, kw_only=True)
class Job:
    """One scored run."""

    submission_id: str
    run_id: str
    mode: str
    seed: int
    bundle: BundleSpec
    stream: StreamSpec
    output_folder: str
    run_secret: str  # hex; keys every secret draw, never leaves the referee
    schedule: Schedule = field(default_factory=Schedule)
    limits: Limits = field(default_factory=Limits)
    heldout: StreamSpec | None = None  # secret text, measured when the learner is gone; null: not measured
    packs: tuple[PackSpec, ...] = ()  # asked about with the held-out text
    early_reference: EarlyReference | None = None
    later_references: tuple[EarlyReference, ...] = ()  # at ever larger numbers of bytes after that
    reference_tokenizers: dict[str, str] = field(default_factory=dict)  # name -> path of its tokenizer.json
    device: str = "cpu"
    precision: str = "float32"  # or bf16: every forward that is scored runs under autocast
    gpus: tuple[str, ...] = ()  # UUIDs of the GPUs lent to this run, in order; cuda only
    world_size: int = 1
    checkpoints: int = 16  # how often the run is saved, evenly over the text; 0: never, nor does it go on
    diagnostics: int = 0  # how often the model is looked into on the way, evenly over the text
    graph: bool = False  # whether the forward is followed operator by operator: it takes two seconds
    backend: str = "local"
    sandbox: str = "required"  # off: the code is the operator's own

    def to_json(self) -> str:
        """The text of `JOB.json`."""
        return json.dumps(dataclasses.asdict(self), indent=1, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "Job":
        """Read what `to_json` wrote; raise `JobInvalid` for anything else."""
        try:
            values: dict[str, Any] = json.loads(text)
            if values.get("world_size", 1) not in range(1, MOST_RANKS + 1):
                raise JobInvalid(f"a learner has 1 to {MOST_RANKS} ranks")
            return cls(
                **{
                    **values,
                    "bundle": BundleSpec(**values["bundle"]),
                    "stream": StreamSpec(**values["stream"]),
                    "schedule": Schedule(**values["schedule"]),
                    "limits": Limits(**values["limits"]),
                    "heldout": _optional(StreamSpec, values.get("heldout")),
                    "gpus": tuple(values.get("gpus", ())),
                    "packs": tuple(PackSpec(**pack) for pack in values.get("packs", ())),
                    "early_reference": _optional(EarlyReference, values.get("early_reference")),
                    "later_references": tuple(
                        EarlyReference(**later) for later in values.get("later_references", ())
                    ),
                }
            )
        except (ValueError, KeyError, TypeError) as error:
            raise JobInvalid(f"not a job file: {error}") from error

    @classmethod
    def read(cls, path: Path) -> "Job":
        """The job in a file."""
        return cls.from_json(path.read_text(encoding="utf-8"))


def _optional(part: type[Any], values: dict[str, Any] | None) -> Any:
    return None if values is None else part(**values)
