"""The source of a hold beside earlier work: neighbours, files, and what a stranger's source cannot do."""

import re

import pytest
from django.test import Client

from evaluations import transitions
from evaluations.models import StoredBundle
from prism_site.operator import sources
from prism_site.operator.evidence import places_of
from tests.evaluations import world
from tests.operator.conftest import SOURCE, make_copies, make_quarantine

pytestmark = pytest.mark.django_db


def test_nearest_earlier_work_is_shown_side_by_side(eve: Client) -> None:
    hold = make_copies()
    page = eve.get(f"/operator/holds/{hold.pk}/diff").content.decode()
    assert page.count('hx-target="#diff"') == 2 + 2  # neighbours and files
    assert "architecture.py" in page
    assert '<span class="changed">outputs</span>' in page
    assert '# echo<span class="foreign">é</span>' in page


def test_next_neighbour_is_one_key_away_and_so_is_the_way_back(eve: Client) -> None:
    hold = make_copies()
    path = f"/operator/holds/{hold.pk}/diff"
    first = eve.get(path).content.decode()
    following = re.search(r'hx-get="([^"]+)"[^>]*data-key="n"', first)
    assert following is not None
    assert 'data-key="p"' not in first
    second = eve.get(following[1]).content.decode()
    assert 'data-key="p"' in second
    assert 'data-key="n"' not in second


def test_another_file_can_be_asked_for(eve: Client) -> None:
    page = eve.get(f"/operator/holds/{make_copies().pk}/diff?file=training.py").content.decode()
    assert 'this one: <span class="mono">training.py</span>' in page


def test_boilerplate_is_grey(eve: Client) -> None:
    page = eve.get(f"/operator/holds/{make_copies().pk}/diff").content.decode()
    assert '<td class="new dull">from torch import nn</td>' in page
    assert '<td class="new">            state = torch.zeros_like(hidden[:, 0])</td>' in page


def test_without_neighbours_the_source_stands_alone_with_its_findings_marked(eve: Client) -> None:
    submission = world.upload(SOURCE)
    transitions.begin_review(submission.pk, by="system:pipeline")
    hold = make_quarantine(submission=submission)
    page = eve.get(f"/operator/holds/{hold.pk}/diff").content.decode()
    assert "No earlier submission comes near it." in page
    assert page.count('<tr class="marked"><td class="at">3</td>') == 1
    assert "class Mixer(nn.Module):" in page
    other = eve.get(f"/operator/holds/{hold.pk}/diff?file=training.py").content.decode()
    assert "def train(ctx):" in other
    assert "marked" not in other


def test_places_are_read_from_any_evidence() -> None:
    findings = [{"file": "a.py", "line": 3}, {"file": "b.py", "line": None}, {"line": 4}, "x"]
    assert places_of({"findings": findings, "n": 3}) == [("a.py", 3), ("b.py", 0)]


@pytest.mark.parametrize("against", ["nonsense", "00000000-0000-4000-8000-000000000000"])
def test_unknown_submissions_are_not_found(eve: Client, against: str) -> None:
    path = f"/operator/holds/{make_quarantine().pk}/diff?against={against}"
    assert eve.get(path).status_code == 404


def test_a_bundle_that_was_changed_is_not_shown(eve: Client) -> None:
    hold = make_copies()
    other = StoredBundle.objects.exclude(pk=hold.submission_id).first()
    assert other is not None
    StoredBundle.objects.filter(pk=hold.submission_id).update(archive=other.archive)
    assert "cannot be read any more" in eve.get(f"/operator/holds/{hold.pk}/diff").content.decode()


def test_a_renamed_file_finds_its_counterpart() -> None:
    earlier = {"architecture.py": SOURCE, "training.py": "def train(ctx):\n    ctx.run()\n"}
    later = {"net/core.py": SOURCE.replace("64", "32"), "empty.py": "", "training.py": "train = 1\n"}
    found = {pair.later: pair.earlier for pair in sources.pairs(earlier, later, sources.boilerplate())}
    assert found == {"net/core.py": "architecture.py", "training.py": "training.py", "empty.py": ""}


def test_lines_that_are_shared_are_counted_boilerplate_aside() -> None:
    (pair,) = sources.pairs({"a.py": SOURCE}, {"a.py": SOURCE.replace("mixed", "out")}, sources.boilerplate())
    assert pair.own - pair.same == 4
    assert 4 < pair.own < len(SOURCE.splitlines())
    (moved,) = sources.pairs(
        {"a.py": "alpha = 1\nbeta = 2\n"}, {"b.py": "beta = 2\nalpha = 1\n"}, frozenset()
    )
    assert (moved.same, moved.own) == (2, 2)


def test_a_match_that_is_known_wins_over_the_lines() -> None:
    earlier, later = {"a.py": SOURCE, "b.py": "x = 1\n"}, {"c.py": SOURCE}
    found = sources.pairs(earlier, later, frozenset(), {"c.py": "b.py"})
    assert [pair.earlier for pair in found] == ["b.py"]
    assert [p.earlier for p in sources.pairs(earlier, later, frozenset(), {"c.py": "gone.py"})] == ["a.py"]


def test_boilerplate_is_the_examples_and_the_recipe() -> None:
    assert {"import torch", "from torch import nn", "def build_model(ctx):"} <= sources.boilerplate()
