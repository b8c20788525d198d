"""The drawing of a model's operators, and its place on a page."""

import re
from itertools import pairwise
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from evaluations.models import GraphSource, Identity
from evaluations.views.graph_drawing import MOST_NODES, svg
from evaluations.views.graph_layout import BOX_WIDTH, lay_out
from tests import factories

BLOCK: dict[str, Any] = {
    "nodes": ["tokens", "embedding", "rms_norm", "linear", "gelu", "add", "output"],
    "edges": [[0, 1, 0], [1, 2, 0], [2, 3, 0], [3, 4, 0], [4, 5, 0], [1, 5, 0], [5, 6, 0]],
}


def test_what_follows_each_other_is_one_box_and_a_branch_goes_round_it() -> None:
    layout = lay_out(BLOCK["nodes"], [(start, end) for start, end, _ in BLOCK["edges"]])
    assert [box.lines for box in layout.boxes] == [
        ("tokens", "embedding"),
        ("rms_norm", "linear", "gelu"),
        ("add", "output"),
    ]
    assert [len(edge) for edge in layout.edges] == [2, 4, 2]
    lane = layout.edges[1][1][0]
    assert abs(lane - layout.boxes[1].x) > BOX_WIDTH / 2


def test_boxes_of_a_layer_do_not_overlap_and_all_is_within_the_drawing() -> None:
    edges = [(0, at) for at in range(1, 6)] + [(at, 6) for at in range(1, 6)] + [(0, 6)]
    layout = lay_out(["a"] * 7, edges)
    for box in layout.boxes:
        assert box.x - BOX_WIDTH / 2 >= 0
        assert box.x + BOX_WIDTH / 2 <= layout.width
        assert box.top + box.height <= layout.height
    middle = sorted(box.x for box in layout.boxes if box.layer == 1)
    assert all(right - left >= BOX_WIDTH for left, right in pairwise(middle))


def test_a_label_is_text_and_never_markup() -> None:
    drawn = svg({"nodes": ["<script>", "a&b"], "edges": [[0, 1, 0]]})
    assert "<script>" not in drawn
    assert "&lt;script&gt;" in drawn
    assert "style=" not in drawn


def test_no_graph_is_no_drawing_and_of_a_large_one_the_first_part_is_drawn() -> None:
    assert svg(None) == ""
    chain = {"nodes": ["a"] * 400, "edges": [[at, at + 1, 0] for at in range(399)]}
    assert svg(chain).count("<text") == MOST_NODES
    assert f"the first {MOST_NODES} are drawn" in svg(chain)


def test_a_graph_that_only_a_stranger_would_send_is_described_in_words() -> None:
    edges = [[start, end, 0] for start in range(90) for end in range(start + 1, 90)][:4_000]
    assert "too tangled to draw" in svg({"nodes": ["a"] * 90, "edges": edges})


@pytest.mark.django_db
def test_a_submission_s_page_shows_its_graph(client: Client) -> None:
    submission = factories.make_submission()
    page = f"/submissions/{submission.pk}"
    assert "graph-title" not in client.get(page).content.decode()
    Identity.objects.create(
        submission=submission,
        architecture_hash="a" * 64,
        graph_hash="b" * 64,
        graph=BLOCK,
        graph_source=GraphSource.EXPORT,
        created_at=timezone.now(),
    )
    shown = client.get(page).content.decode()
    assert re.findall("<text[^>]*>([^<]+)", shown) == BLOCK["nodes"]
    assert "b" * 16 in shown
