"""The whole check over a bundle: several files, one bounded child, findings as they are shown."""

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_site.config import ROOT
from reviews.ladder import Outcome, worst
from reviews.static_checks import parse_child
from reviews.static_checks.check import check, examine
from reviews.static_checks.parse_child import answer
from tests.static.finding import MODEL, broken, rules

TORCH = Path(torch.__file__).parent
CORPUS = sorted((Path(__file__).parent / "corpus").glob("*.py"))


def findings(files: dict[str, str], training: str | None = None) -> list:
    raw = {name: text.encode() for name, text in files.items()}
    return check(raw, architecture="architecture.py", training=training)


def test_a_finding_shows_its_rule_place_and_line() -> None:
    source = MODEL + "import os\n\nif True:\n    os.system('id')  # " + "x" * 300 + "\n"
    (finding,) = findings({"architecture.py": source})
    assert (finding.code, finding.outcome, finding.category) == (
        "starts_processes",
        Outcome.REJECT,
        "process",
    )
    assert (finding.file, finding.line) == ("architecture.py", 5)
    assert finding.quote.startswith("os.system('id')  # xxx")
    assert len(finding.quote) == 200
    assert finding.message == "Processes are neither started nor signalled. (os.system)"


def test_one_child_answers_both_questions() -> None:
    files = {"architecture.py": b"import socket\n", "training.py": b"def train(ctx): ...\n"}
    examined = examine(files, architecture="architecture.py", training="training.py")
    assert [f.code for f in examined.contract_findings] == ["contract_missing_build_model"]
    assert [f.code for f in examined.static_findings] == ["uses_network"]


def test_source_that_cannot_be_read_has_contract_findings_alone() -> None:
    for raw, code in ((b"x = (\n", "source_syntax_error"), (b"\xff", "text_not_utf8")):
        examined = examine({"a.py": raw, "b.py": b"import socket\n"}, architecture="a.py", training=None)
        assert [f.code for f in examined.contract_findings] == [code]
        assert examined.static_findings == ()


def test_other_files_than_python_are_not_read() -> None:
    assert findings({"architecture.py": MODEL, "notes.md": "import socket", "x.json": '"\\ud800"'}) == []


def test_files_together_have_a_limit_of_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parse_child, "MAX_ALL_NODES", 100)
    found = answer({f"f{n}.py": "x = 1\n" * 10 for n in range(5)}, [])
    assert [code for code, *_ in found["findings"]] == ["source_too_many_nodes"]


def test_the_bundles_own_modules_may_be_imported() -> None:
    assert rules("from layers import Block\nimport pkg.deep as d\nd.f()", layers="", pkg__deep="") == set()
    assert rules("from layers import Block") == {"import_not_allowed"}


def test_own_modules_are_named_from_the_root_and_from_the_scripts() -> None:
    files = {
        "src/model.py": "import layers\nimport src.layers\n",
        "src/layers.py": "",
        "x/odd.py": "import deep",
    }
    found = answer({**files, "x/deep.py": ""}, ["src/model.py"])["broken"]
    assert [(rule_id, file) for rule_id, _, file, _ in found] == [("import_not_allowed", "x/odd.py")]


@pytest.mark.parametrize(
    ("source", "helper"),
    [
        ("from helper import shell\nshell.system('id')", "import os as shell"),
        ("import helper\nhelper.shell.system('id')", "import os as shell"),
        ("from helper import *\nshell.system('id')", "import os as shell"),
        ("import helper as h\ngetattr(h.shell, 'system')('id')", "import os\nshell = os"),
        ("from pkg import helper as h\nh.os.fork()", ""),
        ("import pkg.helper\npkg.helper.os.fork()", ""),
    ],
)
def test_a_module_is_followed_through_files(source: str, helper: str) -> None:
    assert "starts_processes" in rules(source, helper=helper, pkg__helper="import os")


def test_files_that_import_each_other_come_to_an_end() -> None:
    assert rules("from a import x\nx.system()", a="from b import x", b="from a import x") == {
        "suspicious_method"
    }


