"""The environment of an installation that docs/operators.md calls ready."""

import os
from pathlib import Path

from tests.evaluations.world import prepare_text


def production(folder: Path) -> dict[str, str]:
    """Variables for a process; what this process has of PRISM's own is left out."""
    (folder / "text").mkdir()
    others = {name: value for name, value in os.environ.items() if not name.startswith("PRISM_")}
    return {
        **others,
        "DJANGO_SETTINGS_MODULE": "prism_site.settings",
        "PRISM_VAR_DIR": str(folder / "var"),
        "PRISM_DATA_DIR": str(prepare_text(folder / "text")),
        "PRISM_HTTPS": "true",
        "PRISM_ALLOWED_HOSTS": "prism.example.org",
        "PRISM_CSRF_ORIGINS": "https://prism.example.org",
        "PRISM_TRUSTED_PROXIES": "1",
        "PRISM_SHARED_TOKEN": "3b1f0e9d7c5a48e6b2d4f6a8c0e1d3b5",
        "PRISM_PUBLIC_SUBMISSIONS_ENABLED": "true",
    }
