"""What training code uses of torch works behind the walls, bit for bit; what cannot work says why."""

import re
import textwrap

import pytest

from tests.runner.harness import COUNTING_TRAINER, TABLE_MODEL, execute, make_job

WORKS = {
    "scaled dot-product attention": """
        query, key, value = (torch.randn(2, 4, 64, 32) for _ in range(3))
        F.scaled_dot_product_attention(query, key, value, is_causal=True)
    """,
    "autocast": """
        with torch.autocast('cpu', dtype=torch.bfloat16):
            nn.Linear(64, 64)(torch.randn(8, 64))
    """,
    "convolution": "nn.Conv2d(3, 8, 3)(torch.randn(1, 3, 32, 32)).sum().backward()",
    "convolution in one dimension": "nn.Conv1d(8, 8, 3, padding=2)(torch.randn(2, 8, 64))",
    "recurrent network": "nn.GRU(16, 16, batch_first=True)(torch.randn(2, 8, 16))",
    "Fourier transform": "torch.fft.rfft(torch.randn(4, 256)).abs().sum()",
    "singular values": "torch.linalg.svd(torch.randn(64, 64))",
    "fused AdamW": """
        layer = nn.Linear(64, 64)
        optimizer = torch.optim.AdamW(layer.parameters(), fused=True)
        layer(torch.randn(8, 64)).sum().backward()
        optimizer.step()
    """,
    "save and load": """
        torch.save({'x': torch.ones(9)}, ctx.checkpoint_dir + '/x.pt')
        assert torch.load(ctx.checkpoint_dir + '/x.pt', mmap=True)['x'].sum() == 9
    """,
    "replacing a checkpoint": """
        import os
        for _ in range(2):
            torch.save(torch.ones(9), 'new.pt')
            os.replace('new.pt', 'last.pt')
    """,
    "array on disk": """
        import numpy
        numpy.memmap(ctx.artifacts_dir + '/a', dtype='f4', mode='w+', shape=(99,))[:] = 1
    """,
    "profiler": """
        from torch.profiler import profile, ProfilerActivity
        with profile(activities=[ProfilerActivity.CPU]) as p:
            torch.randn(64, 64) @ torch.randn(64, 64)
        assert p.key_averages()
    """,
    "script": "assert torch.jit.script(nn.Linear(4, 4))(torch.ones(1, 4)).shape == (1, 4)",
    "eager compilation": "torch.compile(nn.Linear(4, 4), backend='eager')(torch.ones(1, 4))",
    "compilation of gradients": """
        torch.compile(nn.Linear(4, 4), backend='aot_eager')(torch.ones(1, 4)).sum().backward()
    """,
    "data loader": "assert len(list(torch.utils.data.DataLoader(range(9), batch_size=3))) == 3",
    "threads": """
        from concurrent.futures import ThreadPoolExecutor
        assert sum(ThreadPoolExecutor(4).map(int, '1234')) == 10
    """,
    "number of threads": """
        torch.set_num_threads(3)
        torch.randn(512, 512) @ torch.randn(512, 512)
    """,
    "checkpointing": """
        from torch.utils.checkpoint import checkpoint
        inputs = torch.ones(1, 4, requires_grad=True)
        checkpoint(nn.Linear(4, 4), inputs, use_reentrant=False).sum().backward()
    """,
    "temporary file": """
        import tempfile
        tempfile.TemporaryFile().write(b'x')
    """,
    "alarm": """
        import signal
        signal.signal(signal.SIGALRM, print)
        signal.alarm(1)
        signal.alarm(0)
    """,
    "time zone": """
        import time, datetime
        time.localtime()
        datetime.datetime.now().astimezone()
    """,
    "random bytes": """
        import os, secrets
        os.urandom(9)
        secrets.token_hex()
    """,
}
HEAD = "import torch\nfrom torch import nn\nimport torch.nn.functional as F\n\n\ndef train(ctx):\n    "


def run(tmp_path, training, **changes):
    files = {"architecture.py": TABLE_MODEL, "training.py": training}
    return execute(make_job(tmp_path, files, **{"sandbox": "required", **changes}))


LOOP = """
def train(ctx):
    import traceback
    for name, case in CASES.items():
        try:
            case(ctx)
        except BaseException:
            print('BROKEN', name, traceback.format_exc(limit=-2), flush=True)
    print('CASES RAN', flush=True)
"""


def test_everything_that_training_uses_works(tmp_path):
    source = HEAD.partition("def train")[0] + "CASES = {}\n"
    for number, (name, body) in enumerate(WORKS.items()):
        source += f"def case_{number}(ctx):\n" + textwrap.indent(textwrap.dedent(body), "    ")
        source += f"\n\n\nCASES[{name!r}] = case_{number}\n"
    outcome = run(tmp_path, source + LOOP)
    assert "CASES RAN" in outcome.log, outcome.manifest.traceback + outcome.log
    assert "BROKEN" not in outcome.log, outcome.log


@pytest.mark.long
@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("list(torch.utils.data.DataLoader(range(9), num_workers=2))", "PermissionError"),
        ("torch.ones(3).share_memory_()", "ermission|perm"),
        ("import subprocess\n    subprocess.run(['/bin/true'])", "PermissionError"),
        ("import os\n    os.fork()", "PermissionError"),
        ("import urllib.request\n    urllib.request.urlopen('http://127.0.0.1:9')", "not permitted"),
        ("open('/etc/passwd')", "PermissionError"),
    ],
)
def test_what_cannot_work_fails_with_the_reason(tmp_path, body, says):
    outcome = run(tmp_path, HEAD + body + "\n")
    assert (outcome.manifest.verdict, outcome.manifest.code) == ("failed", "learner_error")
    assert re.search(says, outcome.manifest.traceback), outcome.manifest.traceback


def test_the_score_is_the_same_bit_for_bit_behind_the_walls(tmp_path):
    walled = run(tmp_path / "walled", COUNTING_TRAINER)
    plain = run(tmp_path / "plain", COUNTING_TRAINER, sandbox="off")
    assert walled.score["bits"] == plain.score["bits"]


@pytest.mark.long
def test_the_manifest_carries_what_each_child_attested(tmp_path):
    walled = run(tmp_path / "walled", COUNTING_TRAINER).manifest
    assert walled.run["sandbox"] == "required"
    for role in ("learner", "predictor"):
        attested = walled.integrity["sandbox"][role]
        assert {"landlock", "seccomp", "no_new_privs"} <= set(attested["layers"])
        assert attested["abi"] >= 3
        assert len(attested["checks"]) > 20
        assert all(attested["checks"].values())
    plain = run(tmp_path / "plain", COUNTING_TRAINER, sandbox="off").manifest
    assert plain.run["sandbox"] == "off"
    assert plain.integrity["sandbox"]["learner"]["layers"] == []
