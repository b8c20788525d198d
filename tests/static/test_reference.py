"""The rules as people read them: one document and one page, both from the same data."""

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from prism_site.config import ROOT
from reviews.management.commands import rules_reference
from reviews.static_checks.names import ATTRIBUTES, BUILTINS, MEMBERS, PATHS
from reviews.static_checks.reference import markdown
from reviews.static_checks.rules import BY_ID, RULES


def test_ids_are_unique_and_named_by_the_data() -> None:
    assert len(BY_ID) == len(RULES)
    named = {*PATHS.values(), *ATTRIBUTES.values(), *BUILTINS.values()} - {""}
    assert named <= BY_ID.keys()
    assert all(members for members in MEMBERS.values())


def test_the_document_is_up_to_date() -> None:
    assert (ROOT / "docs" / "rules.md").read_text() == markdown()


def test_a_stale_document_is_found_and_mended(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(rules_reference, "FILE", tmp_path / "rules.md")
    with pytest.raises(CommandError, match="stale"):
        call_command("rules_reference", "--check")
    call_command("rules_reference")
    call_command("rules_reference", "--check")
    assert (tmp_path / "rules.md").read_text() == markdown()


@pytest.mark.django_db
def test_the_page_shows_every_rule_and_is_linked_where_bundles_are_sent(client: Client) -> None:
    page = client.get(reverse("rules"))
    assert page.status_code == 200
    assert all(f'id="{rule.id}"' in page.text for rule in RULES)
    assert reverse("rules") in client.get(reverse("submit")).text
