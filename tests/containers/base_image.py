"""A base image out of this installation: its Python, the runner's packages, a shell, the libraries they load.

Stands in for an image of a registry where there is none to be had: everything keeps the path it has here.
"""

import importlib.metadata
import io
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path

NEEDED = ("torch", "numpy", "tokenizers", "safetensors", "pip")
TOOLS = ("sh", "grep", "cat", "ls", "mkdir", "sleep", "head", "id")
STDLIB = Path(sysconfig.get_path("stdlib"))
BASE_PYTHON = Path(sys.base_prefix).resolve() / "bin" / f"python3.{sys.version_info.minor}"
SKIPPED = {"site-packages", "dist-packages", "test", "idlelib", "EXTERNALLY-MANAGED"}
LINKS = {"bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib", "lib64": "usr/lib64"}
FOLDERS = ("proc", "sys", "dev", "tmp", "etc", "usr/bin", "usr/local/bin")
PASSWD = b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/sh\n"


def import_base(name: str) -> None:
    """Hand the engine an image of that name, about the size of torch."""
    with subprocess.Popen(
        ["docker", "import", "-", name], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    ) as engine:
        assert engine.stdin is not None
        with tarfile.open(fileobj=engine.stdin, mode="w|") as archive:
            _write(archive)
        engine.stdin.close()
        assert engine.wait(120) == 0


def _write(archive: tarfile.TarFile) -> None:
    for name in FOLDERS:
        _folder(archive, name)
    for name, target in LINKS.items():
        if Path(f"/{name}").is_symlink():
            _link(archive, name, target)
    _link(archive, "usr/local/bin/python", str(BASE_PYTHON))
    _file(archive, "etc/passwd", PASSWD)
    placed = dict(_placed())
    placed |= {path: path for path in _libraries(placed.values())}
    for inside, here in sorted(placed.items()):
        info = archive.gettarinfo(str(here.resolve()), str(inside).lstrip("/"))
        info.uid = info.gid = 0
        with here.open("rb") as file:
            archive.addfile(info, file)


def _placed() -> Iterator[tuple[Path, Path]]:
    """(path in the image, path here) of all plain files."""
    yield BASE_PYTHON, BASE_PYTHON
    for tool in TOOLS:
        yield Path("/usr/bin") / tool, Path("/usr/bin") / tool
    for folder, below, files in os.walk(STDLIB):
        below[:] = [name for name in below if name not in SKIPPED and not name.startswith("config-3")]
        yield from ((Path(folder) / name,) * 2 for name in files if name not in SKIPPED)
    packages = _packages()
    for distribution in _closure(NEEDED):
        for file in distribution.files or ():
            here = Path(str(distribution.locate_file(file)))
            if not file.parts[0].startswith("..") and here.is_file():
                yield packages / file, here


def _packages() -> Path:
    """Where the base Python, without a virtual environment, looks for packages."""
    said = subprocess.run(
        [str(BASE_PYTHON), "-I", "-c", "import site; print(site.getsitepackages()[0])"],
        capture_output=True,
        text=True,
        check=True,
    )
    return Path(said.stdout.strip())


def _closure(names: Iterable[str]) -> list[importlib.metadata.Distribution]:
    """The distributions of these names and all that they require here."""
    found: dict[str, importlib.metadata.Distribution] = {}
    waiting = list(names)
    while waiting:
        name = re.split(r"[^A-Za-z0-9._-]", waiting.pop(), maxsplit=1)[0].lower().replace("_", "-")
        if name in found:
            continue
        try:
            found[name] = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # required elsewhere: another system, an extra
        waiting += [one for one in found[name].requires or () if "extra ==" not in one]
    return list(found.values())


def _libraries(files: Iterable[Path]) -> set[Path]:
    """Shared libraries outside the given files that they load."""
    programs = [str(path) for path in files if ".so" in path.name or path.parent.name == "bin"]
    said = subprocess.run(["ldd", *programs], capture_output=True, text=True, check=False).stdout
    found = {Path(path) for path in re.findall(r"(?:=> |^\t)(/\S+) \(0x", said, re.MULTILINE)}
    return {path.parent.resolve() / path.name for path in found if not path.is_relative_to(sys.prefix)}


def _folder(archive: tarfile.TarFile, name: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if name == "tmp" else 0o755
    archive.addfile(entry)


def _link(archive: tarfile.TarFile, name: str, target: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = tarfile.SYMTYPE, target
    archive.addfile(entry)


def _file(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), 0o644
    archive.addfile(entry, io.BytesIO(content))