def test_an_own_file_does_not_stand_for_the_librarys() -> None:
    assert rules("import subprocess", subprocess="") == {"starts_processes"}
    assert rules("import torch\ntorch.load(f)", torch="def load(f): ...") == {"deserialises"}


def test_a_rule_is_noted_once_per_line_and_ten_times_per_file() -> None:
    assert broken("import socket, ssl, http") == [("uses_network", 1)]
    assert len(broken("import socket\n" * 50)) == 10


@pytest.mark.parametrize("depth", [150, 800])
def test_deep_source_ends_in_findings(depth: int) -> None:
    chain = "x = torch" + ".nn" * depth + "\ny = " + "f(" * (depth // 10) + ")" * (depth // 10)
    names = "\n".join(f"a{n + 1} = a{n} + a{n}" for n in range(depth))
    source = MODEL + f"import torch\na0 = 'x'\n{names}\ngetattr(torch, a{depth})\nopen(a{depth})\n{chain}\n"
    assert worst(findings({"architecture.py": source})) in {Outcome.FLAG, Outcome.REJECT}


def test_names_that_branch_again_and_again_cost_no_more_than_their_number() -> None:
    names = "\n".join(f"a{n} = b / a{n - 1} if x else a{n - 1} / b" for n in range(1, 200))
    assert "file_write_unproven" in rules(f"{names}\nopen(a199, 'w')\nopen(a198)\na199.write_text('x')")


@pytest.mark.parametrize("example", ["transformer", "gru", "hooks"])
def test_the_published_examples_pass(example: str) -> None:
    files = {path.name: path.read_text() for path in (ROOT / "examples" / example).glob("*.py")}
    assert findings(files, "training.py") == []


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_ordinary_model_code_is_not_rejected(path: Path) -> None:
    found = answer({"architecture.py": path.read_text()}, ["architecture.py"])
    assert found["findings"] == []
    broken_rules = {rule_id for rule_id, _, _, _ in found["broken"]}
    assert broken_rules <= {"file_read", "computed_getattr", "environment_written", "import_optional"}


def test_the_corpus_is_worth_its_name() -> None:
    assert len(CORPUS) >= 20
    assert len({path.read_text() for path in CORPUS}) == len(CORPUS)


@pytest.mark.parametrize("folder", ["nn/modules", "optim", "nn/utils"])
def test_torchs_own_source_is_read_without_a_crash(folder: str) -> None:
    files = sorted((TORCH / folder).glob("*.py"))
    assert len(files) > 10
    for path in files:
        assert answer({path.name: path.read_text()}, [])["findings"] == []


pieces = st.sampled_from(
    [
        "import os",
        "from x import *",
        "torch",
        "os",
        ".load",
        ".system",
        "__globals__",
        "getattr(",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        "=",
        ":",
        "\n    ",
        "lambda x: ",
        "def f(a=os): ",
        "class A: ",
        "x",
        "y",
        "'a'",
        "f'{x}'",
        "b'\\x00'",
        '"__code__"',
        "open(",
        "'w'",
        "ctx.artifacts_dir",
        "/ ",
        "+ ",
        "*",
        ":=",
        "\n    match x:",
        " case A(b=c): pass",
        "if x: ",
        "try: pass",
        "except: pass",
        "for x in y: ",
        "@exec",
        "global x",
        "del x",
        "0x1f",
        "await ",
        "\n    yield ",
        "return ",
        "not ",
        "async ",
        "with a as b: ",
        ";",
        "#",
        "",
    ]
)


@settings(max_examples=300)
@given(st.lists(pieces, max_size=25).map(" ".join) | st.text(max_size=80))
def test_any_source_ends_in_findings(source: str) -> None:
    found = answer({"a.py": source, "b.py": "from a import *"}, ["a.py"])
    assert found.keys() == {"findings", "names", "broken"}


@settings(max_examples=5)
@given(st.dictionaries(st.sampled_from(["a.py", "b/c.py", "d.txt"]), st.binary(max_size=60), min_size=1))
def test_any_files_end_in_findings(files: dict[str, bytes]) -> None:
    examined = examine(files, architecture="a.py", training=None)
    assert all(f.outcome == Outcome.REJECT for f in examined.contract_findings)
