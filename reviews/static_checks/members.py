"""Which rule a dotted path or an imported module breaks. Pure look-ups in `names.py`."""

import sys
from collections.abc import Iterator

from reviews.static_checks.names import (
    ALLOWED_IMPORTS,
    INTERFACE,
    MEMBERS,
    MODULE_ATTRIBUTES,
    MODULES,
    NOTED_IMPORTS,
    PATHS,
    REACHED,
)

_KNOWN_ROOTS = ALLOWED_IMPORTS | NOTED_IMPORTS | {name.split(".")[0] for name in MODULES}


def prefixes(path: str) -> Iterator[str]:
    """The path and what it lies in, the longest first."""
    while path:
        yield path
        path = path.rpartition(".")[0]


def broken_rule(path: str) -> str | None:
    """The id of the rule that using `path` breaks, if any."""
    rest = path.split(".")[1:]
    if not is_offered(path):
        return None  # its import has been judged
    if any(part in MODULE_ATTRIBUTES for part in rest):
        return "module_namespace"
    closed = next((PATHS[prefix] for prefix in prefixes(path) if prefix in PATHS), None)
    if closed is not None:
        return closed or None
    if any(part.lstrip("_") in REACHED for part in rest):
        return "module_reached"
    return None if _is_member(path) else "member_not_allowed"


def _is_member(path: str) -> bool:
    """Whether a module that is restricted to members offers this one."""
    module = next((prefix for prefix in prefixes(path) if prefix in MEMBERS), None)
    if module is None or path == module:
        return True
    first, _, deeper = path[len(module) + 1 :].partition(".")
    return f"{first}.*" in MEMBERS[module] or (first in MEMBERS[module] and not deeper)


def import_rule(module: str) -> str | None:
    """The rule that importing the dotted `module` breaks, `import_noted` for one that is only shown."""
    root = module.split(".", maxsplit=1)[0]
    if root == "prism_challenge":
        return None if INTERFACE.startswith(module) or module.startswith(INTERFACE) else "import_not_allowed"
    closed = next((PATHS[prefix] for prefix in prefixes(module) if prefix in PATHS), None)
    if closed is not None:
        has_door = any(not rule_id and path.startswith(f"{module}.") for path, rule_id in PATHS.items())
        return None if has_door else closed or None
    if root in NOTED_IMPORTS:
        return "import_noted"
    return None if root in ALLOWED_IMPORTS else "import_not_allowed"


def is_library(name: str) -> bool:
    """Whether a top-level name means the library's module even where the bundle has a file of that name."""
    return name in sys.stdlib_module_names or name in ALLOWED_IMPORTS


def is_offered(path: str) -> bool:
    """Whether a path leads into a library that submitted code may or might import."""
    return path.split(".", maxsplit=1)[0] in _KNOWN_ROOTS
