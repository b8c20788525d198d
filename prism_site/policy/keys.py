"""The twelve policy keys and the schema of each."""

from django.db.models import TextChoices

from prism_site.policy.schemas.base import PolicySchema
from prism_site.policy.schemas.benchmarks import BenchmarkWeights
from prism_site.policy.schemas.limits import ArtifactLimits, SandboxLimits
from prism_site.policy.schemas.measurements import DiagnosticsThresholds, LossComparabilityPolicy
from prism_site.policy.schemas.modes import ExecutionModeTargets
from prism_site.policy.schemas.resources import DatasetConfigs, GpuPolicy
from prism_site.policy.schemas.reviews import DuplicateThresholds, LlmReviewPolicy
from prism_site.policy.schemas.rewards import RewardPools
from prism_site.policy.schemas.scores import ScoreWeights


class ConfigKey(TextChoices):
    """The keys, shown to operators by the names that the API and the schemas use."""

    REWARD_POOLS = "reward_pools", "reward_pools"
    SCORE_WEIGHTS = "score_weights", "score_weights"
    BENCHMARK_WEIGHTS = "benchmark_weights", "benchmark_weights"
    DUPLICATE_THRESHOLDS = "duplicate_thresholds", "duplicate_thresholds"
    LLM_REVIEW_POLICY = "llm_review_policy", "llm_review_policy"
    GPU_POLICY = "gpu_policy", "gpu_policy"
    DATASET_CONFIGS = "dataset_configs", "dataset_configs"
    EXECUTION_MODE_TARGETS = "execution_mode_targets", "execution_mode_targets"
    ARTIFACT_LIMITS = "artifact_limits", "artifact_limits"
    SANDBOX_LIMITS = "sandbox_limits", "sandbox_limits"
    DIAGNOSTICS_THRESHOLDS = "diagnostics_thresholds", "diagnostics_thresholds"
    LOSS_COMPARABILITY_POLICY = "loss_comparability_policy", "loss_comparability_policy"


SCHEMAS: dict[str, type[PolicySchema]] = {
    "reward_pools": RewardPools,
    "score_weights": ScoreWeights,
    "benchmark_weights": BenchmarkWeights,
    "duplicate_thresholds": DuplicateThresholds,
    "llm_review_policy": LlmReviewPolicy,
    "gpu_policy": GpuPolicy,
    "dataset_configs": DatasetConfigs,
    "execution_mode_targets": ExecutionModeTargets,
    "artifact_limits": ArtifactLimits,
    "sandbox_limits": SandboxLimits,
    "diagnostics_thresholds": DiagnosticsThresholds,
    "loss_comparability_policy": LossComparabilityPolicy,
}
