"""`manage.py sandbox_check`: what it prints and how it exits."""

import json
from dataclasses import replace

import pytest
from django.core.management import call_command

from evaluations.management.commands import sandbox_check
from evaluations.runner.sandbox.errors import SandboxUnavailable
from evaluations.sandbox_attacks.catalogue import BY_NAME


@pytest.fixture(autouse=True)
def _stay_as_we_are(monkeypatch):
    """The command's process guards itself and reaps all its children; a test's process has others."""
    monkeypatch.setattr(sandbox_check, "guard_referee", lambda: None)
    monkeypatch.setattr(sandbox_check, "end_descendants", lambda: None)


def check(capsys, *arguments):
    with pytest.raises(SystemExit) as end:
        call_command("sandbox_check", *arguments)
    return end.value.code, capsys.readouterr().out


def test_walls_that_stand_exit_with_0_and_a_table(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")
    status, out = check(capsys, "--only", "a secret file by")
    assert status == 0
    assert "2 attacks: 2 blocked, 0 open, 0 no control here" in out
    assert "Landlock" in out
    assert "openat2" in out


def test_findings_as_json_carry_the_hosts_abilities_and_the_control(capsys):
    status, out = check(capsys, "--json", "--only", "metadata: ")
    found = json.loads(out)
    assert status == 0
    assert found["counts"] == {"blocked": 0, "open": 2, "no control here": 0}
    assert found["breaches"] == 0
    assert {"kernel", "Landlock", "seccomp", "user"} <= set(found["host"])
    assert found["attacks"][0]["standing"] == "open"


def test_a_wall_that_is_open_exits_with_1_and_is_named(capsys, monkeypatch):
    leak = replace(BY_NAME["metadata: size and time of a secret file"], metadata=False)
    monkeypatch.setattr(sandbox_check, "ATTACKS", [leak])
    status, out = check(capsys)
    assert status == 1
    assert "A wall is open: metadata: size and time of a secret file" in out


def test_a_host_that_cannot_build_the_wall_exits_with_3_and_says_why(capsys, monkeypatch):
    def unavailable(*_):
        raise SandboxUnavailable("the kernel has no Landlock, version 3 is needed")

    monkeypatch.setattr(sandbox_check, "attack", unavailable)
    status, out = check(capsys)
    assert status == 3
    assert "sandbox_unavailable the kernel has no Landlock" in out
