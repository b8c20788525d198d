"""The bounded child that normalises submitted source, started by file name; standard library only.

Reads `{file: source}` as JSON from standard input; writes `{"units": [{file, line, live, whole, shingles}]}`.
Whatever the source does to it (nesting, memory, time) ends this process and no other.
"""

import ast
import json
import resource
import sys
from dataclasses import asdict
from pathlib import Path

MEMORY_BYTES = 1024**3
CPU_SECONDS = 10
MAX_NODES = 400_000  # of all files
MAX_DEPTH = 3_000  # frames; a tree that Python itself parsed is far less deep


def main() -> None:
    """Normalise what stands on standard input under limits that nothing here can lift."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.setrecursionlimit(MAX_DEPTH)
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from reviews.duplicates.source.units import units_of

    sources: dict[str, str] = json.load(sys.stdin)
    scripts = {file: ast.parse(source, filename=file) for file, source in sources.items()}
    if sum(1 for tree in scripts.values() for _ in ast.walk(tree)) > MAX_NODES:
        sys.exit("more syntax nodes than any model needs")
    json.dump({"units": [asdict(unit) for unit in units_of(scripts)]}, sys.stdout)


if __name__ == "__main__":
    main()
