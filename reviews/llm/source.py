"""Which source a reviewer reads, in which order, and how much of it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from evaluations.intake.bundle import Bundle
from evaluations.intake.manifest import MANIFEST_NAME

Lines = tuple[str, ...]


@dataclass(frozen=True)
class Excerpt:
    """What is sent: numbered source of each file in reading order; `left_out` names what did not fit."""

    files: Mapping[str, str]
    left_out: tuple[str, ...]  # files of which lines are missing


def sources_of(bundle: Bundle) -> dict[str, Lines]:
    """The lines of every file that a reviewer reads, in reading order.

    Python and the manifest, the entry points first: that is what runs. Data (a tokenizer) is not sent.
    """
    manifest = bundle.manifest
    first = [manifest.architecture.entrypoint, manifest.training.entrypoint, MANIFEST_NAME]
    names = [name for name in first if name in bundle.files]
    names += sorted(name for name in bundle.files if name.endswith(".py") and name not in first)
    return {name: lines_of(bundle.files[name]) for name in dict.fromkeys(names)}


def lines_of(raw: bytes) -> Lines:
    """Lines as Python counts them: a form feed or U+2028 ends none."""
    return tuple(raw.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n").split("\n"))


def excerpt(sources: Mapping[str, Lines], *, max_chars: int) -> Excerpt:
    """The first `max_chars` characters of the sources, cut between lines; numbers of lines count too."""
    left, files, left_out = max_chars, dict[str, str](), list[str]()
    for name, lines in sources.items():
        fitting = _fitting(lines, left)
        files[name] = "".join(fitting)
        left -= len(files[name])
        if len(fitting) < len(lines):
            left_out.append(name)
            left = 0  # what is read is a beginning, without holes
    return Excerpt(files, tuple(left_out))


def _fitting(lines: Lines, budget: int) -> list[str]:
    fitting: list[str] = []
    for number, line in enumerate(lines, start=1):
        numbered = f"{number}|{line}\n"
        budget -= len(numbered)
        if budget < 0:
            break
        fitting.append(numbered)
    return fitting
