"""Settings: names, prefixes, files, bounds, error lines; and SQL over environment over schema."""

import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from prism_site.config import ROOT, Environment, env, override_env, persistent_secret, read_environment
from prism_site.config_errors import SettingsRefused
from prism_site.config_sources import is_secret
from prism_site.policy.environment import BACKED_BY, environment_values
from prism_site.policy.errors import PolicyInvalid
from prism_site.policy.merge import leaves
from prism_site.policy.models import RuntimeConfig
from prism_site.policy.resolve import Policy, resolve_policy, set_policy
from prism_site.secret_files import kept_secret

HOTKEY = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"
SAMPLES: dict[str, tuple[str, Any]] = {
    "DATABASE_URL": ("postgres://prism@db/prism", "postgres://prism@db/prism"),
    "SHARED_TOKEN": ("token", "token"),
    "PUBLIC_SUBMISSIONS_ENABLED": ("true", True),
    "ALLOW_INSECURE_SIGNATURES": ("1", True),
    "SIGNATURE_TTL_SECONDS": ("60", 60),
    "EPOCH_SECONDS": ("600", 600),
    "MAX_CODE_BYTES": ("1000", 1000),
    "MAX_PARAMETERS": ("5000", 5000),
    "MAX_LAYERS": ("12", 12),
    "SEQUENCE_LENGTH": ("128", 128),
    "FINEWEB_SAMPLE_COUNT": ("64", 64),
    "EXECUTION_BACKEND": ("docker", "docker"),
    "EXECUTION_MODE": ("gpu_proxy_eval", "gpu_proxy_eval"),
    "SANDBOX": ("required", "required"),
    "DOCKER_ENABLED": ("yes", True),
    "DOCKER_BACKEND": ("broker", "broker"),
    "DOCKER_BROKER_URL": ("http://broker:8080", "http://broker:8080"),
    "DOCKER_BROKER_TOKEN": ("token", "token"),
    "DOCKER_BROKER_SLUG": ("prism-2", "prism-2"),
    "DOCKER_BROKER_TEXTS_DIR": ("/prism", "/prism"),
    "PLATFORM_EVAL_IMAGE": ("prism-evaluator@sha256:00", "prism-evaluator@sha256:00"),
    "PLATFORM_EVAL_MAX_GPU_COUNT": ("4", 4),
    "PLATFORM_EVAL_GPU_COUNT": ("2", 2),
    "LLM_BASE_URL": ("http://localhost:9/v1", "http://localhost:9/v1"),
    "LLM_API_KEY": ("key", "key"),
    "LLM_MODEL": ("some/model", "some/model"),
    "DATA_DIR": ("/data/train", Path("/data/train")),
    "VAL_DATA_DIR": ("/data/secret", Path("/data/secret")),
    "BENCHMARKS_DIR": ("/data/benchmarks", Path("/data/benchmarks")),
    "ARTIFACT_DIR": ("/data/artifacts", Path("/data/artifacts")),
    "REDIS_URL": ("redis://cache/0", "redis://cache/0"),
    "VALIDATOR_HOTKEYS": (f"{HOTKEY}", HOTKEY),
    "RUN_SECRET": ("secret", "secret"),
    "SECRET_KEY": ("secret", "secret"),
}
SECRETS = ["SHARED_TOKEN", "METRICS_TOKEN", "DOCKER_BROKER_TOKEN", "LLM_API_KEY", "RUN_SECRET", "SECRET_KEY"]


