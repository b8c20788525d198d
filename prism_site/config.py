"""Every environment setting of PRISM, typed, described and bounded in one class."""

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from prism_site.config_errors import refuse
from prism_site.config_sources import FILE_ALLOWED, LayeredSource
from prism_site.secret_files import kept_secret

ROOT = Path(__file__).resolve().parent.parent

ExecutionMode = Literal["local_cpu_smoke", "gpu_proxy_eval", "full_scale_eval"]
URL_SCHEMES = {
    "database_url": ("postgres", "postgresql", "sqlite"),
    "redis_url": ("redis", "rediss", "unix"),
    "docker_broker_url": ("http", "https"),
    "llm_base_url": ("http", "https"),
}
GPU = re.compile(r"(?:GPU|MIG)-[0-9A-Za-z-]{1,80}(?::[A-Za-z0-9][A-Za-z0-9 ._/-]{0,99}:[1-9]\d{0,6}[mg])?")
SS58 = re.compile(r"[1-9A-HJ-NP-Za-km-z]{46,50}")


class Environment(BaseSettings):
    """Settings read from `PRISM_*` (or `CHALLENGE_*`) variables, `*_FILE` secrets and `.env`.

    The process's variables win over `.env`, and `PRISM_` over `CHALLENGE_`, within each. A field that backs a
    policy field is null unless it is set, so that the origin of a policy value stays known.
    """

    model_config = SettingsConfigDict(
        env_prefix="PRISM_", env_file=ROOT / ".env", extra="ignore", frozen=True, allow_inf_nan=False
    )

    # web
    debug: bool = Field(False, description="Django debug pages; never in production")
    secret_key: SecretStr | None = Field(
        None, min_length=1, description="signs sessions; made and kept in var/ if absent"
    )
    allowed_hosts: str = Field("localhost,127.0.0.1,[::1]", description="comma-separated Host names answered")
    csrf_origins: str = Field("", description="comma-separated origins (https://…) whose forms are trusted")
    trusted_proxies: int = Field(0, ge=0, le=10, description="reverse proxies in front of the web process")
    https: bool = Field(
        False, description="pages are reached over HTTPS alone: secure cookies, HSTS, redirects"
    )
    log_format: Literal["json", "text"] = Field("json", description="log lines for machines or for people")

    # database and queue
    database_url: str = Field(
        "", json_schema_extra=FILE_ALLOWED, description="postgres://… or sqlite:///…; default: SQLite in var/"
    )
    redis_url: str = Field(
        "",
        json_schema_extra=FILE_ALLOWED,
        description="shared cache of throttles across web processes; default: the database",
    )

    # access
    shared_token: SecretStr | None = Field(
        None, min_length=1, description="bearer token(s) of the platform, one a line"
    )
    metrics_token: SecretStr | None = Field(
        None, min_length=1, description="bearer token(s) of who reads /metrics, one a line"
    )
    public_submissions_enabled: bool = Field(
        False, description="whether miners may upload to /v1/submissions"
    )
    allow_insecure_signatures: bool = Field(
        False, description="accept HMAC under the shared token, local use"
    )
    signature_ttl_seconds: int = Field(300, ge=1, le=86_400, description="how old a signed timestamp may be")
    validator_hotkeys: str = Field(
        "", description="comma-separated hotkeys that may carry out runs, and may not submit"
    )

    # challenge
    epoch_seconds: int = Field(21_600, ge=60, le=31_536_000, description="length of a weight epoch")
    max_parameters: int = Field(150_000_000, ge=1, le=10**12, description="parameters a model may have")
    max_layers: int = Field(96, ge=1, le=10_000, description="layers a model may have")
    run_secret: SecretStr | None = Field(
        None, min_length=1, description="keys secret draws; made and kept in var/ if absent"
    )

    # execution
    execution_mode: ExecutionMode = Field("local_cpu_smoke", description="mode of new submissions")
    execution_backend: Literal["local", "docker", "broker"] = Field("local", description="where runs happen")
    local_slots: int = Field(
        1, ge=0, le=64, description="runs at a time of the local backend on one host; 0: validators run all"
    )
    host_name: str = Field(
        "",
        pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]{0,63})?$",
        description="under which this host holds leases, unlike any other's; default: the machine's own",
    )
    gpus: str = Field(
        "",
        description="comma-separated GPUs that may be lent here: each a uuid, or where this process sees no"
        " driver uuid:model:memory (GPU-1f:H100:80g); default: all that the driver lists",
    )
    sandbox: Literal["off", "required"] = Field(
        "required", description="off: submitted code is the operator's own"
    )
    docker_backend: Literal["cli", "broker"] = Field(
        "cli", description="who starts containers: this host's engine (cli) or the platform's broker"
    )
    docker_broker_url: str = Field("", description="address of the platform's container broker")
    docker_broker_token: SecretStr | None = Field(
        None, min_length=1, description="bearer token of the broker"
    )
    docker_broker_slug: str = Field(
        "prism", pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$", description="name under which the broker knows us"
    )
    docker_broker_texts_dir: str = Field(
        "",
        pattern=r"^(/[A-Za-z0-9._-]+)*$",
        description="where the broker itself mounts this host's var/ in containers; default: texts are sent",
    )
    platform_eval_image: str = Field("", description="image of the evaluator, by digest")
    docker_host: str = Field(
        "", description="address of the container engine; default: DOCKER_HOST, else the usual socket"
    )
    docker_allowed_images: str = Field(
        "", description="comma-separated images that runs may be given to, each by digest; empty: none"
    )

    # reviews
    llm_base_url: str = Field("https://openrouter.ai/api/v1", description="gateway of the LLM reviewer")
    llm_api_key: SecretStr | None = Field(None, min_length=1, description="key of the LLM gateway")
    hold_due_seconds: int = Field(
        86_400, ge=60, le=31_536_000, description="when a hold that nobody decided is escalated"
    )
    held_review_timeout_seconds: int = Field(
        604_800, ge=60, le=31_536_000, description="when a hold that nobody decided becomes a rejection"
    )

    # fall-backs of policy fields (SQL wins over these)
    max_code_bytes: int | None = Field(
        None, ge=1, le=10_000_000, description="artifact_limits.max_code_bytes"
    )
    sequence_length: int | None = Field(
        None, ge=8, le=65_536, description="execution_mode_targets.*.sequence_length"
    )
    fineweb_sample_count: int | None = Field(
        None, ge=1, le=1_000_000_000, description="dataset_configs.fineweb_sample_count"
    )
    docker_enabled: bool | None = Field(None, description="sandbox_limits.docker_enabled")
    platform_eval_max_gpu_count: int | None = Field(None, ge=1, le=8, description="gpu_policy.max_gpu_count")
    platform_eval_gpu_count: int | None = Field(None, ge=1, le=8, description="gpu_policy.actual_gpu_count")
    llm_model: str | None = Field(None, max_length=200, description="llm_review_policy.model")

    # paths; a relative one counts from the project's root, because runs work in folders of their own
    var_dir: Path = Field(
        ROOT / "var", description="database, data, artifacts and secrets of the embedded default"
    )
    data_dir: Path | None = Field(None, description="locked train shards; default: var/data")
    val_data_dir: Path | None = Field(
        None, description="secret val and test shards; default: secret/ in the data"
    )
    benchmarks_dir: Path | None = Field(
        None, description="staged benchmark packs; default: benchmarks/ in the data"
    )
    artifact_dir: Path | None = Field(None, description="outputs of runs; default: var/artifacts")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """One source in place of pydantic's three, because each value has two names and may lie in a file."""
        assert isinstance(dotenv_settings, DotEnvSettingsSource)
        env_file = dotenv_settings.env_file
        return init_settings, LayeredSource(settings_cls, Path(str(env_file)) if env_file else None)

    @field_validator("database_url", "redis_url", "docker_broker_url", "llm_base_url")
    @classmethod
    def has_known_scheme(cls, url: str, info: Any) -> str:
        schemes = URL_SCHEMES[info.field_name]
        if url and url.partition("://")[0] not in schemes:
            raise ValueError("an address that begins with " + " or ".join(f"{name}://" for name in schemes))
        return url

    @field_validator("docker_broker_token")
    @classmethod
    def stands_in_a_header(cls, token: SecretStr | None) -> SecretStr | None:
        text = token.get_secret_value() if token else ""
        if not (text.isascii() and text.isprintable()):
            raise ValueError("one line of printable ASCII")
        return token

    @field_validator("validator_hotkeys")
    @classmethod
    def are_hotkeys(cls, text: str) -> str:
        if not all(SS58.fullmatch(hotkey) for hotkey in comma_separated(text)):
            raise ValueError("comma-separated SS58 addresses")
        return text

    @field_validator("gpus")
    @classmethod
    def are_gpus(cls, text: str) -> str:
        parts = comma_separated(text)
        uuids = [part.partition(":")[0] for part in parts]
        if not all(GPU.fullmatch(part) for part in parts) or len(set(uuids)) < len(uuids):
            raise ValueError(
                "comma-separated GPUs, each once, as uuid or as uuid:model:memory (GPU-1f:H100:80g)"
            )
        return text

    @field_validator("csrf_origins")
    @classmethod
    def are_origins(cls, text: str) -> str:
        if not all(re.fullmatch(r"https?://[^/\s]+", origin) for origin in comma_separated(text)):
            raise ValueError("comma-separated origins such as https://prism.example.org")
        return text

    @field_validator("var_dir", "data_dir", "val_data_dir", "benchmarks_dir", "artifact_dir")
    @classmethod
    def from_root(cls, path: Path | None) -> Path | None:
        return path and ROOT / path.expanduser()

    @model_validator(mode="after")
    def broker_is_complete(self) -> Self:
        if self.execution_backend != "broker":
            return self
        if not self.docker_broker_url:
            raise ValueError("PRISM_DOCKER_BROKER_URL = '': needed where PRISM_EXECUTION_BACKEND is broker")
        if not self.docker_broker_token:
            raise ValueError("PRISM_DOCKER_BROKER_TOKEN = '': needed where PRISM_EXECUTION_BACKEND is broker")
        if not self.platform_eval_image:
            raise ValueError("PRISM_PLATFORM_EVAL_IMAGE = '': needed where PRISM_EXECUTION_BACKEND is broker")
        return self

    @property
    def host_names(self) -> list[str]:
        return comma_separated(self.allowed_hosts)

    @property
    def csrf_trusted_origins(self) -> list[str]:
        return comma_separated(self.csrf_origins)

    @property
    def validator_hotkey_set(self) -> frozenset[str]:
        return frozenset(comma_separated(self.validator_hotkeys))

    @property
    def host(self) -> str:
        """The name under which this host holds leases."""
        return self.host_name or socket.gethostname()

    @property
    def shared_tokens(self) -> tuple[str, ...]:
        """Every accepted token, one a line, so that tokens rotate without downtime."""
        return one_a_line(self.shared_token)

    @property
    def metrics_tokens(self) -> tuple[str, ...]:
        return one_a_line(self.metrics_token)

    @property
    def effective_database_url(self) -> str:
        """The configured database, or SQLite in `var_dir`, whose folder is then made."""
        if self.database_url:
            return self.database_url
        self.var_dir.mkdir(parents=True, exist_ok=True)
        return f"sqlite:///{self.var_dir / 'prism.sqlite3'}"

    @property
    def data_path(self) -> Path:
        return self.data_dir or self.var_dir / "data"

    @property
    def val_data_path(self) -> Path:
        return self.val_data_dir or self.data_path / "secret"

    @property
    def benchmarks_path(self) -> Path:
        return self.benchmarks_dir or self.data_path / "benchmarks"

    @property
    def artifact_path(self) -> Path:
        return self.artifact_dir or self.var_dir / "artifacts"


