"""A real container engine, and a container with nothing of its own: no capability, no network, no root."""

import io
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import docker.types
import pytest

from evaluations.backends.container_limits import ContainerLimits
from evaluations.backends.docker import backend
from evaluations.backends.docker.rendering import render
from tests.containers.base_image import import_base
from tests.containers.engine import NoEngine, answers, own_engine

REPOSITORY = Path(__file__).parents[2]
NOBODY = "65534:65534"
FOLDERS = ("usr", "etc", "proc", "sys", "dev", "tmp", "var/tmp")
LINKS = {"bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib", "lib64": "usr/lib64"}
INSTALLED = tuple(
    dict.fromkeys(str(Path(p).resolve()) for p in ("/usr", sys.base_prefix, sys.prefix, REPOSITORY))
)
USR = [str(path) for path in map(Path, ("/usr/lib", "/usr/lib64", "/usr/bin", "/usr/local")) if path.is_dir()]
MOUNTED = [*USR, *(path for path in INSTALLED if path != "/usr")]  # the engine's init lies in /usr/sbin
PYTHON = str(Path(sys.prefix).resolve() / "bin" / "python")

Contained = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def engine() -> Iterator[None]:
    """The engine that answers here, or one that is started for these tests alone."""
    if answers():
        yield
        return
    with ExitStack() as stack:
        try:
            own = stack.enter_context(own_engine())
        except NoEngine as error:
            pytest.skip(str(error))
        stack.enter_context(pytest.MonkeyPatch.context()).setenv("DOCKER_HOST", own.address)
        yield


@pytest.fixture(scope="session")
def bare_image(engine: None) -> Iterator[str]:
    """An image of empty folders: everything that runs in it is mounted, read-only."""
    name = f"prism-test-{uuid4().hex[:12]}:bare"
    subprocess.run(["docker", "import", "-", name], input=empty_root(), capture_output=True, check=True)
    yield name
    subprocess.run(["docker", "rmi", "--force", name], capture_output=True, check=True)


@pytest.fixture(scope="session")
def evaluator_image(engine: None) -> Iterator[str]:
    """The id of the image `evaluator`, built by the Dockerfile on a base out of this installation."""
    base, name = (f"prism-test-{uuid4().hex[:12]}:{part}" for part in ("base", "evaluator"))
    import_base(base)
    build = ["docker", "build", "--network=none", f"--build-arg=PYTHON={base}", "--target=evaluator"]
    subprocess.run(
        [*build, f"--tag={name}", str(REPOSITORY)],
        env={**os.environ, "DOCKER_BUILDKIT": "0"},
        capture_output=True,
        check=True,
    )
    yield image_id(name)
    subprocess.run(["docker", "rmi", "--force", name, base], capture_output=True, check=True)


def image_id(name: str) -> str:
    """`sha256:…` of an image of the engine."""
    said = subprocess.run(
        ["docker", "image", "inspect", "--format={{.Id}}", name], capture_output=True, text=True, check=True
    )
    return said.stdout.strip()


@pytest.fixture
def installed_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Containers of the docker backend run this installation, mounted read-only into the bare image."""

    def with_installation(limits: ContainerLimits, **more: Any) -> dict[str, Any]:
        mounts = [docker.types.Mount(path, path, type="bind", read_only=True) for path in MOUNTED]
        settings = render(limits, **more)
        return {**settings, "mounts": settings["mounts"] + mounts}

    monkeypatch.setattr(backend, "render", with_installation)
    monkeypatch.setattr(backend, "COMMAND", [PYTHON, *backend.COMMAND[1:]])
    monkeypatch.setattr(backend, "ENVIRONMENT", {**backend.ENVIRONMENT, "PYTHONPATH": str(REPOSITORY)})


@pytest.fixture
def contained(bare_image: str) -> Contained:
    """Run `python …` of this installation in a hardened container."""

    def run(*arguments: str, writable: tuple[str, ...] = ()) -> "subprocess.CompletedProcess[str]":
        mounts = [
            *(f"--volume={path}:{path}:ro" for path in INSTALLED),
            *(f"--volume={path}:{path}" for path in writable),
        ]
        command = ["docker", "run", "--rm", *_hardened(), *mounts, f"--workdir={REPOSITORY}"]
        python = str(Path(sys.prefix).resolve() / "bin" / "python")
        return subprocess.run(
            [*command, bare_image, python, *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )

    return run


def _hardened() -> list[str]:
    return [
        "--network=none",
        "--cap-drop=ALL",
        "--security-opt=no-new-privileges",
        "--read-only",
        f"--user={NOBODY}",
        "--pids-limit=1024",
        "--tmpfs=/tmp:rw,size=2g",
        "--env=HOME=/tmp",
        "--env=PRISM_VAR_DIR=/tmp/var",
    ]


def empty_root() -> bytes:
    """A tar of folders and links alone."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for folder in FOLDERS:
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if "tmp" in folder else 0o755
            archive.addfile(entry)
        for name, target in LINKS.items():
            if Path(f"/{name}").is_symlink():  # merged /usr; elsewhere the folders themselves are mounted
                entry = tarfile.TarInfo(name)
                entry.type, entry.linkname = tarfile.SYMTYPE, target
                archive.addfile(entry)
    return stream.getvalue()
