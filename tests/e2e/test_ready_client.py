"""The clients printed on the submit page, run as they stand against a real server."""

import html
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bittensor_wallet import Wallet
from django.core.cache import cache
from django.test import Client

from evaluations.intake.bundle import pack
from evaluations.models import Submission
from prism_site.config import override_env
from tests.factories import FILES

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A miner's home folder, with a wallet and a bundle."""
    wallet = Wallet(name="default", hotkey="default", path=str(tmp_path / ".bittensor" / "wallets"))
    wallet.create_new_hotkey(use_password=False, overwrite=False, suppress=True)
    for name, raw in FILES.items():
        (tmp_path / name).write_bytes(raw)
    (tmp_path / "prism.yaml").write_text("name: from the page\n")
    return tmp_path


@pytest.fixture
def server(live_server: Any) -> Iterator[str]:
    cache.clear()
    with override_env(public_submissions_enabled=True):
        yield live_server.url


def snippet(server: str, name: str) -> str:
    """The text that the copy button of a snippet copies."""
    page = Client(headers={"host": server.removeprefix("http://")}).get("/submit").content.decode()
    found = re.search(rf'<pre id="{name}"[^>]*>(.*?)</pre>', page, re.DOTALL)
    assert found is not None
    return html.unescape(found[1])


def run(home: Path, *command: str) -> dict[str, Any]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {"HOME": str(home), "PATH": path}
    done = subprocess.run(
        command, cwd=home, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    receipt: dict[str, Any] = json.loads(done.stdout[done.stdout.index("{") :])
    return receipt


def test_python_client_sends_a_bundle(home: Path, server: str) -> None:
    (home / "client.py").write_text(snippet(server, "client"))
    (home / "bundle.zip").write_bytes(pack(FILES))
    receipt = run(home, sys.executable, "client.py", "bundle.zip")
    assert Submission.objects.get(pk=receipt["id"]).hotkey == receipt["hotkey"]


def test_refusal_reaches_the_miner(home: Path, server: str) -> None:
    (home / "client.py").write_text(snippet(server, "client"))
    (home / "bundle.zip").write_bytes(b"not a ZIP")
    with pytest.raises(AssertionError, match=r'"code": *"zip_'):
        run(home, sys.executable, "client.py", "bundle.zip")


def test_curl_sends_a_bundle(home: Path, server: str) -> None:
    if not all(map(shutil.which, ("curl", "zip", "openssl", "bash"))):
        pytest.skip("curl, zip or openssl is not installed")
    (home / "send.sh").write_text(snippet(server, "curl"))
    receipt = run(home, "bash", "send.sh")
    assert Submission.objects.get(pk=receipt["id"]).name == "from the page"
