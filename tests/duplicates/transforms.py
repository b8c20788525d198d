"""What people do to hide a copy: each takes {file: source} and gives the same program in disguise."""

import ast
import builtins
import keyword
import random
from collections.abc import Callable, Mapping

Sources = Mapping[str, str]
CONTRACT = {"build_model", "train", "get_recipe", "configure_optimizer", "compute_loss", "train_step", "ctx"}
TORCH = {"forward", "step", "weight", "bias", "self", "training", "parameters", "state"}


def renamed(sources: Sources) -> dict[str, str]:
    """Every variable, parameter, function, class and own attribute under another name."""
    trees = _trees(sources)
    names, attributes = set[str](), set[str]()
    for tree in trees.values():
        for node in ast.walk(tree):
            match node:
                case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                    names.add(name)
                case ast.ClassDef(name=name, body=body):
                    names.add(name)
                    attributes |= {inner.name for inner in body if isinstance(inner, ast.FunctionDef)}
                    attributes |= {
                        inner.target.id
                        for inner in body
                        if isinstance(inner, ast.AnnAssign) and isinstance(inner.target, ast.Name)
                    }
                case ast.FunctionDef(name=name):
                    names.add(name)
                case ast.Attribute(value=ast.Name(id="self"), attr=name, ctx=ast.Store()):
                    attributes.add(name)
    taken = CONTRACT | TORCH | set(dir(builtins))
    renaming = {
        name: f"zz{number}_{name[::-1].strip('_')}"
        for number, name in enumerate(sorted(names | attributes))
        if name not in taken and not name.startswith("__") and not keyword.iskeyword(name)
    }
    for tree in trees.values():
        for node in ast.walk(tree):
            match node:
                case ast.Name(id=name):
                    node.id = renaming.get(name, name)
                case ast.arg(arg=name) | ast.keyword(arg=str(name)):
                    node.arg = renaming.get(name, name) if name in names or name in attributes else name
                case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                    node.name = renaming.get(name, name)
                case ast.Attribute(value=base, attr=name) if name in attributes and not _is_foreign(base):
                    node.attr = renaming.get(name, name)
                case ast.Constant(value=str(name)) if name in attributes:
                    node.value = renaming.get(name, name)
    _keep_foreign_keywords(trees, renaming)
    return _sources(trees)


def _keep_foreign_keywords(trees: dict[str, ast.Module], renaming: dict[str, str]) -> None:
    """Arguments of torch's functions keep their names."""
    own = set(renaming.values())
    back = {new: old for old, new in renaming.items()}
    for tree in trees.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
                called = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
                for argument in node.keywords:
                    if called not in own and argument.arg in back and called not in CONTRACT:
                        argument.arg = back[argument.arg]


def _is_foreign(base: ast.expr) -> bool:
    return ast.unparse(base) in {
        "torch",
        "nn",
        "F",
        "ctx",
        "math",
        "torch.nn",
        "torch.optim",
        "torch.nn.functional",
    }


def reformatted(sources: Sources) -> dict[str, str]:
    """Without comments, blank lines and the author's line breaks."""
    return _sources(_trees(sources))


def reordered(sources: Sources) -> dict[str, str]:
    """Functions, classes and methods in the opposite order; imports and settings stay first."""
    trees = _trees(sources)
    for tree in trees.values():
        tree.body = _reversed_definitions(tree.body)
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                node.body = _reversed_definitions(node.body)
    return _sources(trees)


def with_dead_functions(sources: Sources) -> dict[str, str]:
    """As much code again that nothing calls."""
    extra = '''
class Unused{n}:
    """Never built."""

    def __init__(self, width):
        self.rows = [[column * width for column in range({n})] for _ in range(width)]

    def total(self):
        return sum(sum(row) for row in self.rows if row) / max(1, len(self.rows))


def helper_{n}(values, limit={n}):
    result = []
    for value in values:
        if value > limit:
            result.append(value - limit)
        else:
            result.append(limit - value)
    while len(result) < limit:
        result.extend(result[:1] or [limit])
    return sorted(result)[:limit]
'''
    return {
        file: source + "".join(extra.replace("{n}", str(n + 3)) for n in range(6))
        for file, source in sources.items()
    }


def with_dead_statements(sources: Sources) -> dict[str, str]:
    """Between all statements of all functions: names that nobody reads, branches that are never taken."""
    trees = _trees(sources)
    draw = random.Random(5)
    for tree in trees.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                node.body = [part for one in node.body for part in (*_dead(draw), one)]
        tree.body[:0] = ast.parse("import torch\nNEVER = 0").body
    return _sources(trees)


def with_other_constants(sources: Sources) -> dict[str, str]:
    """Every number but 0, 1 and 2 is another one."""
    trees = _trees(sources)
    for tree in trees.values():
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Constant)
                and type(node.value) in (int, float)
                and node.value not in (0, 1, 2)
            ):
                node.value = node.value * 3 + 1 if isinstance(node.value, int) else node.value * 0.9
    return _sources(trees)


