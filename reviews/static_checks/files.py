"""Files that submitted code opens: what the source proves about where they are."""

import ast
from collections.abc import Iterator

from reviews.static_checks.found import Notes
from reviews.static_checks.resolve import Resolver
from reviews.static_checks.scopes import Scope

# path -> position of the file's name
WRITERS = {
    "torch.save": 1,
    "torch.jit.save": 1,
    "torch.export.save": 1,
    "numpy.save": 0,
    "numpy.savez": 0,
    "numpy.savez_compressed": 0,
    "numpy.savetxt": 0,
    "os.makedirs": 0,
    "os.mkdir": 0,
    "os.remove": 0,
    "os.unlink": 0,
    "os.rmdir": 0,
    "os.rename": 1,
    "os.replace": 1,
    "logging.FileHandler": 0,
}
READERS = {
    "numpy.load": 0,
    "numpy.fromfile": 0,
    "numpy.loadtxt": 0,
    "numpy.genfromtxt": 0,
    "numpy.fromregex": 0,
    "torch.load": 0,
    "os.listdir": 0,
    "os.scandir": 0,
    "os.walk": 0,
    "os.stat": 0,
    "os.access": 0,
}
OPENERS = {"builtins.open", "io.open", "codecs.open", "gzip.open", "bz2.open", "lzma.open", "numpy.memmap"}
# Methods of pathlib (and of tensors) whose object, or first argument, is the file.
WRITING_METHODS = frozenset(
    "write_text write_bytes unlink touch rmdir symlink_to hardlink_to chmod".split()  # noqa: SIM905
)
READING_METHODS = frozenset({"read_text", "read_bytes"})
NAMING_METHODS = frozenset({"tofile", "export_chrome_trace", "export_stacks"})
_NAME_KEYWORDS = frozenset({"file", "f", "filename", "fname", "path", "name", "dst"})
_HARMLESS = frozenset({"/dev/null", "/"})
MAX_NAMES = 16  # followed for one file that is opened
_BUFFERS = frozenset({"io.BytesIO", "io.StringIO"})


