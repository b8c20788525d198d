"""The bounded child that brings submitted source into normal form. Standard library only.

Reads `{"sources": {file: source}, "parts": {part: [script]}}` as JSON from standard input; writes
`{part: {file: SHA-256 of its normal form}}`. Whatever the source does to it ends this process and no other.
"""

import ast
import hashlib
import json
import resource
import sys
from pathlib import Path

MEMORY_BYTES = 1024**3
CPU_SECONDS = 5
MAX_DEPTH = 20_000  # frames of our own walk


def main() -> None:
    """Normalise what stands on standard input under limits that nothing here can lift."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from reviews.identity.imports import reached
    from reviews.identity.normal_form import keywords_of, normal_form

    asked = json.load(sys.stdin)
    trees = {file: ast.parse(source, filename=file) for file, source in asked["sources"].items()}
    sys.setrecursionlimit(MAX_DEPTH)
    parts = {part: reached(trees, scripts) for part, scripts in asked["parts"].items()}
    keywords = keywords_of(trees.values())
    forms = {file: _digest(normal_form(tree, keywords)) for file, tree in trees.items()}
    json.dump({part: {file: forms[file] for file in files} for part, files in parts.items()}, sys.stdout)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


if __name__ == "__main__":
    main()
