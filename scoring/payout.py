"""What the hotkeys of a mode earn at this moment, and from which inputs."""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

from evaluations.enums import Mode
from prism_site.policy.resolve import Policy, resolve_policy
from scoring import standings, weights
from scoring.weights import Pools, Weights


@dataclass(frozen=True, kw_only=True)
class Payout:
    """Weights with everything they were computed from; `inputs_sha256` names those inputs."""

    mode: Mode
    official: bool
    weights: Weights
    policy_row_ids: dict[str, int]
    distribution: str
    inputs_sha256: str


def payout(mode: Mode) -> Payout:
    """What the leaderboard of a mode would earn; raises `PolicyInvalid` for official modes."""
    policy = resolve_policy(official=mode.is_official)
    ranked = standings.eligible(mode)
    pools = Pools(**policy.reward_pools.model_dump())
    inputs = {"ranked": [asdict(contender) for contender in ranked], "pools": asdict(pools)}
    return Payout(
        mode=mode,
        official=_is_official(mode, policy),
        weights=weights.compute(ranked, pools),
        policy_row_ids=policy.row_ids,
        distribution=pools.distribution,
        inputs_sha256=_sha256(inputs),
    )


def _is_official(mode: Mode, policy: Policy) -> bool:
    return mode.is_official and policy.execution_mode_targets.of(mode).official_score


def exported(payout: Payout) -> dict[str, float]:
    """The weights that leave the house: none (burn) unless the mode is official."""
    return payout.weights.weights if payout.official else {}


def _sha256(inputs: Any) -> str:
    return hashlib.sha256(json.dumps(inputs, sort_keys=True, default=str).encode()).hexdigest()
