"""The list of docs/operators.md, carried out as it stands there, on a machine that has nothing."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from prism_site.config import ROOT
from tests.security.production import production

PAGE = (ROOT / "docs" / "operators.md").read_text()
TRIED_ELSEWHERE = ("sandbox_check",)  # a minute of attacks: tests/sandbox/test_command.py
PASSWORD = "correct horse battery staple"


def blocks(language: str, section: str) -> list[list[str]]:
    """The fenced blocks of a section, line by line."""
    (text,) = re.findall(rf"^## {section}\n(.*?)(?=^## |\Z)", PAGE, flags=re.S | re.M)
    found = re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.S | re.M)
    return [block.strip().splitlines() for block in found]


@pytest.mark.long
def test_the_first_day_goes_as_it_is_written(tmp_path: Path) -> None:
    (lines,) = blocks("sh", "The first day")
    (settings,) = blocks("ini", "The first day")
    environment = production(tmp_path)
    written = dict(line.split("=", 1) for line in settings)
    for name, value in written.items():
        if not name.endswith("_FILE"):
            assert environment[name] == value
    (tmp_path / "tokens").write_text(environment.pop("PRISM_SHARED_TOKEN"))
    environment |= {
        "PRISM_SHARED_TOKEN_FILE": str(tmp_path / "tokens"),
        "DJANGO_SUPERUSER_PASSWORD": PASSWORD,
    }
    for line in lines:
        if any(command in line for command in TRIED_ELSEWHERE):
            continue
        command = line.replace("/srv/backups", str(tmp_path / "backups")).split()
        command[0] = sys.executable
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, (line, done.stdout[-3000:], done.stderr[-3000:])
    assert len(lines) == 10


def test_every_command_of_the_page_exists() -> None:
    from django.core.management import get_commands

    named = set(re.findall(r"manage\.py ([a-z_]+)", PAGE))
    assert named <= set(get_commands()), named - set(get_commands())
    assert {"backup", "restore", "migrate", "supervise"} <= named


def test_every_refusal_of_a_restore_is_explained() -> None:
    from prism_site.backup import errors

    codes = {kind.code for kind in errors.BackupRefused.__subclasses__()}
    assert {code for code in codes if f"`{code}`" not in PAGE} == {"backup_exists", "backup_source_changed"}


def test_every_metric_of_an_alarm_exists() -> None:
    source = (ROOT / "prism_site" / "metrics.py").read_text()
    for name in set(re.findall(r"prism_([a-z_]+)", PAGE)) - {"site", "submit"}:
        assert f'"{name.removesuffix("_total")}"' in source, name