class Files:
    """The rule of files, for the calls of one source."""

    def __init__(self, resolver: Resolver, notes: Notes) -> None:
        self.resolver, self.notes = resolver, notes

    def check(self, node: ast.Call, paths: frozenset[str], scope: Scope) -> None:
        """Judge a call by what is called and by the file it names."""
        for path in paths:
            if path == "torch.load":
                self._torch_load(node, scope)
            elif path in OPENERS:
                self._open(node, scope, 0 if path != "numpy.memmap" else 2)
            elif path in WRITERS:
                self._write(node, _file(node, WRITERS[path]), scope)
            elif path in READERS:
                self._read(node, _file(node, READERS[path]), scope)
                self._numpy_load(node, path)
            elif path == "logging.basicConfig" and _keyword(node, "filename") is not None:
                self._write(node, _keyword(node, "filename"), scope)
        if isinstance(node.func, ast.Attribute) and not paths:
            self._method(node, node.func, scope)

    def _method(self, node: ast.Call, function: ast.Attribute, scope: Scope) -> None:
        method = function.attr
        if method in WRITING_METHODS:
            self._write(node, function.value, scope)
        elif method in READING_METHODS:
            self._read(node, function.value, scope)
        elif method in NAMING_METHODS and node.args:
            self._write(node, node.args[0], scope)
        elif method == "open" and not _could_be_url(node):
            mode = self._mode(node, 0, scope)
            verdict = self._read if mode is not None and not _writes(mode) else self._write
            verdict(node, function.value, scope)

    def _open(self, node: ast.Call, scope: Scope, position: int) -> None:
        mode = self._mode(node, position + 1 if position == 0 else position, scope)
        if mode is not None and not _writes(mode):
            self._read(node, _file(node, 0), scope)
        else:
            self._write(node, _file(node, 0), scope)

    def _mode(self, node: ast.Call, position: int, scope: Scope) -> str | None:
        given = _keyword(node, "mode") or (node.args[position] if len(node.args) > position else None)
        return "r" if given is None else self.resolver.text(given, scope)

    def _torch_load(self, node: ast.Call, scope: Scope) -> None:
        """Tensors alone, from a folder of ctx: then a checkpoint is what it reads."""
        name, only = _file(node, 0), _keyword(node, "weights_only")
        if not (isinstance(only, ast.Constant) and only.value is True):
            self.notes.add("deserialises", node.lineno, "torch.load without weights_only=True")
        elif name is None or not self.resolver.below_ctx(name, scope):
            self.notes.add("deserialises", node.lineno, "torch.load of a file that is not below ctx")
        else:
            self._read(node, name, scope)

    def _numpy_load(self, node: ast.Call, path: str) -> None:
        allow = _keyword(node, "allow_pickle")
        if path == "numpy.load" and allow is not None and getattr(allow, "value", True) is not False:
            self.notes.add("deserialises", node.lineno, "numpy.load with allow_pickle")

    def _write(self, node: ast.Call, name: ast.expr | None, scope: Scope) -> None:
        if name is not None and self._is_harmless(name, scope):
            return
        rule_id = "file_write_unproven"
        if name is not None and self._is_outside(name, scope):
            rule_id = "writes_outside_artifacts"
        elif name is not None and self.resolver.below_ctx(name, scope):
            return
        self.notes.add(rule_id, node.lineno)

    def _is_outside(self, name: ast.expr, scope: Scope) -> bool:
        if self._climbs(name, scope) or any(map(_is_absolute, self._starts(name, scope))):
            return True
        return not self.resolver.below_ctx(name, scope) and self._is_constant(name, scope)

    def _is_harmless(self, name: ast.expr, scope: Scope) -> bool:
        """A buffer in memory, or the file that forgets."""
        if (
            self.resolver.paths(name, scope) & {"os.devnull"}
            or self.resolver.text(name, scope) == "/dev/null"
        ):
            return True
        made = name
        if isinstance(name, ast.Name):
            ways = [value for way, _ in self.resolver.bindings(name.id, scope) for value in way.values]
            made = ways[0] if len(ways) == 1 else name
        return isinstance(made, ast.Call) and bool(self.resolver.paths(made.func, scope) & _BUFFERS)

    def _read(self, node: ast.Call, name: ast.expr | None, scope: Scope) -> None:
        outside = name is not None and any(map(_is_absolute, self._starts(name, scope)))
        self.notes.add("reads_outside_bundle" if outside else "file_read", node.lineno)

    def _is_constant(self, name: ast.expr, scope: Scope, known: dict[str, bool] | None = None) -> bool:
        """Whether the whole name is known text, perhaps within Path(...) or os.path.join(...)."""
        known = {} if known is None else known
        if self.resolver.text(name, scope) is not None:
            return True
        match name:
            case ast.Call(args=[_, *_] as parts):
                return all(self._is_constant(part, scope, known) for part in parts)
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return self._is_constant(left, scope, known) and self._is_constant(right, scope, known)
            case ast.Name(id=word):
                if word not in known and len(known) < MAX_NAMES:
                    known[word] = False  # for what refers to itself
                    ways = list(self.resolver.bindings(word, scope))
                    known[word] = bool(ways) and all(
                        len(way.values) == 1 and self._is_constant(way.values[0], home, known)
                        for way, home in ways
                    )
                return known.get(word, False)
        return False

    def _starts(self, name: ast.expr, scope: Scope, seen: set[str] | None = None) -> Iterator[str]:
        """Known text where a path may begin: whatever is joined onto something begins anew if absolute."""
        seen = set() if seen is None else seen  # names are followed once
        text = self.resolver.text(name, scope)
        if text is not None:
            yield text
            return
        for part, home in self._beginnings(name, scope, seen):
            yield from self._starts(part, home, seen)

    def _beginnings(self, name: ast.expr, scope: Scope, seen: set[str]) -> Iterator[tuple[ast.expr, Scope]]:
        parts: list[ast.expr] = []
        match name:
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                parts = [left, right]
            case ast.BinOp(left=left):
                parts = [left]
            case ast.JoinedStr(values=[first, *_]):
                parts = [first]
            case ast.IfExp(body=one, orelse=other):
                parts = [one, other]
            case ast.Call(args=given):
                parts = given
            case ast.Name(id=word) if word not in seen and len(seen) < MAX_NAMES:
                seen.add(word)
                for way, home in self.resolver.bindings(word, scope):
                    yield from ((value, home) for value in way.values)
        yield from ((part, scope) for part in parts)

    def _climbs(self, name: ast.AST, scope: Scope) -> bool:
        """Whether any known text within a name has a `..` segment."""
        if isinstance(name, ast.expr) and (text := self.resolver.text(name, scope)) is not None:
            return ".." in text.replace("\\", "/").split("/")
        return any(self._climbs(child, scope) for child in ast.iter_child_nodes(name))


def _file(node: ast.Call, position: int) -> ast.expr | None:
    """The argument that names the file, by its position or by keyword."""
    if len(node.args) > position:
        return node.args[position]
    return next((word.value for word in node.keywords if word.arg in _NAME_KEYWORDS), None)


def _keyword(node: ast.Call, name: str) -> ast.expr | None:
    return next((word.value for word in node.keywords if word.arg == name), None)


def _writes(mode: str) -> bool:
    return any(letter in mode for letter in "wax+")


def _is_absolute(text: str) -> bool:
    return text.startswith(("/", "~")) and text not in _HARMLESS


def _could_be_url(node: ast.Call) -> bool:
    """`.open()` with more than a mode is no pathlib call."""
    return len(node.args) > 2