def annotated(sources: Sources) -> dict[str, str]:
    """Hints on every parameter and docstrings everywhere."""
    trees = _trees(sources)
    for tree in trees.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                for argument in node.args.args:
                    argument.annotation = argument.annotation or ast.Name(id="object", ctx=ast.Load())
                node.returns = ast.Name(id="object", ctx=ast.Load())
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                node.body.insert(0, ast.Expr(ast.Constant(f"What {node.name} does, at some length.")))
    return _sources(trees)


def in_many_files(sources: Sources) -> dict[str, str]:
    """Every class and function of the architecture in a file of its own."""
    trees = _trees(sources)
    tree = trees["architecture.py"]
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    settings = [node for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign)]
    parts = [node for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)]
    spread = {f"part_{part.name.lower()}.py": part for part in parts if part.name != "build_model"}
    for file, part in spread.items():
        from_others = [
            ast.ImportFrom(module=other[:-3], names=[ast.alias(name=one.name)], level=0)
            for other, one in spread.items()
            if other != file
        ]
        trees[file] = ast.Module(body=[*imports, *from_others, *settings, part], type_ignores=[])
    last = [
        ast.ImportFrom(module=file[:-3], names=[ast.alias(name=one.name)], level=0)
        for file, one in spread.items()
    ]
    build = [part for part in parts if part.name == "build_model"]
    trees["architecture.py"] = ast.Module(body=[*imports, *last, *settings, *build], type_ignores=[])
    return _sources(trees)


def with_named_results(sources: Sources) -> dict[str, str]:
    """`return f(x)` as `result = f(x); return result`."""
    trees = _trees(sources)
    for tree in trees.values():
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.FunctionDef)
                and isinstance(node.body[-1], ast.Return)
                and node.body[-1].value
            ):
                value = node.body[-1].value
                node.body[-1:] = [
                    ast.Assign(targets=[ast.Name(id="outcome", ctx=ast.Store())], value=value),
                    ast.Return(value=ast.Name(id="outcome", ctx=ast.Load())),
                ]
    return _sources(trees)


def imported_otherwise(sources: Sources) -> dict[str, str]:
    """`nn.Linear` as `torch.nn.Linear`, `F.gelu` as `torch.nn.functional.gelu`."""
    changed = {}
    for file, source in sources.items():
        tree = ast.parse(source)
        aliases = {"nn": "torch.nn", "F": "torch.nn.functional"}
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and node.id in aliases:
                node.id = aliases[node.id]
        changed[file] = "import torch\nimport torch.nn\nimport torch.nn.functional\n" + ast.unparse(tree)
    return changed


def all_together(sources: Sources) -> dict[str, str]:
    """Everything at once."""
    for step in (
        with_dead_statements,
        with_dead_functions,
        renamed,
        reordered,
        with_other_constants,
        annotated,
    ):
        sources = step(sources)
    return dict(sources)


DISGUISES: list[Callable[[Sources], dict[str, str]]] = [
    renamed,
    reformatted,
    reordered,
    with_dead_functions,
    with_dead_statements,
    with_other_constants,
    annotated,
    in_many_files,
    with_named_results,
    imported_otherwise,
    all_together,
]


def _trees(sources: Sources) -> dict[str, ast.Module]:
    return {file: ast.parse(source) for file, source in sources.items()}


def _sources(trees: Mapping[str, ast.Module]) -> dict[str, str]:
    return {file: ast.unparse(ast.fix_missing_locations(tree)) + "\n" for file, tree in trees.items()}


def _reversed_definitions(body: list[ast.stmt]) -> list[ast.stmt]:
    kinds = (ast.ClassDef, ast.FunctionDef)
    return [n for n in body if not isinstance(n, kinds)] + [n for n in body if isinstance(n, kinds)][::-1]


def _dead(draw: random.Random) -> list[ast.stmt]:
    number = draw.randrange(10**6)
    choices = (
        f"unused_{number} = [{number}, len('abc')]",
        f"if False:\n    raise ValueError({number})",
        f"first_{number} = {number}\nsecond_{number} = first_{number} * 7",
        f"while 0:\n    print({number})",
        f"if 3 > 5:\n    third_{number} = {number} + 1\n    return third_{number}",
        f"assert {number} > 0",
        f"count_{number} = 0\nfor step_{number} in range({number}):\n    count_{number} += step_{number}",
        f"for never_{number} in []:\n    return never_{number}",
        f"torch.zeros({number})",
        f"len(str({number}))",
        f"_ = torch.randn({number}).sum().item()",
        f"if NEVER:\n    raise RuntimeError({number})",
        f"'a note {number}'",
    )
    return ast.parse(draw.choice(choices)).body
