"""What is only noted, and what waits for a person: each with an honest neighbour that is not."""

import base64
import random

import pytest

from reviews.ladder import Outcome
from reviews.static_checks.rules import BY_ID, RULES
from tests.static.finding import rules

NOISE = random.Random(1)
BASE64_200 = base64.b64encode(NOISE.randbytes(150)).decode()
BASE64_2000 = base64.b64encode(NOISE.randbytes(1500)).decode()
WRAPPED = "\\n".join(BASE64_2000[at : at + 76] for at in range(0, 2000, 76))
PROSE = "It was the best of times, it was the worst of times, it was the age of wisdom. " * 20
NAMES = ", ".join(f'"layer_{number}_norm_weight"' for number in range(60))
PIECES = "\n".join(
    f'P{n} = "{base64.b64encode(NOISE.randbytes(600)).decode()}"' for n in range(8)
)  # each below a kilobyte

SUSPICIOUS = {
    "opaque_constant": [
        f"X = '{BASE64_2000}'",
        f"X = '{WRAPPED}'",
        f"def f():\n    '''{BASE64_2000}'''",
        f"X = {NOISE.randbytes(1500)!r}",
        f"X = {[NOISE.randrange(1000) for _ in range(600)]}",
        f"X = {[[NOISE.random() for _ in range(60)] for _ in range(10)]}",
        f"X = {{{', '.join(f'{n}: {n * 7 % 13}' for n in range(300))}}}",
        f"X = {' + '.join(repr(BASE64_2000[at : at + 50]) for at in range(0, 2000, 50))}",
        f"X = '{PROSE * 4}'",
        f"X = [{', '.join(repr(BASE64_2000[at : at + 4]) for at in range(0, 2000, 4))}]",
        f"X = [{', '.join(hex(NOISE.getrandbits(3000)) for _ in range(12))}]",
        f"X = '{NOISE.randbytes(600).hex()}'",
    ],
    "opaque_constants": [PIECES],
    "computed_member": ["import os\ngetattr(os, name)()", "import sys as s\ngetattr(s, f())"],
    "restricted_module_passed": ["import os\nhelpers = [run(os)]", "import sys\ndef f(): return sys"],
    "import_optional": [
        "try:\n    import flash_attn\nexcept ImportError:\n    flash_attn = None",
        "class GPT:\n    @classmethod\n    def from_pretrained(cls, kind):\n        import tqdm\n"
        "        return cls.from_pretrained(kind)",
        "try:\n    from tqdm import tqdm\nexcept (ImportError, OSError):\n    def tqdm(x): return x",
    ],
    "import_noted": ["import threading", "import base64", "from concurrent.futures import as_completed"],
    "module_passed": ["import torch\nrun(torch)"],
    "computed_getattr": ["import torch\ngetattr(torch, name)", "getattr(self, f'layer{i}')"],
    "builtin_passed": ["f = getattr", "map(getattr, xs, names)"],
    "builtin_shadowed": ["def eval(model): ...\neval(model)"],
    "namespace_access": ["globals()['x'] = 1", "vars()['x']"],
    "dunder_in_text": ["name = '__globals__'"],
    "search_path": ["import sys\nsys.path.append('x')", "from sys import path\npath.insert(0, 'x')"],
    "environment_written": [
        "import os\nos.environ['X'] = '1'",
        "import os\nos.environ.setdefault('X', '1')",
        "from os import environ as e\ne['X'] = '1'",
    ],
    "suspicious_method": ["tool.popen('x')", "getattr(tool, 'system')('x')"],
    "file_read": ["open('merges.txt')", "open(path)", "from pathlib import Path\nPath(x).read_bytes()"],
    "file_write_unproven": [
        "open(path, 'w')",
        "open(path, mode)",
        "import torch\ntorch.save(x, path)",
        "path.write_text('x')",
    ],
    "decoder": ["import base64\nbase64.b64decode('eA==')", "import zlib as z\nz.decompress(b'x')"],
    "random_looking_constant": [
        f"X = '{BASE64_200}'",
        f"X = {NOISE.randbytes(200)!r}",
        f"X = '{NOISE.randbytes(100).hex()}'",
        f"X = {list(range(200))}",
    ],
    "chr_chain": [
        "x = chr(111) + chr(115) + chr(46) + chr(112)",
        "x = ''.join(map(chr, [111, 115, 46, 112]))",
        "x = bytes([111, 115, 46, 112]).decode()",
    ],
    "escaped_text": ["x = '" + "".join(f"\\x{n:02x}" for n in b"import subprocess") + "'"],
    "nested_lambdas": ["f = lambda a: lambda b: lambda c: lambda d: a"],
    "long_line": ["x = [" + "a + b, " * 100 + "]"],
    "unreadable_names": ["_0x1a = _0x2b = _0x3c = 1\nIlIlI = O0O0O = 2"],
}  # fmt: skip

