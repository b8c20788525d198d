"""Which documents there are, in which order, and under which address each is read."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from prism_site.config import ROOT

FOLDER = ROOT / "docs"
ARCHITECTURE = "architecture"
# A document that nobody has placed stands at the end of the last group.
GROUPS: dict[str, tuple[str, ...]] = {
    "For miners": ("miners", "runner", "scoring", "integrity", "rules", "weights", "http-api"),
    "For operators": (
        "operators",
        "security",
        "hosts",
        "backends",
        "broker",
        "faults",
        "reviews",
        "duplicates",
        "identity",
        "ownership",
        "llm-review",
        "policy",
        "data",
        "benchmark-packs",
        "sandbox",
        "validators",
    ),
    "For those who carry it on": (ARCHITECTURE, "scaling", "benchmarks"),
}
# `/docs/api/` is the reader of the OpenAPI document.
FILES = {"http-api": FOLDER / "api.md", ARCHITECTURE: ROOT / "ARCHITECTURE.md"}


@dataclass(frozen=True)
class Document:
    """A file, and its name in addresses: `runner`, `decisions/0004-the-queue-is-a-doorbell`."""

    slug: str
    path: Path

    @property
    def url(self) -> str:
        """Where it is read."""
        return f"/docs/{self.slug}/"


@dataclass(frozen=True)
class Group:
    """Documents for one kind of reader."""

    title: str
    documents: list[Document]


@cache
def documents() -> dict[str, Document]:
    """All by slug: those of `docs/`, the decisions, and the description of the house."""
    own = {path: slug for slug, path in FILES.items()}
    paths = [*FOLDER.glob("*.md"), *FOLDER.glob("decisions/*.md"), FILES[ARCHITECTURE]]
    slugs = {own.get(path) or path.relative_to(FOLDER).with_suffix("").as_posix(): path for path in paths}
    return {slug: Document(slug, path) for slug, path in sorted(slugs.items())}


@cache
def groups() -> list[Group]:
    """The shelf as it is shown."""
    placed = {slug for slugs in GROUPS.values() for slug in slugs}
    rest = [slug for slug in documents() if slug not in placed]
    *first, last = GROUPS.items()
    listed = [*first, (last[0], (*last[1], *rest))]
    return [Group(title, list(_known(slugs))) for title, slugs in listed]


def _known(slugs: tuple[str, ...]) -> Iterator[Document]:
    return (documents()[slug] for slug in slugs if slug in documents())


def document_at(path: Path) -> Document | None:
    """The document that a file is, if it is one."""
    return next((each for each in documents().values() if each.path == path), None)
