"""Serves plotly.js out of the installed `plotly` package: exactly the one file that browsers need."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import plotly
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage, Storage

FOLDER = Path(plotly.__file__).parent / "package_data"
FILE = "plotly.min.js"
SERVED_AS = f"plotly/{FILE}"


class PlotlyFinder(BaseFinder):
    """Finds `plotly/plotly.min.js` and nothing else of the wheel."""

    def find(self, path: str, find_all: bool = False, **_: Any) -> Any:
        """The file's path for the one name served; nothing for any other."""
        if path != SERVED_AS:
            return []
        found = str(FOLDER / FILE)
        return [found] if find_all else found

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Storage]]:
        """What `collectstatic` copies."""
        storage = FileSystemStorage(location=FOLDER)
        storage.prefix = "plotly"  # type: ignore[attr-defined]  # the folder that collectstatic copies into
        yield FILE, storage
