"""Every environment setting of PRISM, typed, described and bounded in one class."""

from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent

ExecutionMode = Literal["local_cpu_smoke", "gpu_proxy_eval", "full_scale_eval"]


class Environment(BaseSettings):
    """Settings read from `PRISM_*` (or `CHALLENGE_*`) variables, `*_FILE` secrets and `.env`."""

    model_config = SettingsConfigDict(env_prefix="PRISM_", env_file=".env", extra="ignore", frozen=True)

    # web
    debug: bool = Field(False, description="Django debug pages; never in production")
    secret_key: SecretStr | None = Field(None, description="signs sessions; made and kept in var/ if absent")
    allowed_hosts: str = Field("localhost,127.0.0.1,[::1]", description="comma-separated Host names answered")
    trusted_proxies: int = Field(0, ge=0, le=10, description="reverse proxies in front of the web process")

    # database and queue
    database_url: str = Field("", description="postgres://… or sqlite:///…; default: SQLite in var/")
    redis_url: str = Field("", description="shared cache of throttles across web processes; default: the database")

    # access
    shared_token: SecretStr | None = Field(None, description="bearer token(s) of the platform, one a line")
    public_submissions_enabled: bool = Field(False, description="whether miners may upload to /v1/submissions")
    allow_insecure_signatures: bool = Field(False, description="accept HMAC under the shared token, local use")
    signature_ttl_seconds: int = Field(300, ge=1, le=86_400, description="how old a signed timestamp may be")
    validator_hotkeys: str = Field("", description="comma-separated hotkeys that may not submit")

    # challenge
    epoch_seconds: int = Field(21_600, ge=60, le=31_536_000, description="length of a weight epoch")
    execution_mode: ExecutionMode = Field("local_cpu_smoke", description="mode of new submissions")
    execution_backend: Literal["local", "docker", "broker"] = Field("local", description="where runs happen")
    local_slots: int = Field(1, ge=1, le=64, description="runs at a time of the local backend on one host")
    sandbox: Literal["off", "required"] = Field("off", description="off: submitted code is the operator's own")
    run_secret: SecretStr | None = Field(None, description="keys secret draws; made and kept in var/ if absent")

    # fall-backs of policy fields (SQL wins over these)
    max_code_bytes: int | None = Field(None, ge=1, le=10_000_000, description="artifact_limits.max_code_bytes")
    sequence_length: int | None = Field(None, ge=8, le=65_536, description="execution_mode_targets sequence_length")
    fineweb_sample_count: int | None = Field(None, ge=1, description="dataset_configs.fineweb_sample_count")
    max_parameters: int = Field(150_000_000, ge=1, description="parameters a model may have")
    max_layers: int = Field(96, ge=1, le=10_000, description="layers a model may have")

    # paths
    var_dir: Path = Field(ROOT / "var", description="database, data, artifacts and secrets of the embedded default")
    data_dir: Path | None = Field(None, description="locked train shards; default: var/data")
    val_data_dir: Path | None = Field(None, description="secret val and test shards; default: beside train")
    artifact_dir: Path | None = Field(None, description="outputs of runs; default: var/artifacts")


@lru_cache(maxsize=1)
def env() -> Environment:
    """The settings of this process, read once."""
    return Environment()
