"""Each rule that rejects: attacks that break it, and honest neighbours that do not."""

import pytest

from reviews.ladder import Outcome
from reviews.static_checks.rules import BY_ID, RULES
from tests.static.finding import rules

ATTACKS = {
    "starts_processes": [
        "import subprocess",
        "import subprocess as s\ns.run(['id'])",
        "from os import system as s\ns('id')",
        "import os\nos.system('id')",
        "import os as harmless\nharmless.popen('id')",
        "import os\nf = os.execv\nf('/bin/sh', [])",
        "import os\ngetattr(os, 'sys' + 'tem')('id')",
        "import os\nname = 'metsys'[::-1]\ngetattr(os, name)('id')",
        "import os\ngetattr(os, ''.join(['po', 'pen']))('id')",
        "import os\ngetattr(os, chr(115) + 'ystem')('id')",
        "import os\nmatch os:\n    case object(system=run): run('id')",
        "import os\nfor module in (os,):\n    module.system('id')",
        "import os\n(a, b) = (1, os)\nb.system('id')",
        "import os\ndef f(m=os): m.fork()",
        "import os\n[os][0].kill(1, 9)",
        "import os\n(x := os).abort()",
        "import os\nclass A:\n    run = os.system",
        "import torch.multiprocessing as mp",
        "from torch import multiprocessing",
        "from torch.distributed.elastic import agent",
        "import multiprocessing",
        "import signal",
        "import asyncio",
        "from concurrent.futures import ProcessPoolExecutor",
        "if True:\n    import pty",
        "try:\n    import subprocess\nexcept ImportError:\n    subprocess = None",
        "def unused():\n    import subprocess",
        "TYPE_CHECKING = True\nif TYPE_CHECKING:\n    import subprocess",
        "from typing import TYPE_CHECKING\nTYPE_CHECKING = 1\nif TYPE_CHECKING:\n    import subprocess",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    pass\nelse:\n    import subprocess",
    ],
    "uses_network": [
        "import socket",
        "import urllib.request",
        "from http.client import HTTPConnection",
        "import requests",
        "import logging.handlers",
        "import numpy as np\nnp.DataSource().open('http://x')",
    ],
    "pretrained_weights": [
        "import torch\ntorch.hub.load('a/b', 'c')",
        "from torch.hub import load_state_dict_from_url",
        "import torch.utils.model_zoo as zoo",
        "from transformers import AutoModel",
        "def build_model(ctx):\n    from transformers import AutoModel",
        "import torchvision.models",
    ],
    "reaches_files": [
        "import shutil",
        "import tempfile",
        "import os\nos.chmod('x', 511)",
        "import os\nos.symlink('/', 'x')",
        "import mmap",
        "import torch\ntorch.from_file('/etc/passwd')",
        "from glob import glob",
    ],
    "reads_outside_bundle": [
        "open('/etc/passwd')",
        "open('/proc/' + 'self/maps').read()",
        "from pathlib import Path\nPath('/etc/passwd').read_text()",
        "from pathlib import Path\nroot = Path('/')\nopen(root / 'x')\nopen('~/.ssh/id')",
        "import numpy as np\nnp.fromfile('/dev/mem')",
        "import os\np = os.path.join('/etc', name)\nopen(p)",
        "import os\nos.listdir('/home')",
        "import io\nio.open('/etc/hosts')",
        "o = open\no('/etc/passwd')",
        "p = '/etc' if x else '/usr'\nq = p\nopen(q)",
    ],
    "writes_outside_artifacts": [
        "open('notes.txt', 'w')",
        "open('/tmp/x', mode='ab')",
        "import torch\ntorch.save({}, 'weights.pt')",
        "from pathlib import Path\nPath('x').write_text('y')",
        "from pathlib import Path\nfolder = Path('out')\n(folder / 'x').write_bytes(b'')",
        "import os\ndef train(ctx):\n    open(os.path.join(ctx.artifacts_dir, '..', 'x'), 'w')",
        "import os\ndef train(ctx):\n    open(os.path.join(ctx.artifacts_dir, '/tmp/x'), 'w')",
        "def train(ctx):\n    open(f'{ctx.artifacts_dir}/../x', 'w')",
        "import numpy as np\nnp.save('x.npy', a)",
        "import os\nos.remove('/etc/passwd')",
        "import logging\nlogging.basicConfig(filename='run.log')",
    ],
    "deserialises": [
        "import pickle",
        "import _pickle as p",
        "import marshal, shelve",
        "import torch\ntorch.load('x')",
        "import torch as t\nt.load(path, weights_only=False)",
        "from torch import load as l\nl(f)",
        "from torch import *\nload(f)",
        "import torch\ntorch.load('x', weights_only=True)",
        "import numpy as np\nnp.load(f, allow_pickle=True)",
        "import numpy as np\nnp.load(f, allow_pickle=flag)",
        "import torch\ntorch.jit.load(f)",
        "import torch.package",
        "import torch\ntorch.serialization.add_safe_globals([x])",
        "import joblib",
        "load = None\nimport torch\ngetattr(torch, f'lo{\"ad\"}')(x)",
        "def f():\n    import torch\n    return torch.load",
        "import re\nre._pickle.loads(x)",
    ],
    "native_code": [
        "import ctypes",
        "import cffi",
        "from torch.utils.cpp_extension import load_inline",
        "import torch.utils\ntorch.utils.cpp_extension.load_inline()",
        "import torch\ntorch.ops.load_library('x.so')",
        "import torch\ntorch.classes.load_library('x.so')",
        "import numpy as np\nnp.ctypeslib.load_library('x', '.')",
    ],
    "dynamic_code": [
        "exec('x')",
        "e = eval\ne('1')",
        "@exec\n@str\nclass A: ...",
        "compile('x', 'y', 'exec')",
        "if False:\n    eval = None\neval('1')",
        "eval('1')\neval = None",
        "def eval(x): ...\ndel eval\neval('1')",
        "class A:\n    if 0: exec = 1\n    exec('x')",
        "import builtins\nbuiltins.exec('x')",
        "globals()['exec']('x')",
        "breakpoint()",
        "import types\ntypes.CodeType(0)",
        "import typing\ntyping.get_type_hints(f)",
        "import torch.utils.benchmark",
        "x: int = eval('1')",
        "def f(x: exec('y')): ...",
        "def f(x=exec('y')): ...",
        "exec: int\nexec('x')",
    ],
    "dynamic_import": [
        "__import__('os')",
        "import importlib",
        "from importlib import import_module",
        "i = __import__",
        "getattr(x, '__import__')('os')\n__import__",
    ],
    "import_hook": [
        "import sys\nsys.meta_path.append(x)",
        "import sys\nsys.modules['torch'] = x",
        "from sys import modules",
        "import sys\nsys.path_hooks.insert(0, x)",
        "import pkgutil",
        "import site",
        "spec.loader.exec_module(m)",
    ],
    "dunder_walk": [
        "().__class__.__base__.__subclasses__()",
        "f.__globals__['x']",
        "__builtins__",
        "getattr(f, '__glo' + 'bals__')",
        "getattr(f, '__GLOBALS__'.lower())",
        "type(x).__mro__",
        "int.mro()",
        "class A:\n    def __reduce__(self): ...",
        "f.__code__ = g.__code__",
        "setattr(f, '__code__', g)",
        "x['__builtins__']",
        "import operator\noperator.attrgetter('__class__.__subclasses__')(x)",
        "match x:\n    case object(__globals__=g): ...",
        "print.__self__",
        "f.__closure__[0]",
        "'{0.__class__.__init__.__globals__[x]}'.format(f)",
    ],
    "frame_access": [
        "import sys\nsys._getframe()",
        "from sys import _getframe",
        "import inspect\ninspect.stack()",
        "import inspect as i\ni.currentframe().f_back",
        "import gc\ngc.get_objects()",
        "from gc import get_referrers",
        "def f(e): e.__traceback__.tb_frame",
        "(x for x in y).gi_frame",
        "import traceback\ntraceback.walk_stack(None)",
        "import sys\nsys.settrace(f)",
    ],
    "module_namespace": [
        "import torch\ntorch.__dict__['load']",
        "import torch\nvars(torch)['load']",
        "import os\nos.__getattribute__('system')",
        "import torch.nn as nn\nnn.__dict__",
    ],
    "module_reached": [
        "import torch\ntorch.os.system('id')",
        "import logging\nlogging.sys",
        "from random import _os",
        "import dataclasses as d\nd.sys.modules",
        "import json\njson.codecs.builtins",
        "import torch.nn.functional as F\nF.torch.load(x)",
        "import os.path as p\np.os.system('id')",
        "from torch import sys as s",
    ],
    "monkey_patch": [
        "import torch\ntorch.nn.functional.cross_entropy = f",
        "import torch.nn.functional as F\nF.relu = f",
        "from torch import nn\nnn.Linear.forward = f",
        "import torch\nsetattr(torch, 'manual_seed', f)",
        "import torch\nsetattr(torch, name, f)",
        "import torch\ndel torch.save",
        "import math\nmath.log += 1",
        "import torch\nfor torch.seed in x: ...",
        "import numpy as np\nnp.random.seed = f",
        "import random\nwith x as random.seed: ...",
        "t = __name__\nimport torch\nt = torch\nt.tensor = f",
    ],
    "torch_escape": [
        "import torch\ntorch._C._jit_pass",
        "from torch._C import x",
        "import torch._inductor.compile_fx",
        "import torch\ntorch.testing._internal",
    ],
    "import_not_allowed": [
        "import scipy",
        "from sklearn.linear_model import Ridge",
        "import prism_challenge.evaluator.secrets",
        "import evaluations",
        "import prism_site.config",
        "def train(ctx):\n    import tqdm",
        "def helper():\n    import tqdm\nhelper()",
    ],
    "member_not_allowed": [
        "import os\nos.getlogin()",
        "import sys\nsys.set_int_max_str_digits(0)",
        "import gc\ngc.is_tracked(x)",
        "import inspect\ninspect.getattr_static(x, 'y')",
    ],
}  # fmt: skip

