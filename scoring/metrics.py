"""What a leaderboard ranks by: how fast a model learns, or what its architecture and training are worth."""

from enum import StrEnum

from evaluations.enums import Mode
from prism_site.policy.errors import PolicyInvalid
from prism_site.policy.resolve import resolve_policy


class Metric(StrEnum):
    """Names as the policy and the API have them."""

    PREQUENTIAL = "prequential"
    BLEND = "blend"

    @property
    def field(self) -> str:
        """The field of `Score` that is ranked by; more is better."""
        return {Metric.PREQUENTIAL: "final_score", Metric.BLEND: "blend_score"}[self]

    @property
    def mark(self) -> str:
        """The field of `Score` that marks a hotkey's best."""
        return {Metric.PREQUENTIAL: "best_in_mode", Metric.BLEND: "best_by_blend"}[self]

    @property
    def rank_order(self) -> tuple[str, str, str]:
        """Best first; of equals the one accepted earlier."""
        return (f"-{self.field}", "accepted_at", "submission_id")


def metric_of(mode: Mode) -> Metric:
    """What policy ranks a mode by; an invalid row stops official weights and no list."""
    try:
        policy = resolve_policy(official=mode.is_official)
    except PolicyInvalid:
        policy = resolve_policy(official=False)
    return Metric(policy.score_weights.leaderboard_metric)
