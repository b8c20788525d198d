import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection, connections

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


@pytest.fixture
def shared_database(transactional_db: None, tmp_path: Path) -> Iterator[None]:
    """A database that threads share as processes do: SQLite in memory knows no waiting for a lock."""
    if connection.vendor != "sqlite":
        yield
        return
    in_memory, settings = connections["default"], connections.settings["default"]
    path, name = tmp_path / "shared.sqlite3", settings["NAME"]
    in_memory.ensure_connection()
    with sqlite3.connect(path) as target:
        in_memory.connection.backup(target)
    target.close()
    settings["NAME"] = str(path)
    connections["default"] = connections.create_connection("default")
    try:
        yield
    finally:
        connections["default"].close()
        settings["NAME"] = name
        connections["default"] = in_memory