NEIGHBOURS = {
    "opaque_constant": [f"def f():\n    '''{PROSE * 4}'''", f"X = [{NAMES}]", f"X = {list(range(300))}"],
    "opaque_constants": ["\n".join(f"P{n} = '{PROSE[:500]}'" for n in range(20))],
    "computed_member": ["import os\ngetattr(os, 'cpu_count')()", "import torch\ngetattr(torch, name)"],
    "restricted_module_passed": ["import os\nhasattr(os, 'sched_getaffinity')", "import os\nx = os.sep"],
    "import_optional": ["try:\n    import torch\nexcept ImportError:\n    raise"],
    "import_noted": ["import math, random, time, warnings"],
    "module_passed": ["import torch\nhasattr(torch, 'compile')", "import torch\nt = torch.float32"],
    "computed_getattr": ["getattr(ctx, 'rank', 0)", "import torch\ngetattr(torch, 'float32')"],
    "builtin_passed": ["getattr(x, 'y')", "def f(getattr): return getattr"],
    "builtin_shadowed": ["def evaluate(model): ...\nevaluate(model)", "model.eval()"],
    "namespace_access": ["locals()", "vars(args)"],
    "dunder_in_text": ["'''About __globals__.'''", "name = '__main__'"],
    "search_path": ["path = []\npath.append('x')", "import os\nos.path.join('x')"],
    "environment_written": ["import os\nos.environ['X']", "environ = {}\nenviron['X'] = 1"],
    "suspicious_method": ["self.system_prompt()", "queue.pop()"],
    "file_read": ["import io\nio.StringIO('x')", "webdata.opened()"],
    "file_write_unproven": ["def train(ctx):\n    open(ctx.artifacts_dir + '/log', 'w')"],
    "decoder": ["import base64\nbase64.b64decode(data)", "tokenizer.decode('x')"],
    "random_looking_constant": ["X = 'b' * 400", f"X = '{PROSE}'", f"X = '#' + '{'=' * 200}'"],
    "chr_chain": ["x = [chr(b) for b in range(256)]", "x = chr(10) + chr(13)"],
    "escaped_text": ["x = '\\x1b[0m'", "x = b'\\x00\\x01'"],
    "nested_lambdas": ["f = lambda a: lambda b: a + b"],
    "long_line": ["# " + "x" * 600, "x = 1"],
    "unreadable_names": ["q, k, v, x, y, B, T, C, _ = z", "l1, l2, O, I, I1 = z"],
}  # fmt: skip

SOFT = {rule.id for rule in RULES if rule.outcome < Outcome.REJECT} - {
    "opaque_data"
}  # of files that are no source


@pytest.mark.parametrize(
    ("rule_id", "number"),
    [(rule_id, n) for rule_id, sources in SUSPICIOUS.items() for n in range(len(sources))],
)
def test_a_suspicious_source_is_noted_and_not_rejected(rule_id: str, number: int) -> None:
    found = rules(SUSPICIOUS[rule_id][number])
    assert rule_id in found
    assert [other for other in found if BY_ID[other].outcome == Outcome.REJECT] == []


@pytest.mark.parametrize(
    ("rule_id", "number"),
    [(rule_id, n) for rule_id, sources in NEIGHBOURS.items() for n in range(len(sources))],
)
def test_an_honest_neighbour_is_not_noted(rule_id: str, number: int) -> None:
    assert rule_id not in rules(NEIGHBOURS[rule_id][number])


def test_every_softer_rule_has_sources_and_neighbours() -> None:
    assert SUSPICIOUS.keys() == NEIGHBOURS.keys() == SOFT
