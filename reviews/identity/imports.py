"""Which files of a bundle a script is made of: itself and what it imports, and what that imports.

Standard library only: the bounded child runs it.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath


def reached(trees: Mapping[str, ast.Module], scripts: Iterable[str]) -> list[str]:
    """The files that some of `scripts` import, with the scripts, sorted."""
    waiting = [script for script in scripts if script in trees]
    roots = {PurePosixPath("."), *(PurePosixPath(script).parent for script in waiting)}
    found: set[str] = set()
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            waiting += [other for other in _imported(file, trees[file], roots) if other in trees]
    return sorted(found)


def _imported(file: str, tree: ast.Module, roots: set[PurePosixPath]) -> Iterator[str]:
    """Paths that the imports of a file may mean, whether they exist or not."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=aliases):
                for alias in aliases:
                    for root in roots:
                        yield from _candidates(root, alias.name.split("."))
            case ast.ImportFrom(module=module, names=aliases, level=level):
                parts = module.split(".") if module else []
                for start in [_above(file, level)] if level else roots:
                    yield from _candidates(start, parts)
                    for alias in aliases:
                        yield from _candidates(start, [*parts, alias.name])


def _above(file: str, level: int) -> PurePosixPath:
    folder = PurePosixPath(file)
    for _ in range(level):
        folder = folder.parent
    return folder


def _candidates(root: PurePosixPath, parts: list[str]) -> Iterator[str]:
    """The module, or the package, and the packages that it lies in."""
    for size in range(1, len(parts) + 1):
        path = root.joinpath(*parts[:size])
        yield str(path / "__init__.py")
        yield f"{path}.py"
