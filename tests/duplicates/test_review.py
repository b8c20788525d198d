"""Stored signatures: who copied whom, decided by the order of acceptance."""

from collections.abc import Mapping
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from evaluations import transitions
from evaluations.enums import Kind, Mode, Stage
from evaluations.intake.archive import ArchiveLimits
from evaluations.intake.bundle import Bundle, pack, read_bundle
from evaluations.models import StoredBundle, Submission
from prism_site.config import ROOT
from prism_site.policy.schemas.reviews import DuplicateThresholds
from reviews.duplicates import normalise, review, store
from reviews.duplicates.neighbours import nearest
from reviews.duplicates.review import Compared, compare
from reviews.ladder import Outcome
from reviews.models import SourceKey, SourceSignature
from tests.duplicates import transforms
from tests.duplicates.programs import program
from tests.factories import BY, make_hotkey

pytestmark = pytest.mark.django_db

POLICY = DuplicateThresholds()
LIMITS = ArchiveLimits(1 << 20, 100, 1 << 20)
ALICE, BOB = make_hotkey("alice"), make_hotkey("bob")
TUNED = {"LAYERS = 128, 4, 3": "LAYERS = 192, 6, 4"}


def accepted(
    files: Mapping[str, str], hotkey: str, *, stage: Stage = Stage.REVIEW
) -> tuple[Submission, Bundle]:
    """A stored submission of these files; each is accepted after the one before."""
    bundle = read_bundle(pack({name: text.encode() for name, text in files.items()}), LIMITS)
    submission = transitions.receive(
        Submission(
            hotkey=hotkey, kind=Kind.FULL, mode=Mode.LOCAL_CPU_SMOKE, code_hash=bundle.code_hash, epoch=0
        ),
        by=BY,
    )
    listing = [{"name": name, "bytes": len(raw)} for name, raw in bundle.files.items()]
    StoredBundle.objects.create(submission=submission, archive=pack(bundle.files), manifest={}, files=listing)
    if stage == Stage.REVIEW:
        submission = transitions.begin_review(submission.pk, by=BY)
    return submission, bundle


def compared(files: Mapping[str, str], hotkey: str) -> Compared:
    return compare(*accepted(files, hotkey), POLICY)


def outcomes(found: Compared) -> list[tuple[str, Outcome]]:
    return [(finding.code, finding.outcome) for finding in found.findings]


def example(name: str, changes: Mapping[str, str] | None = None) -> dict[str, str]:
    folder = ROOT / "examples" / name
    files = {file.name: file.read_text() for file in folder.glob("*.py")}
    for before, after in (changes or {}).items():
        files = {file: text.replace(before, after) for file, text in files.items()}
    return files


def test_the_first_of_its_kind_passes_and_is_remembered() -> None:
    found = compared(program("classic"), ALICE)
    assert (found.findings, found.neighbours) == ([], [])
    assert SourceSignature.objects.get().readable
    assert SourceKey.objects.count() > 24


def test_another_hotkey_s_copy_is_rejected_and_names_the_first() -> None:
    compared(program("classic"), ALICE)
    found = compared(transforms.all_together(program("classic")), BOB)
    first = Submission.objects.get(hotkey=ALICE)
    assert outcomes(found) == [("duplicate_exact", Outcome.REJECT)]
    assert str(first.pk) in found.findings[0].message
    (neighbour,) = found.neighbours
    assert (neighbour.submission_id, neighbour.hotkey) == (first.pk, ALICE)
    assert neighbour.similarity >= POLICY.exact_source_similarity
    assert {(pair.file, pair.other) for pair in neighbour.files} == {
        ("architecture.py", "architecture.py"),
        ("training.py", "training.py"),
    }
    assert nearest(Submission.objects.get(hotkey=BOB).pk) == found.neighbours
    assert neighbour.as_json()["submission_id"] == str(first.pk)


def test_the_same_bytes_are_rejected_even_where_nothing_in_them_is_anyone_s_own() -> None:
    assert outcomes(compared(example("gru"), ALICE)) == []
    assert outcomes(compared(example("gru"), BOB)) == [("duplicate_exact", Outcome.REJECT)]


def test_two_hotkeys_may_tune_the_same_example() -> None:
    assert outcomes(compared(example("transformer", TUNED), ALICE)) == []
    other = {**TUNED, "PEAK, WARMUP, FLOOR = 2e-3": "PEAK, WARMUP, FLOOR = 5e-3"}
    assert outcomes(compared(example("transformer", other), BOB)) == []


def test_one_s_own_work_may_come_again_in_any_dress() -> None:
    compared(program("experts"), ALICE)
    found = compared(transforms.renamed(program("experts")), ALICE)
    assert outcomes(found) == [("duplicate_own_work", Outcome.PASS)]


def test_whoever_was_copied_may_go_on_with_the_own_work() -> None:
    compared(program("experts"), ALICE)
    assert outcomes(compared(transforms.renamed(program("experts")), BOB))[0][1] == Outcome.REJECT
    found = compared(transforms.reordered(program("experts")), ALICE)
    assert outcomes(found) == [("duplicate_own_work", Outcome.PASS)]


def test_independent_work_is_nobody_s_copy() -> None:
    compared(program("classic"), ALICE)
    found = compared(program("rebuilt"), BOB)
    assert outcomes(found) == []