NEIGHBOURS = {
    "starts_processes": [
        "import os\nos.cpu_count()",
        "def f(os): os.system('not the module')",
        "class Tool:\n    def run(self): self.system = 'linear'",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import subprocess\n"
        "def f(p: 'subprocess.Popen'): ...",
        "import typing\nif typing.TYPE_CHECKING:\n    import multiprocessing",
        "import torch\ntorch.signal.windows.hann(4)",
        "import torch.distributed as dist\ndist.init_process_group('gloo')",
    ],
    "uses_network": ["import logging\nlogging.getLogger(__name__)", "requests = []\nrequests.append(1)"],
    "pretrained_weights": ["def f(model): model.hub = 1", "class GPT:\n    def from_pretrained(self): ..."],
    "reaches_files": ["import os\nos.path.join('a', 'b')", "import torch\ntorch.select(x, 0, 1)"],
    "reads_outside_bundle": [
        "open('vocabulary.txt')",
        "import os\nopen(os.path.join(os.path.dirname(__file__), 'merges.txt'))",
        "x = '/'.join(parts)",
    ],
    "writes_outside_artifacts": [
        "import os, torch\ndef train(ctx):\n    torch.save({}, os.path.join(ctx.checkpoint_dir, 'x.pt'))",
        "def train(ctx):\n    with open(f'{ctx.artifacts_dir}/log.txt', 'w') as f: f.write('x')",
        "from pathlib import Path\ndef train(ctx):\n    out = Path(ctx.artifacts_dir)\n"
        "    (out / 'x').write_text('y')",
        "class T:\n    def __init__(self, ctx):\n        self.out = ctx.artifacts_dir + '/x'\n"
        "    def save(self): open(self.out, 'w')",
        "import io, torch\nbuffer = io.BytesIO()\ntorch.save({}, buffer)",
    ],
    "deserialises": [
        "import json\njson.loads('{}')",
        "model.load_state_dict(state)",
        "import torch\ndef load_checkpoint(ctx):\n"
        "    return torch.load(ctx.checkpoint_dir + '/x.pt', weights_only=True)",
        "import numpy as np\ndef f(p): return np.load(p, allow_pickle=False)",
        "def f(torch): torch.load(x)",
    ],
    "native_code": [
        "import torch\ntorch.ops.aten.add(x, y)",
        "import torch\n@torch.jit.script\ndef f(x): return x",
    ],
    "dynamic_code": [
        "model.eval()",
        "import torch\ntorch.compile(model)",
        "compile = True\nif compile: model = torch_compile(model)",
        "import re\nre.compile('x')",
        "from torch import compile\ncompile(model)",
        "def f(eval): eval(1)",
        "def f(x: 'Tensor') -> 'Tensor': ...",
    ],
    "dynamic_import": ["from . import layers", "import os.path"],
    "import_hook": ["import sys\nsys.stdout.flush()", "modules = {}\nmodules['x'] = 1"],
    "dunder_walk": [
        "self.__class__.__name__",
        "class A:\n    def __init__(self): super().__init__()\n"
        "    def __repr__(self): return self.__class__.__name__",
        "f.__name__, f.__doc__, f.__wrapped__",
        "'''Of f.__globals__ and __subclasses__, in prose.'''",
        "if __name__ == '__main__': ...",
    ],
    "frame_access": [
        "import inspect\ninspect.signature(f).parameters",
        "import gc\ngc.collect()",
        "import traceback\ntraceback.print_exc()",
    ],
    "module_namespace": ["self.__dict__.update(x)", "vars(args)", "vars(self)['x']"],
    "module_reached": [
        "import torch\ntorch.random.manual_seed(1)",
        "import sys\nsys.platform",
        "config.os.path",
        "import torch\ntorch.trace(x)",
    ],
    "monkey_patch": [
        "import torch\ntorch.backends.cuda.matmul.allow_tf32 = True",
        "import torch._dynamo\ntorch._dynamo.config.suppress_errors = True",
        "from torch import nn\nlayer = nn.Linear(1, 1)\nlayer.scale = 1\nsetattr(layer, 'x', 2)",
        "class A: ...\nA.forward = f",
        "import torch\nx = torch.zeros(3)\nx.requires_grad = True\nx[0] = 1",
    ],
    "torch_escape": ["import torch\ntorch._foreach_mul_(a, b)", "import torch\ntorch.ops.aten.mm"],
    "import_not_allowed": [
        "import torch, numpy, math, einops",
        "from prism_challenge.evaluator.interface import PrismContext",
        "from __future__ import annotations",
        "from . import x",
        "from .layers import Block",
    ],
    "member_not_allowed": [
        "import os\nos.environ.get('RANK', 0)",
        "import sys\nprint(1, file=sys.stderr)",
        "from pathlib import Path\nPath(__file__).parent",
    ],
}  # fmt: skip

