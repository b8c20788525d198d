"""Staged benchmark packs: what is read, what is refused and where, and the file that runs get."""

import hashlib
import io
import json
import os
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from evaluations.backends.packs import packs_named, packs_of
from evaluations.datasets.errors import PackInvalid
from evaluations.datasets.pack_lines import MAX_LINE_BYTES, LineRefused, PackItem, item_of
from evaluations.datasets.packs import MOST_FAULTS, check_pack, read_pack
from evaluations.enums import Mode
from prism_site import demo
from prism_site.config import ROOT, override_env
from prism_site.policy.models import RuntimeConfig
from prism_site.policy.resolve import assemble, resolve_policy
from prism_site.policy.schemas.benchmarks import BenchmarkWeights

EXAMPLES = ROOT / "examples" / "benchmarks"
OPEN = {"prompt": "One and one is ", "answer": "two"}
CHOICE = {"prompt": "One and one?\n", "choices": ["two", "three"], "answer_index": 0}


def staged(folder: Path, *lines: Any, name: str = "mmlu", file: str = "items.jsonl") -> Path:
    pack = folder / name
    pack.mkdir(exist_ok=True)
    encoded = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
    (pack / file).write_bytes(b"\n".join(encoded) + b"\n")
    return pack


@pytest.mark.parametrize("name", ["python_answers", "python_choices"])
def test_the_examples_are_sound_and_every_item_fits_a_smoke_run(name: str) -> None:
    pack = read_pack(EXAMPLES / name)
    assert 20 <= len(pack.items) <= 40
    assert pack.about["name"]
    assert all(len(answer) < 64 for item in pack.items for answer in item.answers)


def test_right_choices_stand_at_every_place() -> None:
    gold = [item.gold for item in read_pack(EXAMPLES / "python_choices").items]
    assert {gold.count(place) for place in range(4)} == {len(gold) // 4}


def test_both_schemas_are_read() -> None:
    assert item_of(json.dumps(OPEN).encode()) == PackItem("One and one is ", ("two",), 0)
    assert item_of(json.dumps(CHOICE).encode()) == PackItem("One and one?\n", ("two", "three"), 0)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"{", "pack_not_json"),
        (b"[1]", "pack_not_json"),
        (b"[" * 100_000, "pack_not_json"),
        (b'{"prompt": "\xff"}', "pack_not_utf8"),
        (b'{"prompt": "a", "prompt": "b", "answer": "c"}', "pack_fields"),
        ({**OPEN, "source": "x"}, "pack_fields"),
        ({"prompt": "a"}, "pack_fields"),
        ({}, "pack_fields"),
        ({**OPEN, "prompt": " "}, "pack_text"),
        ({**OPEN, "answer": 2}, "pack_text"),
        ({**OPEN, "answer": "\ud800"}, "pack_text"),
        ({**OPEN, "answer": "x" * 2049}, "pack_answer_too_long"),
        ({**CHOICE, "choices": ["two"]}, "pack_choices"),
        ({**CHOICE, "choices": ["two", "two"]}, "pack_choices"),
        ({**CHOICE, "choices": "two"}, "pack_choices"),
        ({**CHOICE, "answer_index": 2}, "pack_answer_index"),
        ({**CHOICE, "answer_index": -1}, "pack_answer_index"),
        ({**CHOICE, "answer_index": True}, "pack_answer_index"),
        ({**OPEN, "prompt": "x" * MAX_LINE_BYTES}, "pack_line_too_long"),
    ],
)
def test_a_bad_line_is_refused_with_its_code(line: Any, code: str) -> None:
    with pytest.raises(LineRefused) as refused:
        item_of(line if isinstance(line, bytes) else json.dumps(line).encode())
    assert refused.value.code == code


def test_faults_name_file_and_line(tmp_path: Path) -> None:
    pack = check_pack(staged(tmp_path, OPEN, b"", {"prompt": "x" * 2 * MAX_LINE_BYTES}, CHOICE, b"{"))
    assert [(fault.file, fault.line, fault.code) for fault in pack.faults] == [
        ("items.jsonl", 3, "pack_line_too_long"),
        ("items.jsonl", 4, "pack_mixed"),
        ("items.jsonl", 5, "pack_not_json"),
    ]
    assert str(pack.faults[1]).startswith("items.jsonl:4: pack_mixed: ")


def test_faults_of_one_pack_are_counted_up_to_a_limit(tmp_path: Path) -> None:
    assert len(check_pack(staged(tmp_path, *[b"{"] * 100)).faults) == MOST_FAULTS


@pytest.mark.parametrize("about", [b"{", b"[]", b'{"author": "x"}', b'{"name": 1}'])
def test_what_says_where_a_pack_is_from_is_read_strictly(tmp_path: Path, about: bytes) -> None:
    folder = staged(tmp_path, OPEN)
    (folder / "pack.json").write_bytes(about)
    assert [fault.code for fault in check_pack(folder).faults] == ["pack_about"]


