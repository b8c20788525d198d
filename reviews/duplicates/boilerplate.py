"""What everybody may use, subtracted first: the published examples and the reference recipe."""

from functools import cache
from pathlib import Path

from prism_site.config import ROOT
from reviews.duplicates.normalise import normalise
from reviews.duplicates.profile import Shingles, union

EXAMPLES = ROOT / "examples"
RECIPE = ROOT / "evaluations/runner/recipe.py"


@cache
def boilerplate() -> Shingles:
    """The shingles of the project's own code; read once per process."""
    folders = sorted({file.parent for file in EXAMPLES.rglob("*.py")})
    bundles = [_sources(folder) for folder in folders]
    recipe = {RECIPE.name: RECIPE.read_bytes()}
    return union(unit.shingles for files in (*bundles, recipe) for unit in normalise(files))


def _sources(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.glob("*.py")}
