import pytest

from reviews.bounded_child import HostBusy
from reviews.static_checks.contract import HOOKS, check_contract
from reviews.static_checks.parse import parse

MODEL = "def build_model(ctx):\n    return None\n"
TRAIN = "def train(ctx):\n    pass\n"


def codes(architecture: str = MODEL, training: str = TRAIN, **more: str) -> list[str]:
    files = {"architecture.py": architecture, "training.py": training, **more}
    raw = {name.replace("__", "."): text.encode() for name, text in files.items()}
    return [f.code for f in check_contract(raw, architecture="architecture.py", training="training.py")]


def test_a_plain_bundle_passes() -> None:
    assert codes() == []


@pytest.mark.parametrize(
    "architecture",
    [
        "build_model = lambda ctx: None\n",
        "from model import build_model\n",
        "from model import make as build_model\n",
        "from model import *\n",
        "if True:\n    def build_model(ctx): ...\nelse:\n    build_model = None\n",
        "try:\n    import x\nexcept ImportError:\n    def build_model(ctx): ...\n",
        "build_model: object = None\n",
        "(other, build_model) = (1, 2)\n",
    ],
)
def test_build_model_may_be_bound_in_any_way_at_the_top(architecture: str) -> None:
    assert codes(architecture) == []


@pytest.mark.parametrize(
    "architecture",
    ["", "class A:\n    def build_model(self): ...\n", "build_model.x = 1\n", "def build_models(): ...\n"],
)
def test_an_architecture_without_build_model_is_rejected(architecture: str) -> None:
    assert codes(architecture) == ["contract_missing_build_model"]


@pytest.mark.parametrize("hook", HOOKS)
def test_one_hook_is_enough_in_either_file(hook: str) -> None:
    assert codes(training=f"def {hook}(*a): ...\n") == []
    assert codes(MODEL + f"def {hook}(*a): ...\n", training="x = 1\n") == []


def test_training_code_without_train_or_hook_is_rejected() -> None:
    assert codes(training="def learn(ctx): ...\n") == ["contract_missing_train"]


def test_without_training_code_nothing_is_asked_of_it() -> None:
    assert check_contract({"a.py": MODEL.encode()}, architecture="a.py", training=None) == []


def test_a_syntax_error_names_file_and_line() -> None:
    (finding,) = check_contract(
        {"a.py": MODEL.encode(), "pkg/b.py": b"x = 1\ndef f(:\n"}, architecture="a.py", training=None
    )
    assert (finding.code, finding.file, finding.line) == ("source_syntax_error", "pkg/b.py", 2)


SOURCE_CASES = {
    "103 300 parentheses": ("x = " + "(" * 300 + ")" * 300, "source_too_complex"),
    "104 100 000 minus signs": ("x = " + "-" * 100_000 + "1", "source_too_complex"),
    "105 chain of sums": ("x = 1" + "+1" * 10_000, "source_too_complex"),
    "105 chain of attributes": ("x = a" + ".b" * 10_000, "source_too_complex"),
    "106 120 000 sums": ("x = 1" + "+1" * 120_000, "source_too_complex"),
    "107 18 000 elif": ("if a: pass\n" + "elif a: pass\n" * 18_000, "source_too_complex"),
    "113 5 000 lambdas": ("x = " + "lambda: " * 5_000 + "1", "source_too_complex"),
    "108 120 000 statements": ("a;" * 120_000, "source_too_many_nodes"),
    "109 5000 digits": ("x = " + "9" * 5000, "source_syntax_error"),
    "110 200 000 hexadecimal digits": ("x = 0x" + "f" * 200_000, "source_int_too_large"),
    "111 long name": ("a" * 5000 + " = 1", "source_identifier"),
    "111 name that folds": ("ｂuild_model = 1", "source_identifier"),
    "111 parameter that folds": ("def f(ﬁ): ...", "source_identifier"),
}


@pytest.mark.parametrize(("source", "code"), SOURCE_CASES.values(), ids=SOURCE_CASES.keys())
def test_source_that_hurts_a_parser_is_refused_and_harms_nobody(source: str, code: str) -> None:
    assert codes(MODEL + source + "\n") == [code]


def test_greek_names_are_fine() -> None:
    assert codes(MODEL + "σ = 0.02\n") == []


def test_a_host_without_a_free_processor_judges_nothing() -> None:
    with pytest.raises(HostBusy):
        parse({"a.py": MODEL}, wall_seconds=1e-3)
