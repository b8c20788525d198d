"""The OpenAPI document and its reader."""

import io
import re

import pytest
from django.core.management import call_command

from tests import factories

pytestmark = pytest.mark.django_db


def test_the_document_is_valid_and_complete_without_a_warning():
    out = io.StringIO()
    call_command("spectacular", fail_on_warn=True, validate=True, format="openapi-json", stdout=out)


def test_the_document_names_every_public_route(client):
    document = client.get("/v1/schema/").json()
    assert document["openapi"].startswith("3.1")
    paths = document["paths"]
    for path in ("/health", "/v1/submissions", "/v1/submissions/{submission_id}/curve", "/v1/leaderboard"):
        assert path in paths
    assert set(paths["/v1/submissions"]["post"]["requestBody"]["content"]) == {
        "application/zip",
        "application/json",
    }
    assert "application/problem+json" in paths["/v1/submissions"]["post"]["responses"]["422"]["content"]


def test_answers_hold_what_the_document_says(client):
    score = factories.make_completed()
    document = client.get("/v1/schema/").json()
    for path in ("/v1/submissions/{submission_id}", "/v1/leaderboard", "/v1/recipe", "/version"):
        reference = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"][
            "schema"
        ]
        schema = document["components"]["schemas"][reference["$ref"].rpartition("/")[2]]
        body = client.get(path.format(submission_id=score.submission_id)).json()
        assert body.keys() == schema["properties"].keys()


def test_the_reader_holds_no_inline_script_or_style(client):
    response = client.get("/docs/api/")
    html = response.content.decode()
    assert "script-src 'self'" in response["Content-Security-Policy"]
    assert "<style" not in html
    assert not re.search(r"<script(?![^>]*\bsrc=)", html)
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", html)
    script = client.get(re.findall(r"src=\"([^\"]*script=[^\"]*)\"", html)[0].replace("&amp;", "&"))
    assert script.status_code == 200
    assert script["Content-Type"].startswith("application/javascript")
