"""The rules as a document: written to `docs/rules.md`, and shown on the page of the rules."""

from collections.abc import Iterator
from dataclasses import dataclass

from reviews.ladder import Outcome
from reviews.static_checks.names import ALLOWED_IMPORTS, INTERFACE, MEMBERS, NOTED_IMPORTS
from reviews.static_checks.rules import RULES, Rule

_ABOUT = {
    Outcome.REJECT: "The source says so for certain. The submission is rejected.",
    Outcome.QUARANTINE: "The source does not show what this is or does. An operator looks before it goes on.",
    Outcome.FLAG: "Worth knowing. The submission goes on; operators see the note.",
}


@dataclass(frozen=True)
class Section:
    """The rules of one outcome."""

    outcome: Outcome
    about: str
    rules: tuple[Rule, ...]

    @property
    def title(self) -> str:
        """The outcome's name for people."""
        return self.outcome.name.capitalize()


def sections() -> list[Section]:
    """The rules by outcome, the worst first."""
    return [
        Section(outcome, about, tuple(rule for rule in RULES if rule.outcome == outcome))
        for outcome, about in _ABOUT.items()
    ]


def imports() -> list[str]:
    """Modules that may be imported whole."""
    return sorted((ALLOWED_IMPORTS - MEMBERS.keys()) | {INTERFACE})


def members() -> list[tuple[str, list[str]]]:
    """Modules of which only some members may be used."""
    restricted = sorted(MEMBERS.keys() & ALLOWED_IMPORTS - {"prism_challenge"})
    return [(name, sorted(MEMBERS[name])) for name in restricted]


def noted() -> list[str]:
    """Modules that may be imported and are pointed out to operators."""
    return sorted(NOTED_IMPORTS)


def markdown() -> str:
    """The whole document."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# The rules of submitted source"
    yield ""
    yield "<!-- written by `manage.py rules_reference` -->"
    yield ""
    yield "Every Python file of a bundle is parsed, never run, and held to these rules. A finding names its"
    yield "rule, the file and the line, and quotes it. The sandbox of a run is the wall, this the door-man."
    for section in sections():
        yield from ("", f"## {section.title}", "", section.about, "")
        yield from ("| rule | category | why | for example |", "| --- | --- | --- | --- |")
        yield from (_row(rule) for rule in section.rules)
    yield from ("", "## What may be imported", "")
    yield "The bundle's own files, and whole: " + _names(imports()) + "."
    yield from ("", "Of these only the named members (`x.*` with all below):", "")
    yield from (f"- `{name}`: {_names(found)}" for name, found in members())
    yield from ("", "Pointed out to operators: " + _names(noted()) + ".", "")
    yield "A module that is not offered may be imported where `ImportError` is handled. Imports under"
    yield "`if TYPE_CHECKING:` are not looked at. Files are written below `ctx.artifacts_dir` or"
    yield "`ctx.checkpoint_dir`, and `torch.load(path, weights_only=True)` reads them back."


def _row(rule: Rule) -> str:
    example = rule.example.replace("\n", " ").replace("|", "\\|")
    return f"| `{rule.id}` | {rule.category} | {rule.reason} | `{example}` |"


def _names(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
