"""The compose file and the units say what the program understands."""

import configparser
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from prism_site.config import Environment
from prism_site.config_sources import has_file

REPOSITORY = Path(__file__).parents[2]
NEEDED = {
    "PRISM_PLATFORM_EVAL_IMAGE": "sha256:" + "5e" * 32,
    "PRISM_DOCKER_ALLOWED_IMAGES": "sha256:" + "5e" * 32,
    "DOCKER_GROUP": "999",
}


@pytest.fixture
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((REPOSITORY / "compose.yaml").read_text())
    return found


def known_settings() -> set[str]:
    fields = Environment.model_fields
    names = {f"PRISM_{name.upper()}" for name in fields}
    return names | {f"PRISM_{name.upper()}_FILE" for name, field in fields.items() if has_file(field)}


def test_every_variable_of_a_service_is_a_setting(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        named = {key for key in service.get("environment", {}) if key.startswith("PRISM_")}
        assert named <= known_settings(), name


def test_no_service_holds_a_secret_in_its_text(compose: dict[str, Any]) -> None:
    secret = {f"PRISM_{name.upper()}" for name, field in Environment.model_fields.items() if has_file(field)}
    for name, service in compose["services"].items():
        assert not secret & set(service.get("environment", {})), name


def test_the_engine_is_handed_to_the_gpu_worker_alone(compose: dict[str, Any]) -> None:
    def sees_engine(service: dict[str, Any]) -> bool:
        return any("docker.sock" in volume for volume in service.get("volumes", []))

    assert [name for name, service in compose["services"].items() if sees_engine(service)] == ["gpu-worker"]


def test_what_the_engine_mounts_is_at_one_path_on_both_sides(compose: dict[str, Any]) -> None:
    for name in ("web", "worker", "gpu-worker"):
        var = compose["services"][name]["environment"]["PRISM_VAR_DIR"]
        assert f"{var}:{var}" in compose["services"][name]["volumes"]


@pytest.mark.skipif(shutil.which("docker-compose") is None, reason="apt-get install docker-compose")
def test_compose_itself_takes_the_file() -> None:
    def check(environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["docker-compose", "--file", str(REPOSITORY / "compose.yaml"), "config", "--quiet"],
            env={"PATH": os.environ["PATH"], **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert check(NEEDED).stderr == ""
    for name in NEEDED:
        lacking = check({key: value for key, value in NEEDED.items() if key != name})
        assert lacking.returncode != 0, name


@pytest.mark.parametrize("unit", sorted(path.name for path in (REPOSITORY / "deploy" / "systemd").iterdir()))
def test_units_start_programs_of_this_tree(unit: str) -> None:
    parser = configparser.ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(REPOSITORY / "deploy" / "systemd" / unit)
    service = parser["Service"]
    assert service["User"] != "root"
    words = service["ExecStart"].split()
    if "manage.py" in words:
        command = words[words.index("manage.py") + 1]
        assert (REPOSITORY / f"prism_site/management/commands/{command}.py").is_file()
    else:
        assert "prism_site.wsgi" in words
