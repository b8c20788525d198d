"""`artifact_limits` and `sandbox_limits`: what a bundle and a container may take."""

from typing import Literal

from pydantic import Field

from prism_site.policy.schemas.base import Bytes, PolicySchema, Seconds


class ArtifactLimits(PolicySchema):
    """Sizes of an uploaded bundle, and the manifest that a run must leave."""

    max_code_bytes: Bytes = Field(200_000, ge=1, le=10_000_000, description="Python source of a bundle")
    max_files: int = Field(
        200, ge=2, le=10_000, description="files of a bundle", json_schema_extra={"unit": "files"}
    )
    max_bytes: Bytes = Field(2_000_000, ge=1, le=100_000_000, description="all files of a bundle, inflated")
    required_manifest_name: str = Field(
        "prism_run_manifest.v2.json",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$",
        description="file without which a run has no result",
    )


class SandboxLimits(PolicySchema):
    """Limits of the container around a run."""

    docker_enabled: bool = Field(False, description="runs may be given to a container engine")
    cpus: float = Field(1.0, ge=0.1, le=256, description="CPU cores", json_schema_extra={"unit": "cores"})
    memory: str = Field("2g", pattern=r"^[1-9][0-9]{0,6}[kmg]$", description="memory, such as 512m or 2g")
    pids_limit: int = Field(
        128, ge=16, le=65_536, description="processes and threads", json_schema_extra={"unit": "processes"}
    )
    timeout_seconds: Seconds = Field(1_800, ge=1, le=86_400, description="limit of a container")
    network: Literal["none"] = Field(
        "none", description="no row gives a run the network: its text is staged, its results are files"
    )
    read_only: bool = Field(True, description="the root file system cannot be written")
    artifacts_quota_bytes: Bytes = Field(2 * 2**30, ge=2**20, le=2**42, description="what a run may write")
