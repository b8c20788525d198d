"""The live contract: what a submission is measured by at this moment."""

from drf_spectacular.utils import extend_schema
from pydantic import BaseModel
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evaluations.datasets.errors import DataMissing, ManifestInvalid
from evaluations.datasets.manifest import load_manifest
from evaluations.datasets.reference_tokenizers import NAMES
from evaluations.enums import Kind, Mode
from evaluations.intake.accept import upload_limits
from prism_site.access.throttles import AddressThrottle
from prism_site.api.permissions import Public
from prism_site.api.schema import answers
from prism_site.config import env
from prism_site.policy.resolve import Policy, resolve_policy
from prism_site.policy.schemas.modes import ExecutionModeTargets


class ChunkSchedule(BaseModel):
    """How the text is cut: a first chunk, each next one larger by `growth`, up to a largest."""

    first_bytes: int
    growth: float
    max_bytes: int


class Caps(BaseModel):
    """What a model may have."""

    max_parameters: int
    max_layers: int


class BundleLimits(BaseModel):
    """What a bundle may cost, in bytes and files."""

    max_zip_bytes: int
    max_files: int
    max_total_bytes: int
    max_file_bytes: int


class DataPin(BaseModel):
    """The text, pinned."""

    source: str
    dataset: str
    subset: str | None
    revision: str
    manifest_sha256: str


class Recipe(BaseModel):
    """The contract for the mode of new submissions.

    `allowed_imports` is null: this version does not restrict imports. `data` is null until it is prepared.
    """

    mode: str
    official: bool
    kinds: list[str]
    byte_budget: int
    chunk_schedule: ChunkSchedule
    sequence_length: int
    score_fraction: float
    seeds: list[int]
    wall_seconds: int | float
    caps: Caps
    limits: BundleLimits
    tokenizers: list[str]
    data: DataPin | None
    allowed_imports: list[str] | None
    modes: ExecutionModeTargets
    policy_row_ids: dict[str, int]


class RecipeView(APIView):
    """The contract."""

    permission_classes = [Public]
    throttle_classes = [AddressThrottle]

    @extend_schema(operation_id="recipe", responses=answers(Recipe, 503))
    def get(self, request: Request) -> Response:
        """Modes, budget, schedule, caps, limits, tokenizers, data and policy rows in force."""
        mode = Mode(env().execution_mode)
        return Response(recipe(mode, resolve_policy(official=mode.is_official)).model_dump(mode="json"))


def recipe(mode: Mode, policy: Policy) -> Recipe:
    """The contract of a mode under a policy."""
    targets, limits = policy.execution_mode_targets.of(mode), upload_limits()
    return Recipe(
        mode=mode,
        official=targets.official_score,
        kinds=[Kind.FULL, Kind.ARCHITECTURE_ONLY],
        byte_budget=targets.byte_budget,
        chunk_schedule=ChunkSchedule(
            first_bytes=targets.chunk_first_bytes,
            growth=targets.chunk_growth,
            max_bytes=targets.chunk_max_bytes,
        ),
        sequence_length=targets.sequence_length,
        score_fraction=targets.score_fraction,
        seeds=list(targets.seeds),
        wall_seconds=targets.wall_seconds,
        caps=Caps(max_parameters=env().max_parameters, max_layers=env().max_layers),
        limits=BundleLimits(
            max_zip_bytes=limits.max_zip_bytes,
            max_files=limits.max_files,
            max_total_bytes=limits.max_total_bytes,
            max_file_bytes=limits.max_file_bytes,
        ),
        tokenizers=["bytes", *_staged_tokenizers()],
        data=_data(),
        allowed_imports=None,
        modes=policy.execution_mode_targets,
        policy_row_ids=policy.row_ids,
    )


def _staged_tokenizers() -> list[str]:
    folder = env().data_path / "tokenizers"
    return [name for name in NAMES if (folder / name / "tokenizer.json").is_file()]


def _data() -> DataPin | None:
    try:
        manifest = load_manifest(env().data_path)
    except (DataMissing, ManifestInvalid):
        return None
    return DataPin(
        source=manifest.source,
        dataset=manifest.dataset,
        subset=manifest.subset,
        revision=manifest.revision,
        manifest_sha256=manifest.sha256,
    )
