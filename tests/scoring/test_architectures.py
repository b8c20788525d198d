"""Architectures and variants over HTTP and on their pages."""

from typing import Any

import pytest
from django.test import Client

from evaluations.models import Identity, Submission
from prism_site import pipeline
from scoring import families
from scoring.families import FamilyUnknown, canonical_submission
from scoring.models import Attribution, Family
from tests import factories
from tests.api.conftest import assert_problem

pytestmark = pytest.mark.django_db
LIST = "/v1/architectures"


def scored(ease: float = 1.0, *, like: Submission | None = None, **submission: Any) -> Submission:
    """A scored submission; of the same graph and source as another one, where one is given."""
    attempt = factories.make_evaluating(points=len(factories.chunk_ends()), ease=ease, **submission)
    if like is not None:
        names = ("graph_hash", "architecture_hash", "histogram")
        known = Identity.objects.get(pk=like.pk)
        values = {name: getattr(known, name) for name in names}
        Identity.objects.filter(pk=attempt.run.submission_id).update(**values)
    factories.finish(attempt)
    pipeline.advance(str(attempt.run.submission_id))
    return Submission.objects.get(pk=attempt.run.submission_id)


def family_of(submission: Submission) -> Family:
    family = Attribution.objects.get(pk=submission.pk).family
    assert family is not None
    return family


def test_architectures_are_listed_with_owner_and_current_best(client: Client) -> None:
    first = scored(name="first")
    better = scored(2.0, like=first, name="better")
    other = scored(0.5, name="other")
    items = client.get(LIST).json()["items"]
    assert [item["id"] for item in items] == [str(family_of(first).pk), str(family_of(other).pk)]
    top = items[0]
    assert (top["owner_hotkey"], top["discovered_by"]) == (first.hotkey, str(first.pk))
    assert (top["canonical_submission_id"], top["submissions"], top["variants"]) == (str(better.pk), 2, 2)
    assert (top["current_best"]["hotkey"], top["current_best"]["submission_id"]) == (
        better.hotkey,
        str(better.pk),
    )


def test_pages_of_architectures_join(client: Client) -> None:
    for _ in range(5):
        scored()  # all with the same score
    whole = client.get(LIST).json()["items"]
    first = client.get(LIST, {"limit": 2}).json()
    second = client.get(LIST, {"limit": 3, "cursor": first["next_cursor"]}).json()
    assert first["items"] + second["items"] == whole
    assert second["next_cursor"] is None
    assert_problem(client.get(LIST, {"cursor": "nonsense"}), 400, "cursor_malformed")


def test_the_tag_of_the_list_changes_with_it(client: Client) -> None:
    scored()
    tag = {"If-None-Match": client.get(LIST)["ETag"]}
    assert client.get(LIST, headers=tag).status_code == 304
    scored()
    assert client.get(LIST, headers=tag).status_code == 200


def test_an_architecture_tells_its_history_and_nothing_of_operators(client: Client) -> None:
    first = scored()
    scored(2.0, like=first)
    body = client.get(f"{LIST}/{family_of(first).pk}").json()
    kinds = [event["kind"] for event in body["events"]]
    assert kinds == [
        "best_changed", "canonical_changed", "variant_added", "joined",
        "best_changed", "variant_added", "discovered",
    ]  # fmt: skip
    assert body["graph_hashes"] == [body["graph_hash"]]
    assert not {"by", "evidence"} & set(body["events"][0])


def test_variants_of_a_family_and_of_a_mode(client: Client) -> None:
    first = scored()
    second = scored(2.0, like=first)
    other = scored(3.0)
    family = family_of(first).pk
    of_family = client.get(f"{LIST}/{family}/variants").json()["items"]
    assert [row["best_submission_id"] for row in of_family] == [str(second.pk), str(first.pk)]
    assert [row["is_current_best"] for row in of_family] == [True, False]
    assert of_family[0]["current_best_since"]
    assert client.get("/v1/training-variants", {"architecture_id": family}).json()["items"] == of_family
    page = client.get("/v1/training-variants", {"limit": 1}).json()
    assert [row["best_submission_id"] for row in page["items"]] == [str(other.pk)]
    rest = client.get("/v1/training-variants", {"cursor": page["next_cursor"]}).json()["items"]
    assert [row["best_submission_id"] for row in rest] == [str(second.pk), str(first.pk)]


def test_the_report_says_facts_alone(client: Client) -> None:
    first = scored()
    report = client.get(f"{LIST}/{family_of(first).pk}/report").json()
    assert report["phrased_by"] is None
    text = " ".join(report["sentences"])
    assert f"discovered by submission {first.pk}" in text
    assert f"{first.score.bpb:.4f} bits per byte" in text
    assert "1 submission of 1 hotkey stand in it." in text


@pytest.mark.parametrize("path", ["", "/variants", "/report"])
def test_an_unknown_architecture_is_not_found(client: Client, path: str) -> None:
    unknown = "00000000-0000-4000-8000-000000000000"
    assert_problem(client.get(f"{LIST}/{unknown}{path}"), 404, "not_found")


def test_a_training_runs_on_the_best_files_of_its_family() -> None:
    first = scored()
    better = scored(2.0, like=first)
    assert canonical_submission(str(family_of(first).pk)) == better
    for name in ("nonsense", "00000000-0000-4000-8000-000000000000"):
        with pytest.raises(FamilyUnknown):
            canonical_submission(name)


def test_pages_show_owners_variants_and_history(client: Client) -> None:
    first = scored(name="the <first>")
    scored(2.0, like=first, name="the better")
    listed = client.get("/architectures").content.decode()
    assert "the better" in listed
    assert first.hotkey in listed
    page = client.get(f"/architectures/{family_of(first).pk}").content.decode()
    assert "the &lt;first&gt; discovered this architecture." in page
    assert "Another training variant is the current best." in page
    empty = client.get("/architectures?mode=full_scale_eval").content.decode()
    assert "No architecture has been discovered" in empty


def test_pages_cost_few_queries(client: Client, django_assert_max_num_queries: Any) -> None:
    first = scored()
    for ease in (2.0, 3.0):
        scored(ease, like=first)
    with django_assert_max_num_queries(5):
        client.get("/architectures")
    with django_assert_max_num_queries(13):
        client.get(f"/architectures/{family_of(first).pk}")
    assert families.listed(first.mode).count() == 1


def test_a_submission_names_its_family_and_its_variant(client: Client) -> None:
    first = scored()
    body = client.get(f"/v1/submissions/{first.pk}").json()
    (variant,) = client.get("/v1/training-variants").json()["items"]
    assert (body["family"], body["variant"]) == (str(family_of(first).pk), variant["id"])
    assert (
        f'href="/architectures/{body["family"]}"' in client.get(f"/submissions/{first.pk}").content.decode()
    )
    waiting = factories.make_submission()
    body = client.get(f"/v1/submissions/{waiting.pk}").json()
    assert (body["family"], body["variant"]) == (None, None)