@pytest.fixture(autouse=True)
def dotenv(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A host without any setting, and the place of its `.env`."""
    for variable in [name for name in os.environ if name.startswith(("PRISM_", "CHALLENGE_"))]:
        monkeypatch.delenv(variable)
    monkeypatch.setitem(Environment.model_config, "env_file", tmp_path / ".env")
    return tmp_path / ".env"


def value_of(settings: Environment, name: str) -> Any:
    value = getattr(settings, name.lower())
    return value.get_secret_value() if is_secret(Environment.model_fields[name.lower()]) else value


def lines_of(**variables: str) -> list[str]:
    """What is said about bad `PRISM_` variables."""
    with pytest.MonkeyPatch.context() as patch:
        for name, text in variables.items():
            patch.setenv(name, text)
        with pytest.raises(SettingsRefused) as caught:
            read_environment()
    return caught.value.lines


# names and sources


@pytest.mark.parametrize("prefix", ["PRISM_", "CHALLENGE_"])
@pytest.mark.parametrize("name", SAMPLES)
def test_every_setting_is_read_under_both_prefixes(
    name: str, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, expected = SAMPLES[name]
    monkeypatch.setenv(prefix + name, text)
    assert value_of(read_environment(), name) == expected


@pytest.mark.parametrize("name", SAMPLES)
def test_every_setting_is_read_from_dotenv(name: str, dotenv: Path) -> None:
    text, expected = SAMPLES[name]
    dotenv.write_text(f"PRISM_{name}={text}\n")
    assert value_of(read_environment(), name) == expected


def test_prism_wins_over_challenge_and_the_process_over_dotenv(
    dotenv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dotenv.write_text("CHALLENGE_MAX_LAYERS=1\n")
    assert read_environment().max_layers == 1
    dotenv.write_text("CHALLENGE_MAX_LAYERS=1\nPRISM_MAX_LAYERS=2\n")
    assert read_environment().max_layers == 2
    monkeypatch.setenv("CHALLENGE_MAX_LAYERS", "3")
    assert read_environment().max_layers == 3
    monkeypatch.setenv("PRISM_MAX_LAYERS", "4")
    assert read_environment().max_layers == 4


def test_an_empty_variable_is_an_absent_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRISM_MAX_LAYERS", "")
    monkeypatch.setenv("CHALLENGE_MAX_LAYERS", "7")
    assert read_environment().max_layers == 7


def test_a_dollar_in_dotenv_is_a_dollar(dotenv: Path) -> None:
    dotenv.write_text("PRISM_SHARED_TOKEN=a${HOME}b$c\n")
    assert read_environment().shared_tokens == ("a${HOME}b$c",)


def test_defaults_are_those_of_the_design() -> None:
    settings = read_environment()
    assert settings.model_fields_set == frozenset()
    assert (settings.signature_ttl_seconds, settings.epoch_seconds) == (300, 21_600)
    assert (settings.max_parameters, settings.max_layers) == (150_000_000, 96)
    assert (settings.execution_backend, settings.execution_mode) == ("local", "local_cpu_smoke")
    assert (settings.public_submissions_enabled, settings.allow_insecure_signatures) == (False, False)
    assert settings.var_dir == ROOT / "var"
    assert all(getattr(settings, name) is None for name in BACKED_BY), "or their origin would be lost"


@pytest.mark.parametrize("name", Environment.model_fields)
def test_every_setting_is_described(name: str) -> None:
    assert Environment.model_fields[name].description


# secrets


@pytest.mark.parametrize("prefix", ["PRISM_", "CHALLENGE_"])
@pytest.mark.parametrize("name", SECRETS)
def test_every_secret_may_lie_in_a_file(
    name: str, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "secret"
    file.write_text("  from a file\n")
    monkeypatch.setenv(f"{prefix}{name}_FILE", str(file))
    assert value_of(read_environment(), name) == "from a file"


def test_every_secret_setting_is_in_the_list() -> None:
    assert {name.upper() for name, field in Environment.model_fields.items() if is_secret(field)} == set(
        SECRETS
    )


def test_a_database_address_with_a_password_may_lie_in_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "url").write_text("postgres://prism:pw@db/prism\n")
    monkeypatch.setenv("PRISM_DATABASE_URL_FILE", str(tmp_path / "url"))
    assert read_environment().effective_database_url == "postgres://prism:pw@db/prism"


def test_a_value_wins_over_a_file_of_the_same_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text("file")
    monkeypatch.setenv("PRISM_SHARED_TOKEN_FILE", str(tmp_path / "secret"))
    monkeypatch.setenv("CHALLENGE_SHARED_TOKEN", "challenge")
    assert read_environment().shared_tokens == ("file",)
    monkeypatch.setenv("PRISM_SHARED_TOKEN", "value")
    assert read_environment().shared_tokens == ("value",)


def test_each_line_of_a_token_file_is_a_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tokens").write_text("new\n\n  old \n")
    monkeypatch.setenv("PRISM_SHARED_TOKEN_FILE", str(tmp_path / "tokens"))
    assert read_environment().shared_tokens == ("new", "old")
    assert Environment().shared_token is not None
    monkeypatch.delenv("PRISM_SHARED_TOKEN_FILE")
    assert read_environment().shared_tokens == ()


@pytest.mark.parametrize("name", SECRETS)
def test_secrets_are_masked_in_errors_and_representations(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"PRISM_{name}", "planted-secret")
    assert "planted-secret" not in repr(read_environment())
    said = lines_of(PRISM_MAX_LAYERS="x", **{f"PRISM_{name}": "planted-secret"})
    assert "planted-secret" not in str(said)


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "readable file"), (b"", "holds something"), (b" \n", "holds something"), (b"\xff", "UTF-8")],
)
def test_a_secret_file_that_gives_nothing_is_named(
    content: bytes | None, reason: str, tmp_path: Path
) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    (line,) = lines_of(PRISM_RUN_SECRET_FILE=str(file))
    assert line.startswith(f"PRISM_RUN_SECRET_FILE = '{file}': the path of a ")
    assert reason in line


def test_a_secret_file_larger_than_any_secret_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"x" * 70_000)
    (line,) = lines_of(PRISM_RUN_SECRET_FILE=str(tmp_path / "secret"))
    assert "at most 64 KiB" in line


def test_a_secret_is_made_once_and_only_its_user_reads_it(tmp_path: Path) -> None:
    with override_env(var_dir=tmp_path, secret_key=None):
        first = persistent_secret("secret_key")
        assert persistent_secret("secret_key") == first
        assert persistent_secret("run_secret") != first
    file = tmp_path / "secrets" / "secret_key"
    assert len(first) >= 40
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(path.name for path in file.parent.iterdir()) == ["run_secret", "secret_key"]


def test_a_configured_secret_leaves_no_file(tmp_path: Path) -> None:
    with override_env(var_dir=tmp_path, run_secret="mine"):
        assert persistent_secret("run_secret") == "mine"
    assert not list(tmp_path.iterdir())


def test_all_who_start_together_get_one_secret(tmp_path: Path) -> None:
    start = Barrier(8)

    def begin(_: int) -> str:
        start.wait()
        return kept_secret(tmp_path / "secrets" / "run_secret")

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(begin, range(8)))) == 1
    assert [path.name for path in (tmp_path / "secrets").iterdir()] == ["run_secret"]


# bounds and error lines


@pytest.mark.parametrize(
    ("name", "text", "allowed"),
    [
        ("EPOCH_SECONDS", "5", "a whole number, at least 60, at most 31536000"),
        ("EPOCH_SECONDS", "6e4", "a whole number, at least 60, at most 31536000"),
        ("SIGNATURE_TTL_SECONDS", "0", "a whole number, at least 1, at most 86400"),
        ("PLATFORM_EVAL_MAX_GPU_COUNT", "9", "a whole number, at least 1, at most 8, or null"),
        ("PLATFORM_EVAL_GPU_COUNT", "0", "a whole number, at least 1, at most 8, or null"),
        ("MAX_PARAMETERS", "nan", "a whole number, at least 1, at most 1000000000000"),
        ("SEQUENCE_LENGTH", "4", "a whole number, at least 8, at most 65536, or null"),
        ("DEBUG", "perhaps", "true or false"),
        ("DOCKER_ENABLED", "2", "true or false, or null"),
        ("EXECUTION_BACKEND", "cloud", "one of local, docker, broker"),
        ("EXECUTION_MODE", "fast", "one of local_cpu_smoke, gpu_proxy_eval, full_scale_eval"),
        ("SANDBOX", "maybe", "one of off, required"),
        (
            "DATABASE_URL",
            "mysql://db/x",
            "an address that begins with postgres:// or postgresql:// or sqlite://",
        ),
        ("REDIS_URL", "cache", "an address that begins with redis:// or rediss:// or unix://"),
        ("DOCKER_BROKER_URL", "broker:80", "an address that begins with http:// or https://"),
        ("VALIDATOR_HOTKEYS", "5short", "comma-separated SS58 addresses"),
        ("CSRF_ORIGINS", "prism.example.org", "comma-separated origins such as https://prism.example.org"),
    ],
)
def test_a_bad_value_is_said_with_what_is_allowed(name: str, text: str, allowed: str) -> None:
    assert lines_of(**{f"PRISM_{name}": text}) == [f"PRISM_{name} = {text!r}: {allowed}"]
    assert lines_of(**{f"CHALLENGE_{name}": text}) == [f"CHALLENGE_{name} = {text!r}: {allowed}"]


def test_each_bad_setting_has_one_line() -> None:
    lines = lines_of(PRISM_MAX_LAYERS="x", PRISM_DEBUG="x", CHALLENGE_EPOCH_SECONDS="x")
    assert sorted(line.partition(" ")[0] for line in lines) == [
        "CHALLENGE_EPOCH_SECONDS",
        "PRISM_DEBUG",
        "PRISM_MAX_LAYERS",
    ]


def test_a_password_in_an_address_is_masked() -> None:
    (line,) = lines_of(PRISM_DATABASE_URL="mysql://prism:planted@db/x")
    assert "planted" not in line
    assert "mysql://prism:********@db/x" in line


@pytest.mark.parametrize("token", ["two\nlines", "schlüssel"])
def test_a_token_that_no_header_can_hold_is_refused(token: str) -> None:
    (line,) = lines_of(PRISM_DOCKER_BROKER_TOKEN=token)
    assert line == "PRISM_DOCKER_BROKER_TOKEN = '********': one line of printable ASCII"


def test_the_broker_backend_needs_its_address_and_token() -> None:
    (line,) = lines_of(PRISM_EXECUTION_BACKEND="broker")
    assert line.startswith("PRISM_DOCKER_BROKER_URL = '': needed")
    (line,) = lines_of(PRISM_EXECUTION_BACKEND="broker", PRISM_DOCKER_BROKER_URL="http://broker")
    assert line.startswith("PRISM_DOCKER_BROKER_TOKEN = '': needed")
    (line,) = lines_of(
        PRISM_EXECUTION_BACKEND="broker",
        PRISM_DOCKER_BROKER_URL="http://broker",
        PRISM_DOCKER_BROKER_TOKEN="token",
    )
    assert line.startswith("PRISM_PLATFORM_EVAL_IMAGE = '': needed")


def test_a_process_with_bad_settings_ends_in_lines_not_in_a_traceback() -> None:
    bad = {"PRISM_EPOCH_SECONDS": "soon", "CHALLENGE_MAX_LAYERS": "0"}
    ended = subprocess.run(
        [sys.executable, "manage.py", "settings"],
        cwd=ROOT,
        env=os.environ | bad,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 3
    assert ended.stderr.splitlines() == [
        "PRISM cannot start: 2 settings are wrong.",
        "  PRISM_EPOCH_SECONDS = 'soon': a whole number, at least 60, at most 31536000",
        "  CHALLENGE_MAX_LAYERS = '0': a whole number, at least 1, at most 10000",
    ]


# what is derived


def test_paths_follow_from_var_unless_set(tmp_path: Path) -> None:
    settings = read_environment(var_dir=tmp_path)
    assert settings.data_path == tmp_path / "data"
    assert settings.val_data_path == tmp_path / "data" / "secret"
    assert settings.artifact_path == tmp_path / "artifacts"
    assert read_environment(data_dir="/elsewhere").val_data_path == Path("/elsewhere/secret")


def test_a_relative_path_counts_from_the_root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_environment(data_dir="texts").data_path == ROOT / "texts"


def test_the_embedded_database_finds_its_folder(tmp_path: Path) -> None:
    settings = read_environment(var_dir=tmp_path / "new")
    assert settings.effective_database_url == f"sqlite:///{tmp_path}/new/prism.sqlite3"
    assert (tmp_path / "new").is_dir()


def test_lists_are_split_at_commas() -> None:
    settings = read_environment(
        allowed_hosts="a.org, b.org,", csrf_origins="https://a.org", validator_hotkeys=f" {HOTKEY},"
    )
    assert settings.host_names == ["a.org", "b.org"]
    assert settings.csrf_trusted_origins == ["https://a.org"]
    assert settings.validator_hotkey_set == {HOTKEY}


def test_settings_are_read_once_and_an_override_ends_with_its_block() -> None:
    before = env()
    assert env() is before
    with override_env(max_layers=5) as inner:
        assert env() is inner
        assert (inner.max_layers, inner.epoch_seconds) == (5, before.epoch_seconds)
        with override_env(epoch_seconds=60) as innermost:
            assert (innermost.max_layers, innermost.epoch_seconds) == (5, 60)
    assert env() is before


# SQL over environment over schema


@pytest.mark.parametrize("setting", BACKED_BY)
def test_a_policy_field_is_sql_else_environment_else_default(
    setting: str, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, paths = BACKED_BY[setting]
    text, from_environment = SAMPLES[setting.upper()]

    with override_env(**dict.fromkeys(BACKED_BY)):
        lowest = resolve_policy()
    monkeypatch.setenv(f"PRISM_{setting.upper()}", text)
    with override_env(**{setting: getattr(read_environment(), setting)}):
        middle = resolve_policy()
        set_policy(key, {}, by="ada")
        assert resolve_policy().origins == middle.origins, "a row that sets nothing changes nothing"
        set_policy(key, nested(paths, value_at(lowest, key, paths[0])), by="ada")
        highest = resolve_policy()

    for path in paths:
        assert lowest.origins[key][path] == "default"
        assert middle.origins[key][path] == "environment"
        assert highest.origins[key][path] == "sql"
        assert value_at(middle, key, path) == from_environment != value_at(lowest, key, path)
        assert value_at(highest, key, path) == value_at(lowest, key, paths[0])


def test_the_environment_gives_no_key_that_it_does_not_set() -> None:
    with override_env(**dict.fromkeys(BACKED_BY)):
        assert environment_values() == {}
    with override_env(**(dict.fromkeys(BACKED_BY) | {"docker_enabled": False})):
        assert environment_values() == {"sandbox_limits": {"docker_enabled": False}}


@pytest.mark.django_db
def test_a_partial_row_leaves_its_neighbours_to_the_lower_layers() -> None:
    set_policy("artifact_limits", {"max_files": 10}, by="ada")
    with override_env(max_code_bytes=123):
        limits = resolve_policy().artifact_limits
    assert (limits.max_files, limits.max_code_bytes, limits.max_bytes) == (10, 123, 2_000_000)


@pytest.mark.django_db
def test_official_work_fails_closed_and_local_work_falls_back_aloud() -> None:
    row = RuntimeConfig.objects.create(
        config_key="artifact_limits", value_json={"max_files": 0}, updated_by="sql"
    )
    with override_env(max_code_bytes=123):
        with pytest.raises(PolicyInvalid) as caught:
            resolve_policy()
        local = resolve_policy(official=False)
    assert (caught.value.code, caught.value.row_id, caught.value.field) == (
        "policy_invalid",
        row.pk,
        "max_files",
    )
    assert (local.artifact_limits.max_files, local.artifact_limits.max_code_bytes) == (200, 123)
    assert len(local.fallbacks) == 1


def value_at(policy: Policy, key: str, path: str) -> Any:
    return leaves(getattr(policy, key).model_dump())[path]


def nested(paths: tuple[str, ...], value: Any) -> dict[str, Any]:
    """`value` at each of some dotted paths of at most two names."""
    built: dict[str, Any] = {}
    for path in paths:
        outer, _, inner = path.rpartition(".")
        target = built.setdefault(outer, {}) if outer else built
        target[inner] = value
    return built
