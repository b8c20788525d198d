"""Rules of one source, found as the child finds them but in this process."""

from reviews.static_checks.parse_child import answer

MODEL = "def build_model(ctx): ...\n"


def broken(source: str, **others: str) -> list[tuple[str, int]]:
    """(rule, line) of every finding in `source`; `others` are further files, `pkg__mod` for pkg/mod.py."""
    files = {"model.py": source, **{f"{name.replace('__', '/')}.py": text for name, text in others.items()}}
    found = answer(files, ["model.py"])
    assert found["findings"] == [], found["findings"]
    return [(rule_id, line) for rule_id, _, file, line in found["broken"] if file == "model.py"]


def rules(source: str, **others: str) -> set[str]:
    """The ids of the rules that `source` breaks."""
    return {rule_id for rule_id, _ in broken(source, **others)}
