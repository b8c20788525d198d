"""The tool as the site gives it: the file itself, cached by its content, its hash where it is offered."""

import hashlib

import pytest
from django.test import Client

from prism_site.config import ROOT

SOURCE = (ROOT / "clients" / "prism_submit.py").read_bytes()


def test_the_file_is_served_as_it_stands() -> None:
    answer = Client().get("/submit/prism_submit.py")
    assert answer.content == SOURCE
    assert answer["Content-Type"] == "text/x-python; charset=utf-8"


def test_who_has_it_is_told_so() -> None:
    etag = Client().get("/submit/prism_submit.py")["ETag"]
    again = Client(headers={"if-none-match": etag}).get("/submit/prism_submit.py")
    assert (again.status_code, again.content) == (304, b"")


def test_it_is_for_reading() -> None:
    assert Client().post("/submit/prism_submit.py").status_code == 405


@pytest.mark.django_db
def test_its_hash_stands_where_it_is_offered() -> None:
    page = Client().get("/submit").content.decode()
    assert hashlib.sha256(SOURCE).hexdigest() in page
    assert 'href="/submit/prism_submit.py"' in page