def test_a_pack_has_items_and_a_plain_name(tmp_path: Path) -> None:
    assert [fault.code for fault in check_pack(staged(tmp_path)).faults] == ["pack_empty"]
    assert [fault.code for fault in check_pack(staged(tmp_path, OPEN, name="My-Pack")).faults] == [
        "pack_name"
    ]


def test_a_pack_is_named_by_its_items_whichever_files_they_are_in(tmp_path: Path) -> None:
    one = staged(tmp_path, OPEN, {**OPEN, "answer": "2"}, name="one")
    two = staged(tmp_path, OPEN, name="two", file="a.jsonl")
    staged(tmp_path, {"answer": "2", "prompt": OPEN["prompt"]}, name="two", file="b.jsonl")
    assert read_pack(one).text() == read_pack(two).text()


def test_runs_get_the_named_packs_as_one_file_each(tmp_path: Path) -> None:
    packs, var = tmp_path / "packs", tmp_path / "var"
    packs.mkdir()
    staged(packs, OPEN)
    staged(packs, CHOICE, name="ifeval")
    with override_env(benchmarks_dir=packs, var_dir=var):
        [spec] = packs_named({"mmlu", "needle"}, 7)
    content = Path(spec.path).read_bytes()
    assert (spec.name, spec.items, spec.sha256) == ("mmlu", 7, hashlib.sha256(content).hexdigest())
    assert json.loads(content) == {"prompt": "One and one is ", "answers": ["two"], "gold": 0}


def test_a_changed_pack_has_another_file_and_a_spoiled_file_is_made_again(tmp_path: Path) -> None:
    folder = staged(tmp_path, OPEN)
    with override_env(benchmarks_dir=tmp_path, var_dir=tmp_path / ".var"):
        [before] = packs_named({"mmlu"}, 7)
        Path(before.path).write_text("spoiled")
        assert packs_named({"mmlu"}, 7) == (before,)
        assert Path(before.path).read_text() != "spoiled"
        staged(tmp_path, CHOICE)
        os.utime(folder / "items.jsonl", ns=(1, 1))  # however coarse the clock of files is
        [after] = packs_named({"mmlu"}, 7)
    assert after.sha256 != before.sha256


def test_a_broken_pack_stops_runs_only_if_it_counts(tmp_path: Path) -> None:
    staged(tmp_path, b"{", name="python_answers")
    staged(tmp_path, OPEN, name="unknown_to_the_policy")
    policy = assemble([], {}, official=False)
    with override_env(benchmarks_dir=tmp_path, var_dir=tmp_path / ".var"):
        assert packs_of(Mode.LOCAL_CPU_SMOKE, policy) == ()
        weights = dict.fromkeys(BenchmarkWeights.model_fields, 0.0) | {"python_answers": 1.0}
        heavy = replace(policy, benchmark_weights=BenchmarkWeights(**weights))
        with pytest.raises(
            PackInvalid, match=r"python_answers cannot be used: items\.jsonl:1: pack_not_json"
        ):
            packs_of(Mode.LOCAL_CPU_SMOKE, heavy)


def command(*arguments: str) -> tuple[int, str]:
    said = io.StringIO()
    with redirect_stdout(said), pytest.raises(SystemExit) as ended:
        call_command("benchmarks", *arguments, stdout=said)
    return int(ended.value.code or 0), said.getvalue()


@pytest.mark.django_db
def test_the_command_lists_packs_with_their_hashes() -> None:
    status, said = command(str(EXAMPLES), "--json")
    found = {pack["pack"]: pack for pack in json.loads(said)}
    assert status == 0
    assert (
        found["python_answers"]["sha256"]
        == hashlib.sha256(read_pack(EXAMPLES / "python_answers").text()).hexdigest()
    )
    assert found["python_choices"]["choices"] is True
    assert found["python_choices"]["weight"] == 0.0
    assert found["python_choices"]["fitting"]["local_cpu_smoke"] == found["python_choices"]["items"]


@pytest.mark.django_db
def test_the_command_says_file_and_line_of_what_is_wrong(tmp_path: Path) -> None:
    staged(tmp_path, OPEN, b"nonsense")
    status, said = command(str(tmp_path))
    assert status == 1
    assert "mmlu/items.jsonl:2: pack_not_json" in said


@pytest.mark.django_db
def test_the_command_says_that_nothing_is_staged(tmp_path: Path) -> None:
    status, said = command(str(tmp_path / "nowhere"))
    assert (status, "No pack is staged" in said) == (0, True)


@pytest.mark.django_db
def test_the_demo_asks_about_the_examples_unless_somebody_said_otherwise() -> None:
    demo.weigh_example_packs()
    demo.weigh_example_packs()
    policy = resolve_policy()
    with override_env(benchmarks_dir=demo.PACKS):
        asked = [spec.name for spec in packs_of(Mode.LOCAL_CPU_SMOKE, policy)]
    assert asked == ["python_answers", "python_choices"]
    assert RuntimeConfig.objects.filter(config_key="benchmark_weights").count() == 1
