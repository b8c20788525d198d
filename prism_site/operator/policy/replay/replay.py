"""A draft of policy put to the past: every kind of decision that its keys have a part in."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from prism_site.operator.policy.replay.attributions import attributions
from prism_site.operator.policy.replay.duplicates import duplicates
from prism_site.operator.policy.replay.intake import intake
from prism_site.operator.policy.replay.llm import llm
from prism_site.operator.policy.replay.qualities import qualities
from prism_site.operator.policy.replay.replayed import Budget, Replayed
from prism_site.operator.policy.replay.scores import scores
from prism_site.operator.policy.replay.weights import WeightEffect, weights
from prism_site.policy.resolve import Policy

Replay = Callable[[Policy, Policy, Budget], Replayed]
LAST = (50, 200, 1_000)  # decisions of each kind, to choose from
SECONDS = 5.0  # for each kind

REPLAYS: Mapping[str, tuple[Replay, ...]] = {
    "duplicate_thresholds": (duplicates, attributions),
    "llm_review_policy": (llm, attributions),
    "score_weights": (attributions, qualities),
    "loss_comparability_policy": (scores, qualities),
    "benchmark_weights": (qualities,),
    "diagnostics_thresholds": (qualities,),
    "artifact_limits": (intake,),
    "reward_pools": (),
    "execution_mode_targets": (),
    "gpu_policy": (),
    "dataset_configs": (),
    "sandbox_limits": (),
}
WEIGHTS = {"reward_pools", "score_weights", "loss_comparability_policy", "execution_mode_targets"}
# What cannot be said without doing it anew.
CANNOT: Mapping[str, str] = {
    "duplicate_thresholds": "Families and their weights are not built anew.",
    "llm_review_policy": "Another model, time limit or number of retries would have to ask again.",
    "score_weights": "",
    "loss_comparability_policy": "",
    "benchmark_weights": "",
    "diagnostics_thresholds": "",
    "artifact_limits": "",
    "reward_pools": "",
    "execution_mode_targets": "Other texts, seeds, chunks or limits would have to be run again.",
    "gpu_policy": "Other hardware would have to be run on.",
    "dataset_configs": "Other text would have to be run on.",
    "sandbox_limits": "What another limit would have stopped shows only in a run.",
}


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a draft would have changed; `cannot` says what no replay can tell."""

    last: int
    seconds: float
    parts: list[Replayed]
    weights: WeightEffect | None
    cannot: list[str]

    @property
    def flips(self) -> int:
        """How many decisions would have been others."""
        return sum(len(part.flips) for part in self.parts)


def replay(
    now: Policy, draft: Policy, keys: Sequence[str], *, last: int = LAST[1], seconds: float = SECONDS
) -> Result:
    """Judge the last decisions again, for so many seconds per kind; reads, and writes nothing."""
    wanted = dict.fromkeys(kind for key in keys for kind in REPLAYS[key])
    weighed = WEIGHTS.intersection(keys)
    return Result(
        last=last,
        seconds=seconds,
        parts=[kind(now, draft, Budget(last=last, seconds=seconds)) for kind in wanted],
        weights=weights(now, draft, keys, Budget(last=last, seconds=seconds)) if weighed else None,
        cannot=[f"{key}: {CANNOT[key]}" for key in keys if CANNOT[key]],
    )
