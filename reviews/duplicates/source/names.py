"""Which names mean the same in every bundle, and what the others are bound to. Standard library only."""

import ast
import builtins
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

ROOTS = frozenset(
    {
        "build_model",
        "train",
        "get_recipe",
        "configure_optimizer",
        "compute_loss",
        "train_step",
        "inference_logits",
        "infer",
        "save_checkpoint",
        "load_checkpoint",
    }
)  # what a run calls
# Names of functions that a bundle defines and torch calls.
KEPT = ROOTS | {
    "forward",
    "backward",
    "step",
    "zero_grad",
    "state_dict",
    "load_state_dict",
    "reset_parameters",
}
BUILTINS = frozenset(dir(builtins))
OWN_MODULE = "."

Scripts = Mapping[str, ast.Module]
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Names:
    """What imports of a bundle stand for, and what its functions call the context that they are given."""

    imports: Mapping[str, Mapping[str, str]]  # file -> alias -> dotted name, "" and "." for the bundle's own
    contexts: frozenset[str] = field(default=frozenset())


def names_of(scripts: Scripts, dead: set[ast.stmt]) -> Names:
    """Read off what is alive: dead code may bind what it likes."""
    modules = {part for file in scripts for part in _module_names(file)}
    alive = {file: list(walk_live(tree, dead)) for file, tree in scripts.items()}
    return Names(
        imports={file: dict(_imports(nodes, modules)) for file, nodes in alive.items()},
        contexts=frozenset(name for nodes in alive.values() for node in nodes for name in _contexts(node)),
    )


def walk_live(tree: ast.AST, dead: set[ast.stmt]) -> Iterator[ast.AST]:
    """Every node that is not inside a dead definition."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += [child for child in ast.iter_child_nodes(node) if child not in dead]


def bound_in(function: ast.AST) -> frozenset[str]:
    """Parameters and variables of a function and of those within it."""
    return frozenset(name for node in ast.walk(function) for name in _bound(node))


def _module_names(file: str) -> Iterator[str]:
    parts = PurePosixPath(file).with_suffix("").parts
    for start in range(len(parts)):
        yield ".".join(parts[start:])
    yield from parts


def _imports(nodes: list[ast.AST], modules: set[str]) -> Iterator[tuple[str, str]]:
    for node in nodes:
        match node:
            case ast.Import(names=aliases):
                for alias in aliases:
                    yield _imported(alias, modules)
            case ast.ImportFrom(module=module, names=aliases, level=level):
                own = level > 0 or (module or "") in modules
                for alias in aliases:
                    is_module = own and alias.name in modules
                    dotted = OWN_MODULE if is_module else "" if own else f"{module}.{alias.name}"
                    yield alias.asname or alias.name, dotted


def _imported(alias: ast.alias, modules: set[str]) -> tuple[str, str]:
    """`import a.b` binds `a`, and `import a.b as c` binds `c` to `a.b`."""
    first = alias.name.partition(".")[0]
    name, dotted = (alias.asname, alias.name) if alias.asname else (first, first)
    return name, OWN_MODULE if alias.name in modules else dotted


def _contexts(node: ast.AST) -> Iterator[str]:
    """The last parameter of what a run calls: its attributes are the run's."""
    match node:
        case ast.FunctionDef(name=name, args=ast.arguments(args=[*_, last])) if name in ROOTS:
            yield last.arg


def _bound(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
            yield name
