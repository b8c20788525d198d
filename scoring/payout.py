"""What the hotkeys of a mode earn, at this moment or at the end of an epoch, and from which inputs."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from evaluations.enums import Mode
from prism_site.config import env
from prism_site.policy.resolve import Policy, resolve_policy
from scoring import paid_families, weights
from scoring.models import Score
from scoring.weights import Family, Pools, Weights

Inputs = dict[str, Any]  # what JSON can carry


@dataclass(frozen=True, kw_only=True)
class Payout:
    """Weights with everything they were computed from; `inputs_sha256` names those inputs."""

    mode: Mode
    official: bool
    weights: Weights
    policy_row_ids: dict[str, int]
    pools: Pools
    inputs: Inputs
    inputs_sha256: str

    @property
    def submissions(self) -> list[str]:
        """The submissions that earn, each once, the best first."""
        lines = [line for shares in self.weights.explanation.values() for line in shares]
        return list(dict.fromkeys(line.submission_id for line in sorted(lines, key=lambda line: line.rank)))


def payout(mode: Mode, *, before: datetime | None = None, policy: Policy | None = None) -> Payout:
    """What a mode's families earn; raises `PolicyInvalid` for official modes.

    With `before` as at the end of an epoch: of the scores computed by then, those that stand today.
    """
    policy = policy or resolve_policy(official=mode.is_official)
    pools = Pools(**policy.reward_pools.model_dump())
    found = paid_families.eligible(mode, limit=pools.places, before=before)
    inputs = {"families": [_plain(family) for family in found], "pools": dict(vars(pools))}
    return Payout(
        mode=mode,
        official=_is_official(mode, policy),
        weights=weights.compute(found, pools),
        policy_row_ids=policy.row_ids,
        pools=pools,
        inputs=inputs,
        inputs_sha256=sha256_of(inputs),
    )


def exported(payout: Payout) -> dict[str, float]:
    """The weights that leave the house: none (burn) unless the mode is official."""
    return payout.weights.weights if payout.official else {}


def exported_mode() -> Mode:
    """The mode of new submissions if it is official; otherwise the smaller official one, if it has scores."""
    mode = Mode(env().execution_mode)
    return mode if mode.is_official else Mode.GPU_PROXY_EVAL


def weighed_mode() -> Mode:
    """The mode whose weights an epoch ends with: the exported one, or a preview where nothing is official."""
    mode = exported_mode()
    return mode if Score.objects.filter(mode=mode).exists() else Mode(env().execution_mode)


def sha256_of(inputs: Inputs) -> str:
    """Of the inputs as JSON with sorted keys, so that whoever has them can compute it again."""
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()


def _is_official(mode: Mode, policy: Policy) -> bool:
    return mode.is_official and policy.execution_mode_targets.of(mode).official_score


def _plain(family: Family) -> Inputs:
    variant = dict(vars(family.variant)) if family.variant else None
    return {**vars(family), "accepted_at": family.accepted_at.isoformat(), "variant": variant}
