from collections.abc import Iterator
from pathlib import Path

import pytest

from prism_site.config import override_env
from tests.evaluations.world import prepare_text


@pytest.fixture(scope="session")
def text_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Locked shards, made once per process; whoever changes them works on a copy."""
    return prepare_text(tmp_path_factory.mktemp("text"))


@pytest.fixture
def host(tmp_path: Path, text_folder: Path) -> Iterator[Path]:
    """An installation of its own: var and artifacts in `tmp_path`, data shared."""
    with override_env(var_dir=tmp_path / "var", data_dir=text_folder, artifact_dir=tmp_path / "artifacts"):
        yield tmp_path
