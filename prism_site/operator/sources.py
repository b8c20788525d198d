"""The files of two submissions beside each other, for the diff."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from uuid import UUID

from django.conf import settings

from evaluations.bundles import stored_bundle
from prism_site.operator import diff
from prism_site.operator.diff import Diff, Line

SUFFIX = ".py"
FILES_SHOWN = 20
NOTHING_KNOWN: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class FilePair:
    """A later file and the earlier one that it resembles most; an empty name where there is none."""

    earlier: str
    later: str
    same: int  # lines of the later file that stand in the earlier one, boilerplate aside
    own: int  # lines of the later file that are no boilerplate


@dataclass(frozen=True, kw_only=True)
class SideBySide:
    """The files of two submissions in pairs, and one pair line by line."""

    pairs: list[FilePair]
    shown: FilePair
    diff: Diff


def side_by_side(
    earlier_id: UUID, later_id: UUID, *, matched: Mapping[str, str] = NOTHING_KNOWN, file: str = ""
) -> SideBySide | None:
    """Two submissions, and the diff of `file` or of the first pair; nothing where there is no Python.

    `matched` names the counterparts that are known already (later -> earlier). Raises `BundleChanged`.
    """
    earlier, later = sources_of(earlier_id), sources_of(later_id)
    found = pairs(earlier, later, boilerplate(), matched)
    if not found:
        return None
    shown = next((pair for pair in found if pair.later == file), found[0])
    compared = diff.compare(earlier.get(shown.earlier, ""), later[shown.later], boilerplate())
    return SideBySide(pairs=found, shown=shown, diff=compared)


@dataclass(frozen=True, kw_only=True)
class Alone:
    """The files of one submission, and the lines of one of them; `marked` are those with a finding."""

    names: list[str]
    shown: str
    lines: list[Line]
    marked: frozenset[int]


def alone(submission_id: UUID, places: Collection[tuple[str, int]], *, file: str = "") -> Alone | None:
    """The source of a submission: `file`, or the first with a finding; nothing where there is no Python.

    `places` are (file, line) of findings. Raises `BundleChanged`.
    """
    found = sources_of(submission_id)
    names = sorted(found, key=lambda name: (name not in {place for place, _ in places}, name))[:FILES_SHOWN]
    if not names:
        return None
    shown = file if file in names else names[0]
    marked = frozenset(line for place, line in places if place == shown)
    return Alone(names=names, shown=shown, lines=diff.lines_of(found[shown], boilerplate()), marked=marked)


def sources_of(submission_id: UUID) -> dict[str, str]:
    """The Python files of a submission, by name."""
    files = stored_bundle(submission_id).files
    return {name: raw.decode("utf-8", "replace") for name, raw in files.items() if name.endswith(SUFFIX)}


def pairs(
    earlier: Mapping[str, str],
    later: Mapping[str, str],
    grey: frozenset[str],
    matched: Mapping[str, str] = NOTHING_KNOWN,
) -> list[FilePair]:
    """Each later file with the earlier one that it matches, or else that has most of its lines."""
    known = {name: frozenset(diff.keys_of(source)) for name, source in earlier.items()}
    found = []
    for name, source in list(later.items())[:FILES_SHOWN]:
        own = [key for key in diff.keys_of(source) if not diff.is_dull(key, grey)]
        match = matched.get(name, "")
        other = match if match in known else _counterpart(name, frozenset(own), known)
        same = sum(key in known.get(other, ()) for key in own)
        found.append(FilePair(earlier=other, later=name, same=same, own=len(own)))
    return sorted(found, key=lambda pair: (pair.later not in matched, -pair.same))


@cache
def boilerplate() -> frozenset[str]:
    """The lines of the project's own examples and reference recipe, without indentation."""
    root = settings.BASE_DIR
    recipe = root / "evaluations/runner/recipe.py"
    files = [*root.glob("examples/**/*.py"), *root.glob("templates/submit/*.txt"), recipe]
    return frozenset(line.strip() for file in files for line in file.read_text("utf-8").splitlines())


def _counterpart(name: str, own: frozenset[str], known: Mapping[str, frozenset[str]]) -> str:
    """The earlier file with most of the lines; the one of the same name where none has any."""
    shared = {other: len(own & keys) for other, keys in known.items()}
    best = max(shared, key=lambda other: (shared[other], other == name), default="")
    return best if best and (shared[best] or best == name) else ""
