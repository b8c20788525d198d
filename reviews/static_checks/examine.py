"""Every check of every file of a bundle, within the child: trees in, broken rules out."""

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from reviews.static_checks.constants import LARGE_BYTES, note_constants
from reviews.static_checks.finder import Finder, reference
from reviews.static_checks.found import Notes
from reviews.static_checks.members import is_library
from reviews.static_checks.obfuscation import note_obfuscation
from reviews.static_checks.resolve import CTX_FOLDERS, Project, Resolver
from reviews.static_checks.scopes import scopes_of

Broken = tuple[str, str, str, int]  # rule, detail, file, line


def broken_rules(
    trees: Mapping[str, ast.Module], sources: Mapping[str, str], entrypoints: Iterable[str]
) -> list[Broken]:
    """What the files break, in the order of files and lines."""
    resolvers = {file: _resolver(file, tree) for file, tree in trees.items()}
    project = Project(_modules(resolvers, entrypoints))
    nodes = {file: list(ast.walk(tree)) for file, tree in trees.items()}
    called = Counter(name for found in nodes.values() for name in map(reference, found) if name)
    folders = {name for found in nodes.values() for name in _folder_attributes(found)}
    broken: list[Broken] = []
    suspect_bytes = 0
    for file, tree in trees.items():
        notes, resolver = Notes(), resolvers[file]
        resolver.project, resolver.folder_attributes = project, CTX_FOLDERS | folders
        finder = Finder(resolver, package_of(file), called, notes)
        for statement in tree.body:
            finder.visit(statement)
        suspect_bytes += note_constants(tree, notes)
        note_obfuscation(tree, nodes[file], sources[file], notes)
        broken += [(rule_id, detail, file, line) for rule_id, line, detail in notes.counted()]
    if suspect_bytes > LARGE_BYTES:
        broken.append(("opaque_constants", f"{suspect_bytes} bytes", min(trees), 0))
    return broken


def package_of(file: str) -> str:
    """The dotted folder of a file."""
    return ".".join(PurePosixPath(file).parent.parts)


def _resolver(file: str, tree: ast.Module) -> Resolver:
    scopes = scopes_of(tree, package_of(file))
    return Resolver(scopes, scopes[tree])


def _modules(resolvers: Mapping[str, Resolver], entrypoints: Iterable[str]) -> dict[str, Resolver]:
    """The files under each dotted name by which the bundle may import them: from its root and its scripts."""
    folders = {PurePosixPath("."), *(PurePosixPath(entry).parent for entry in entrypoints)}
    modules: dict[str, Resolver] = {}
    for file, resolver in resolvers.items():
        path = PurePosixPath(file)
        for folder in folders:
            if not path.is_relative_to(folder):
                continue
            parts = path.relative_to(folder).with_suffix("").parts
            parts = parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts
            if not is_library(parts[0]):
                modules[".".join(parts)] = resolver
    return modules


def _folder_attributes(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Attributes that are given folders of ctx: `self.path = os.path.join(ctx.artifacts_dir, "x")`."""
    for node in nodes:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute):
            parts = ast.walk(node.value)
            if any(isinstance(part, ast.Attribute) and part.attr in CTX_FOLDERS for part in parts):
                yield node.targets[0].attr