def test_what_was_added_to_a_copy_puts_it_before_an_operator() -> None:
    compared(program("tutorial"), ALICE)
    files = dict(program("tutorial"))
    files["extra.py"] = program("recurrent_mix")["architecture.py"].replace("build_model", "build_other")
    files["architecture.py"] = "from extra import build_other\n" + files["architecture.py"].replace(
        "    return GPTLanguageModel", "    build_other(ctx)\n    return GPTLanguageModel"
    )
    found = compared(files, BOB)
    assert outcomes(found) == [("duplicate_suspected", Outcome.QUARANTINE)]
    assert found.neighbours[0].containment >= POLICY.quarantine_source_similarity


def test_a_known_file_in_a_bundle_of_one_s_own_is_a_flag() -> None:
    compared(program("llama_like"), ALICE)
    found = compared({**program("state_space"), "training.py": program("llama_like")["training.py"]}, BOB)
    assert outcomes(found) == [("duplicate_file", Outcome.FLAG)]
    assert found.findings[0].file == "training.py"


def test_of_two_copies_at_once_the_first_accepted_stands_whichever_is_reviewed_first() -> None:
    first = accepted(program("einsum_style"), ALICE, stage=Stage.RECEIVED)
    second = accepted(transforms.renamed(program("einsum_style")), BOB)
    assert second[0].created_at >= first[0].created_at
    assert outcomes(compare(*second, POLICY))[0][1] == Outcome.REJECT
    assert outcomes(compare(*first, POLICY)) == []


def test_at_the_same_instant_the_smaller_id_is_the_first() -> None:
    one, other = accepted(program("einsum_style"), ALICE), accepted(program("einsum_style"), BOB)
    Submission.objects.update(created_at=timezone.now())
    found = {
        submission.pk: compare(Submission.objects.get(pk=submission.pk), bundle, POLICY)
        for submission, bundle in (one, other)
    }
    assert outcomes(found[min(found)]) == []
    assert outcomes(found[max(found)])[0][1] == Outcome.REJECT


def test_comparing_again_changes_nothing() -> None:
    compared(program("alibi_accumulate"), ALICE)
    submission, bundle = accepted(transforms.renamed(program("alibi_accumulate")), BOB)
    first = compare(submission, bundle, POLICY)
    keys = SourceKey.objects.count()
    assert compare(submission, bundle, POLICY) == first
    assert SourceKey.objects.count() == keys


def test_a_pre_check_finds_the_same_and_stores_nothing() -> None:
    compared(program("state_space"), ALICE)
    stored = SourceSignature.objects.count()
    files = {name: text.encode() for name, text in transforms.renamed(program("state_space")).items()}
    bundle = read_bundle(pack(files), LIMITS)
    unsaved = Submission(hotkey=BOB, code_hash=bundle.code_hash, created_at=timezone.now())
    found = compare(unsaved, bundle, POLICY, remember=False)
    assert outcomes(found) == [("duplicate_exact", Outcome.REJECT)]
    assert SourceSignature.objects.count() == stored


def test_source_that_cannot_be_normalised_is_held_and_compared_with_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(normalise, "WALL_SECONDS", 0.001)
    monkeypatch.setattr(normalise.normalise, "__kwdefaults__", {"wall_seconds": 0.001})
    found = compared(program("classic"), ALICE)
    assert outcomes(found) == [("duplicates_unreadable", Outcome.HOLD)]
    assert not SourceSignature.objects.get().readable


def test_signatures_of_another_normal_form_are_written_anew() -> None:
    submission, bundle = accepted(program("tutorial"), ALICE)
    store.remember(submission, bundle)
    SourceSignature.objects.update(version=store.VERSION - 1 if store.VERSION > 1 else 99)
    compared(transforms.renamed(program("tutorial")), BOB)
    assert nearest(Submission.objects.get(hotkey=BOB).pk) == []
    store.remember(submission, bundle)
    assert nearest(Submission.objects.get(hotkey=BOB).pk)[0].submission_id == submission.pk


def test_a_lookup_reads_the_index_alone() -> None:
    with connection.cursor() as cursor:
        if connection.vendor != "sqlite":
            pytest.skip("the plan is written down by SQLite in this form")
        cursor.execute(
            "EXPLAIN QUERY PLAN SELECT signature_id FROM reviews_sourcekey WHERE key = 1"
            " ORDER BY signature_id LIMIT 5"
        )
        plan = " ".join(str(row[-1]) for row in cursor.fetchall())
    assert "COVERING INDEX" in plan
    assert "SCAN" not in plan


def test_old_work_is_found_by_its_age_and_not_by_when_it_was_remembered() -> None:
    later = accepted(program("functional_style"), BOB)
    earlier = accepted(transforms.renamed(program("functional_style")), ALICE)
    Submission.objects.filter(pk=earlier[0].pk).update(created_at=timezone.now() - timedelta(days=1))
    found = compare(Submission.objects.get(pk=later[0].pk), later[1], POLICY)
    assert outcomes(found)[0][1] == Outcome.REJECT
    assert review.SHOWN >= len(found.neighbours) == 1


def test_the_command_remembers_what_has_no_signature_yet(capsys: pytest.CaptureFixture[str]) -> None:
    accepted(program("tutorial"), ALICE)
    call_command("remember_sources")
    call_command("remember_sources")
    assert capsys.readouterr().out.splitlines() == ["1 signatures stored", "0 signatures stored"]