REJECTING = {rule.id for rule in RULES if rule.outcome == Outcome.REJECT}


@pytest.mark.parametrize(
    ("rule_id", "source"), [(rule_id, source) for rule_id, sources in ATTACKS.items() for source in sources]
)
def test_an_attack_is_rejected_by_its_rule(rule_id: str, source: str) -> None:
    assert rule_id in rules(source)


@pytest.mark.parametrize(
    ("rule_id", "source"),
    [(rule_id, source) for rule_id, sources in NEIGHBOURS.items() for source in sources],
)
def test_an_honest_neighbour_is_not_rejected(rule_id: str, source: str) -> None:
    assert [found for found in rules(source) if BY_ID[found].outcome > Outcome.FLAG] == []


def test_every_rejecting_rule_has_attacks_and_neighbours() -> None:
    assert ATTACKS.keys() == NEIGHBOURS.keys() == REJECTING


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_the_documented_example_breaks_its_rule_or_is_shortened(rule: object) -> None:
    example, rule_id = rule.example, rule.id  # type: ignore[attr-defined]
    if "..." in example and "def eval" not in example:
        return
    imports = "import os, sys, torch, base64, threading\n"
    source = example.replace("try: import flash_attn\nexcept", "try:\n    import flash_attn\nexcept")
    source += "\neval(model)" if "def eval" in source else ""
    assert rule_id in rules(imports + source)
