"""Every way in which a run ends without a score has its advice, and every advice leads to a passage."""

import re

import pytest

from evaluations.views.advice import BY_CODE, Advice, advice_on
from prism_site.config import ROOT
from prism_site.documents import shelf
from prism_site.documents.reading import page_of

ENDING = re.compile(r"^\| `(?:rejected|failed)`.*?\|(.*)\|$", re.MULTILINE)
BY_KIND = [
    advice_on("starts_processes", was_read=True, was_run=False),
    advice_on("zip_malformed", was_read=False, was_run=False),
    advice_on("anything", was_read=True, was_run=True),
]
ADVICE: set[Advice] = {*BY_CODE.values(), *BY_KIND}


def test_every_documented_ending_of_a_run_has_advice() -> None:
    documented = "".join(ENDING.findall((ROOT / "docs/runner.md").read_text()))
    codes = set(re.findall(r"`(\w+)`", documented))
    assert {"causality_violation", "learner_error", "logits_shape"} <= codes
    assert codes - set(BY_CODE) == set()


def test_what_has_no_advice_of_its_own_is_told_by_how_far_it_came() -> None:
    rules, bundle, own_code = BY_KIND
    assert "precheck" in rules.words
    assert "pack" in bundle.words
    assert "your own code" in own_code.words


@pytest.mark.parametrize("advice", sorted(ADVICE, key=lambda each: each.words))
def test_an_advice_leads_to_a_passage(advice: Advice) -> None:
    assert advice.words.endswith(".")
    if advice.url == "/submit":
        return
    found = re.fullmatch(r"/docs/([a-z-]+)/(?:#(.+))?", advice.url)
    assert found is not None
    headings = page_of(shelf.documents()[found[1]]).headings
    assert found[2] is None or found[2] in {heading.anchor for heading in headings}