def one_a_line(secret: SecretStr | None) -> tuple[str, ...]:
    text = secret.get_secret_value() if secret else ""
    return tuple(token for token in map(str.strip, text.splitlines()) if token)


def comma_separated(text: str) -> list[str]:
    return [part for part in map(str.strip, text.split(",")) if part]


# The settings in force, in a list of at most one: read at the first call, swapped by `override_env`.
_in_force: list[Environment] = []


def env() -> Environment:
    """The settings of this process, read once; a bad value ends the process with one line per setting."""
    if not _in_force:
        _in_force.append(read_environment())
    return _in_force[-1]


def read_environment(**values: Any) -> Environment:
    """The settings as they stand now, `values` over them; `SettingsRefused` for a bad one."""
    try:
        return Environment(**values)
    except ValidationError as error:
        env_file = Environment.model_config.get("env_file")
        fields = dict(Environment.model_fields)
        raise refuse(error, fields, Path(str(env_file)) if env_file else None) from None


@contextmanager
def override_env(**values: Any) -> Iterator[Environment]:
    """Within the block, `env()` gives the present settings with `values` over them (for tests)."""
    before = env()
    present = {name: getattr(before, name) for name in before.model_fields_set}
    _in_force[:] = [read_environment(**(present | values))]
    try:
        yield _in_force[-1]
    finally:
        _in_force[:] = [before]


def persistent_secret(name: str) -> str:
    """The configured secret `name`, or one made once and kept in `var_dir/secrets/<name>`."""
    configured: SecretStr | None = getattr(env(), name, None)
    return configured.get_secret_value() if configured else kept_secret(env().var_dir / "secrets" / name)
