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
    REWARD_POOLS = "reward_pools"
    SCORE_WEIGHTS = "score_weights"
    BENCHMARK_WEIGHTS = "benchmark_weights"
    DUPLICATE_THRESHOLDS = "duplicate_thresholds"
    LLM_REVIEW_POLICY = "llm_review_policy"
    GPU_POLICY = "gpu_policy"
    DATASET_CONFIGS = "dataset_configs"
    EXECUTION_MODE_TARGETS = "execution_mode_targets"
    ARTIFACT_LIMITS = "artifact_limits"
    SANDBOX_LIMITS = "sandbox_limits"
    DIAGNOSTICS_THRESHOLDS = "diagnostics_thresholds"
    LOSS_COMPARABILITY_POLICY = "loss_comparability_policy"


SCHEMAS: dict[str, type[PolicySchema]] = {
    ConfigKey.REWARD_POOLS: RewardPools,
    ConfigKey.SCORE_WEIGHTS: ScoreWeights,
    ConfigKey.BENCHMARK_WEIGHTS: BenchmarkWeights,
    ConfigKey.DUPLICATE_THRESHOLDS: DuplicateThresholds,
    ConfigKey.LLM_REVIEW_POLICY: LlmReviewPolicy,
    ConfigKey.GPU_POLICY: GpuPolicy,
    ConfigKey.DATASET_CONFIGS: DatasetConfigs,
    ConfigKey.EXECUTION_MODE_TARGETS: ExecutionModeTargets,
    ConfigKey.ARTIFACT_LIMITS: ArtifactLimits,
    ConfigKey.SANDBOX_LIMITS: SandboxLimits,
    ConfigKey.DIAGNOSTICS_THRESHOLDS: DiagnosticsThresholds,
    ConfigKey.LOSS_COMPARABILITY_POLICY: LossComparabilityPolicy,
}
