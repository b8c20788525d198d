"""The one way to read and to change runtime policy."""

from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from pydantic import ValidationError

from prism_site.policy.environment import environment_values
from prism_site.policy.errors import PolicyInvalid, first_problem
from prism_site.policy.keys import SCHEMAS
from prism_site.policy.merge import Json, Origin, merge
from prism_site.policy.models import SCHEMA_VERSION, RuntimeConfig
from prism_site.policy.schemas.base import PolicySchema
from prism_site.policy.schemas.benchmarks import BenchmarkWeights
from prism_site.policy.schemas.limits import ArtifactLimits, SandboxLimits
from prism_site.policy.schemas.measurements import DiagnosticsThresholds, LossComparabilityPolicy
from prism_site.policy.schemas.modes import ExecutionModeTargets
from prism_site.policy.schemas.resources import DatasetConfigs, GpuPolicy
from prism_site.policy.schemas.reviews import DuplicateThresholds, LlmReviewPolicy
from prism_site.policy.schemas.rewards import RewardPools
from prism_site.policy.schemas.scores import ScoreWeights

Layer = tuple[RuntimeConfig | None, Json]  # the row of a key, its environment value


@dataclass(frozen=True)
class Policy:
    """Runtime policy at one moment: a checked model per key, and where everything comes from."""

    reward_pools: RewardPools
    score_weights: ScoreWeights
    benchmark_weights: BenchmarkWeights
    duplicate_thresholds: DuplicateThresholds
    llm_review_policy: LlmReviewPolicy
    gpu_policy: GpuPolicy
    dataset_configs: DatasetConfigs
    execution_mode_targets: ExecutionModeTargets
    artifact_limits: ArtifactLimits
    sandbox_limits: SandboxLimits
    diagnostics_thresholds: DiagnosticsThresholds
    loss_comparability_policy: LossComparabilityPolicy
    row_ids: dict[str, int]  # key -> the SQL row that has a part in its value
    origins: dict[str, dict[str, Origin]]  # key -> dotted field -> layer
    fallbacks: tuple[str, ...] = ()  # what was passed over, in words; always empty for official work


def resolve_policy(*, at: datetime | None = None, official: bool = True) -> Policy:
    """The policy in force at `at` (default: now), in one query.

    Official work fails closed: `PolicyInvalid` names the key, row and field that does not validate. Otherwise
    such a layer is passed over for its key, an unreachable database for all, and `fallbacks` says so.
    """
    at = at or timezone.now()
    if official:
        return assemble(RuntimeConfig.objects.active(at), environment_values(), official=True)
    try:
        # A savepoint only inside a transaction, which a failed query would take with it on PostgreSQL;
        # elsewhere it would be a transaction of its own, and on SQLite that takes the writers' lock.
        with transaction.atomic() if connection.in_atomic_block else nullcontext():
            rows = list(RuntimeConfig.objects.active(at))
    except DatabaseError:
        return assemble([], environment_values(), official=False, said=("no policy could be read from SQL",))
    return assemble(rows, environment_values(), official=False)


def policy_at(time: datetime) -> Policy:
    """The policy as it was in force at a past `time`, untouched by rows written or disabled since."""
    return assemble(RuntimeConfig.objects.active_as_known(time), environment_values(), official=True)


def assemble(
    rows: Iterable[RuntimeConfig],
    environment: Mapping[str, Json],
    *,
    official: bool,
    said: tuple[str, ...] = (),
) -> Policy:
    """The policy that active `rows` (at most one per key) give over `environment`."""
    active = {row.config_key: row for row in rows}
    models: dict[str, Any] = {}
    origins: dict[str, dict[str, Origin]] = {}
    row_ids: dict[str, int] = {}
    for key, schema in SCHEMAS.items():
        for layer in layers(active.get(key), environment.get(key)):
            try:
                models[key], origins[key] = resolve_key(key, schema, *layer)
            except PolicyInvalid as problem:
                if official:
                    raise
                said = (*said, str(problem))
                continue
            if layer[0] is not None:
                row_ids[key] = layer[0].pk
            break
    return Policy(**models, row_ids=row_ids, origins=origins, fallbacks=said)


def layers(row: RuntimeConfig | None, environment: Json) -> list[Layer]:
    """What may be tried for one key, from the full value down to the schema's defaults."""
    tries: list[Layer] = [(row, environment), (None, environment), (None, None)]
    return [layer for number, layer in enumerate(tries) if layer not in tries[:number]]


def resolve_key(
    key: str, schema: type[PolicySchema], row: RuntimeConfig | None, environment: Json
) -> tuple[PolicySchema, dict[str, Origin]]:
    """The model and origins of one key; `PolicyInvalid` names the row if there is one."""
    row_id = row.pk if row else None
    if row and row.schema_version > SCHEMA_VERSION:
        message = f"written for schema version {row.schema_version}, this is {SCHEMA_VERSION}"
        raise PolicyInvalid(key=key, row_id=row_id, field="schema_version", message=message)
    if row and not isinstance(row.value_json, dict):
        raise PolicyInvalid(key=key, row_id=row_id, field="value_json", message="must be an object")
    try:
        return merge(schema, row.value_json if row else None, environment)
    except ValidationError as error:
        raise first_problem(key, row_id, error) from error


def set_policy(
    key: str, value: Json, *, by: str, note: str = "", effective_from: datetime | None = None
) -> RuntimeConfig:
    """Write `value`, which may be partial, as the newest row of `key`; `PolicyInvalid` if it is not valid."""
    now = timezone.now()
    if key not in SCHEMAS:
        raise PolicyInvalid(key=key, row_id=None, field="config_key", message="no such policy key")
    row = RuntimeConfig(
        config_key=key,
        value_json=value,
        updated_by=by,
        updated_at=now,
        effective_from=effective_from or now,
        note=note,
    )
    resolve_key(key, SCHEMAS[key], row, environment_values().get(key))
    row.save()
    return row
