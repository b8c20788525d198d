"""What every answer tells a browser, on pages, in the API and on errors."""

import subprocess
import sys
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from prism_site.config import ROOT
from tests.security.production import production

pytestmark = pytest.mark.django_db
PATHS = ["/", "/login/", "/v1/leaderboard", "/v1/nothing", "/nothing", "/internal/v1/get_weights", "/metrics"]


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_is_guarded(path: str, client: Client) -> None:
    answer = client.get(path)
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    policy = answer["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


def test_session_and_form_cookies_are_for_the_server_alone(client: Client) -> None:
    User.objects.create_user("operator", password="correct horse battery staple")
    client.get("/login/")
    client.post("/login/", {"username": "operator", "password": "correct horse battery staple"})
    for name in ("sessionid", "csrftoken", "prism_device"):
        cookie = client.cookies[name]
        assert cookie["httponly"], name
        assert cookie["samesite"] in {"Lax", "Strict"}, name


ASKED = """
import django
django.setup()
from django.test import Client
import json
seen = {}
secure = dict(HTTP_X_FORWARDED_PROTO="https", HTTP_HOST="prism.example.org")
page = Client().get("/login/", **secure)
seen["hsts"] = page["Strict-Transport-Security"]
seen["secure"] = bool(page.cookies["csrftoken"]["secure"])
plain = Client().get("/login/", HTTP_HOST="prism.example.org")
seen["redirect"] = [plain.status_code, plain["Location"]]
seen["within"] = Client().get("/version", HTTP_HOST="prism.example.org").status_code
print(json.dumps(seen))
"""


def test_over_https_cookies_are_secure_and_plain_pages_move(tmp_path: Any) -> None:
    import json

    seen = json.loads(in_production(["-c", ASKED], tmp_path))
    assert seen["hsts"] == "max-age=31536000; includeSubDomains"
    assert seen["secure"]
    assert seen["redirect"] == [301, "https://prism.example.org/login/"]
    assert seen["within"] == 200


def test_check_deploy_is_clean_in_production(tmp_path: Any) -> None:
    said = in_production(["manage.py", "check", "--deploy", "--fail-level", "WARNING"], tmp_path)
    assert "no issues" in said


def in_production(arguments: list[str], folder: Any) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=production(folder),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
