"""What a bundle must keep to right now: limits, modes, tokenizers and data, as the submit page shows them."""

from dataclasses import dataclass

from evaluations.datasets.errors import DataError
from evaluations.datasets.manifest import DataManifest, load_manifest
from evaluations.enums import Mode
from prism_site.config import env
from prism_site.policy.errors import PolicyInvalid
from prism_site.policy.resolve import Policy, resolve_policy
from prism_site.policy.schemas.limits import ArtifactLimits
from prism_site.policy.schemas.modes import ModeTargets


@dataclass(frozen=True)
class Contract:
    """The live contract; `data` is missing until text has been prepared."""

    mode: Mode
    targets: ModeTargets
    limits: ArtifactLimits
    max_parameters: int
    max_layers: int
    signature_ttl_seconds: int
    is_open: bool
    policy_rows: dict[str, int]
    policy_problem: PolicyInvalid | None
    data: DataManifest | None
    tokenizers: list[str]


def current() -> Contract:
    """The contract of new submissions."""
    mode = Mode(env().execution_mode)
    policy, problem = _policy(mode)
    return Contract(
        mode=mode,
        targets=policy.execution_mode_targets.of(mode),
        limits=policy.artifact_limits,
        max_parameters=env().max_parameters,
        max_layers=env().max_layers,
        signature_ttl_seconds=env().signature_ttl_seconds,
        is_open=env().public_submissions_enabled,
        policy_rows=policy.row_ids,
        policy_problem=problem,
        data=_data(),
        tokenizers=["bytes", *_staged_tokenizers()],
    )


def _policy(mode: Mode) -> tuple[Policy, PolicyInvalid | None]:
    """The policy in force; where official policy is invalid, what is valid of it, and the problem."""
    try:
        return resolve_policy(official=mode.is_official), None
    except PolicyInvalid as problem:
        return resolve_policy(official=False), problem


def _data() -> DataManifest | None:
    try:
        return load_manifest(env().data_path)
    except DataError:
        return None


def _staged_tokenizers() -> list[str]:
    return sorted(found.parent.name for found in (env().data_path / "tokenizers").glob("*/tokenizer.json"))
