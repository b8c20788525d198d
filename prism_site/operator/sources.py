"""The files of two submissions beside each other, for the diff."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from uuid import UUID

from django.conf import settings

from evaluations.bundles import stored_bundle
from prism_site.operator import diff
from prism_site.operator.diff import Diff

SUFFIX = ".py"
FILES_SHOWN = 20


@dataclass(frozen=True, kw_only=True)
class FilePair:
    """A later file and the earlier one that it resembles most; an empty name where there is none."""

    earlier: str
    later: str
    diff: Diff


def side_by_side(earlier_id: UUID, later_id: UUID, matched: Mapping[str, str]) -> list[FilePair]:
    """Every Python file of the later submission against its counterpart, the most alike first.

    `matched` names the counterparts that are known already (later -> earlier). Raises `BundleChanged`.
    """
    return pairs(sources_of(earlier_id), sources_of(later_id), boilerplate(), matched)


def sources_of(submission_id: UUID) -> dict[str, str]:
    """The Python files of a submission, by name."""
    files = stored_bundle(submission_id).files
    return {name: raw.decode("utf-8", "replace") for name, raw in files.items() if name.endswith(SUFFIX)}


def pairs(
    earlier: Mapping[str, str],
    later: Mapping[str, str],
    grey: frozenset[str],
    matched: Mapping[str, str] = MappingProxyType({}),
) -> list[FilePair]:
    """Each later file beside the earlier one that it matches, or else that has most of its lines."""
    found = []
    for name, source in list(later.items())[:FILES_SHOWN]:
        known = matched.get(name, "")
        other = known if known in earlier else _counterpart(name, source, earlier, grey)
        compared = diff.compare(earlier.get(other, ""), source, grey)
        found.append(FilePair(earlier=other, later=name, diff=compared))
    return sorted(found, key=lambda pair: (pair.later not in matched, -pair.diff.same))


@cache
def boilerplate() -> frozenset[str]:
    """The lines of the project's own examples and reference recipe, without indentation."""
    root = settings.BASE_DIR
    files = [
        *root.glob("examples/**/*.py"),
        *root.glob("templates/submit/*.txt"),
        root / "evaluations/runner/recipe.py",
    ]
    return frozenset(line.strip() for file in files for line in file.read_text("utf-8").splitlines())


def _counterpart(name: str, source: str, earlier: Mapping[str, str], grey: frozenset[str]) -> str:
    """The earlier file with most of the lines; the one of the same name where none has any."""
    lines = {line.strip() for line in source.splitlines()} - grey - {""}
    shared = {
        other: len(lines & {line.strip() for line in text.splitlines()}) for other, text in earlier.items()
    }
    best = max(shared, key=lambda other: (shared[other], other == name), default="")
    return best if best and (shared[best] or best == name) else ""
