"""Every figure that is explained has a term, every term a use, every explanation a passage to go on with."""

import re
from pathlib import Path

import pytest
from django.template import Context, Template
from django.test import Client
from django.utils.text import slugify

from evaluations.views import facts
from prism_site.config import ROOT
from prism_site.documents import shelf
from prism_site.documents.reading import page_of
from prism_site.terms import TERMS
from scoring.compare_table import headings
from tests import factories

USE = re.compile(r'\{% help "([^"]+)"(?: "([^"]+)")? %\}')
FACTS = {
    "model": {
        "parameters": 1, "body_parameters": 1, "layers": 1, "flops_per_token": 1, "architecture_hash": "a"
    },
    "training": {
        "style": "loop", "commits": 1, "learner_seconds": 1.0, "stopped_reason": "budget", "ranks": [1]
    },
    "data": {"source": "s", "revision": "r", "bytes": 1, "manifest_sha256": "m", "order_seed": 0},
    "run": {
        "seed": 0, "device": "cpu", "precision": "float32", "torch": "2", "sandbox": "required",
        "wall_seconds": 1.0, "peak_memory_bytes": 1,
    },
}  # fmt: skip


def used() -> set[str]:
    templates = [*(ROOT / "templates").rglob("*.html")]
    return {term for path in templates for term, _ in USE.findall(path.read_text())}


def test_every_term_that_a_page_uses_exists_and_none_is_idle() -> None:
    names = [name for group in facts.groups(FACTS) for name, _ in group.rows] + headings()
    shown = {f"fact-{slugify(name)}" for name in names}
    named = {term for term in TERMS if term.startswith("fact-")}
    assert named <= shown
    assert used() == set(TERMS) - named


@pytest.mark.parametrize("term", sorted(TERMS))
def test_a_term_is_one_line_and_leads_to_a_passage(term: str) -> None:
    found = TERMS[term]
    assert len(found.words) <= 200
    assert found.words.endswith(".")
    document = shelf.documents()[found.document]
    assert found.anchor in {heading.anchor for heading in page_of(document).headings}


def test_an_unknown_term_is_an_error_and_an_unknown_fact_needs_none() -> None:
    with pytest.raises(KeyError):
        Template('{% load help %}{% help "zebra" %}').render(Context())
    assert Template('{% load help %}{% help_named "wall time" %}').render(Context()) == ""


def test_a_figure_is_explained_by_the_name_under_which_it_is_shown() -> None:
    mark = Template('{% load help %}{% help_named "bits per byte" %}').render(Context())
    assert 'id="term-bpb"' in mark


def explained(page: str) -> list[str]:
    """The marks of a page, each with its line under an id of its own."""
    marks = re.findall(r'popovertarget="([^"]+)"', page)
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids)), sorted(each for each in ids if ids.count(each) > 1)
    described = re.findall(r'aria-describedby="([^"]+)"', page)
    assert {*marks, *described} <= set(ids)
    return marks


@pytest.mark.django_db
def test_pages_explain_their_figures_each_by_an_id_of_its_own(client: Client) -> None:
    score = factories.make_completed()
    wanted = {
        f"/submissions/{score.submission_id}": {"term-bpb", "term-final-score", "term-claims", "term-curve"},
        f"/submissions/{factories.make_evaluating().run.submission_id}": {"term-text-read", "term-bpb"},
        "/leaderboard": {"term-rank", "term-bpb", "term-weight"},
        "/": {"term-bpb"},
    }
    for path, terms in wanted.items():
        assert terms <= set(explained(client.get(path).content.decode())), path


def test_the_mark_needs_no_script_and_speaks_to_a_screen_reader() -> None:
    mark = Template('{% load help %}{% help "bpb" "runs" %}').render(Context())
    assert 'type="button"' in mark
    assert 'popovertarget="term-bpb-runs"' in mark
    assert 'aria-describedby="term-bpb-runs-words"' in mark
    assert 'aria-label="Help: Bits per byte"' in mark
    assert 'href="/docs/integrity/#what-is-measured"' in mark


def test_the_one_place_of_the_texts_is_the_one_place() -> None:
    texts = {term.words for term in TERMS.values()}
    assert len(texts) == len(TERMS)
    pages = "".join(Path(path).read_text() for path in (ROOT / "templates").rglob("*.html"))
    assert not [words for words in texts if words in pages]
