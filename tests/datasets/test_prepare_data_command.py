"""`manage.py prepare_data`: options, messages and codes."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from evaluations.datasets.shards import load_manifest, verify


def run(*arguments: str | Path) -> str:
    out = StringIO()
    call_command("prepare_data", *map(str, arguments), stdout=out)
    return out.getvalue()


def test_local_files_become_verified_shards(tmp_path: Path, jsonl: Path) -> None:
    said = run("--path", jsonl, "--out", tmp_path / "data", "--limit-documents", 100)
    manifest = verify(tmp_path / "data")
    held_out = verify(tmp_path / "data" / "secret")
    documents = [split.documents for split in (*manifest.splits.values(), *held_out.splits.values())]
    assert sum(documents) == 100
    assert manifest.sha256 in said


def test_if_missing_leaves_what_is_there(tmp_path: Path, jsonl: Path, parquet: Path) -> None:
    run("--path", jsonl, "--out", tmp_path / "data")
    before = load_manifest(tmp_path / "data")
    assert "already there" in run("--if-missing", "--path", parquet, "--out", tmp_path / "data")
    assert load_manifest(tmp_path / "data") == before


def test_if_missing_does_not_pass_over_a_changed_shard(tmp_path: Path, jsonl: Path) -> None:
    run("--path", jsonl, "--out", tmp_path / "data")
    shard = tmp_path / "data" / "train" / "shard-00000.parquet"
    shard.write_bytes(b"changed")
    with pytest.raises(CommandError, match=f"data_shard_changed: {shard}"):
        run("--if-missing", "--out", tmp_path / "data")


def test_other_arguments_need_force(tmp_path: Path, jsonl: Path, parquet: Path) -> None:
    run("--path", jsonl, "--out", tmp_path / "data")
    with pytest.raises(CommandError, match="data_plan_differs"):
        run("--path", parquet, "--out", tmp_path / "data")
    run("--path", parquet, "--out", tmp_path / "data", "--force")


def test_a_broken_row_is_reported_with_its_code(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "fine"}\n{"text": 5}\n')
    with pytest.raises(CommandError, match=r"data_source_broken: .*a\.jsonl row 2: 'text' is int"):
        run("--path", tmp_path, "--out", tmp_path / "data")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--source", "web"), "invalid choice"),
        (("--source", "hub", "--subset", "sample-350BT"), "invalid choice"),
        (("--source", "hub", "--revision", "main"), "data_source_unsupported"),
        (("--source", "local"), "data_source_unsupported"),
        (("--source", "python-docs", "--path", "x.jsonl"), "data_arguments"),
        (("--source", "python-docs", "--revision", "1"), "data_arguments"),
        (("--limit-documents", "0"), "not a positive whole number"),
        (("--shard-bytes", "many"), "not a positive whole number"),
        (("--tokenizer", "gpt2"), "give NAME=PATH"),
        (("--tokenizer", "bert=x"), "give NAME=PATH"),
        (("--tokenizer", "gpt2=absent.json"), "tokenizer_invalid"),
    ],
)
def test_bad_arguments_are_explained(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        run(*arguments, "--out", tmp_path / "data")


def test_a_folder_that_cannot_be_made_is_reported(tmp_path: Path, jsonl: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CommandError, match="data_io"):
        run("--path", jsonl, "--out", tmp_path / "file" / "data")
