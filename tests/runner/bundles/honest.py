# ruff: noqa: E501  # sources as a miner writes them
"""Bundles that are unusual and sound: name -> (architecture.py, training.py or none for the reference loop)."""

from tests.runner.harness import COUNTING_TRAINER, TABLE_MODEL

SHELL = """
import math
import torch
import torch.nn.functional as F
from torch import nn

W = 16


class Model(nn.Module):
    def __init__(self, vocabulary):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, W)
        self.body = Body()
        self.head = nn.Linear(W, vocabulary)

    def forward(self, tokens):
        return self.head(self.body(self.embed(tokens)))


def build_model(ctx):
    return Model(ctx.vocab_size)


"""


def body(forward: str, init: str = "", more: str = "") -> str:
    """A model whose `body` maps (B, T, W) to the same shape."""
    lines = "\n".join(f"        {line}" for line in init.splitlines())
    code = "\n".join(f"        {line}" for line in forward.splitlines())
    return (
        f"{SHELL}{more}\n\nclass Body(nn.Module):\n    def __init__(self):\n        super().__init__()\n{lines}\n"
        f"    def forward(self, x):\n{code}\n"
    )


BODIES = {
    "attention of the library": body("return x + F.scaled_dot_product_attention(x, x, x, is_causal=True)"),
    "attention by hand": body(
        "T = x.shape[1]\nscores = x @ x.mT / 4\nmask = torch.ones(T, T, dtype=torch.bool).triu(1)\n"
        "return x + scores.masked_fill(mask, float('-inf')).softmax(-1) @ x"
    ),
    "attention in a sliding window": body(
        "T = x.shape[1]\nd = torch.arange(T)[:, None] - torch.arange(T)\n"
        "return x + F.scaled_dot_product_attention(x, x, x, attn_mask=(d >= 0) & (d < 8))"
    ),
    "attention with a linear bias": body(
        "T = x.shape[1]\nd = (torch.arange(T)[:, None] - torch.arange(T)).float()\n"
        "bias = torch.where(d >= 0, -0.1 * d, float('-inf'))\n"
        "return x + F.scaled_dot_product_attention(x, x, x, attn_mask=bias)"
    ),
    "padding to multiples of 64": body(
        "T = x.shape[1]\ny = F.pad(x, (0, 0, 0, -T % 64))\n"
        "return x + F.scaled_dot_product_attention(y, y, y, is_causal=True)[:, :T]"
    ),
    "attention in chunks": body(
        "T = x.shape[1]\ny = F.pad(x, (0, 0, 0, -T % 16)).unflatten(1, (-1, 16))\n"
        "y = F.scaled_dot_product_attention(y, y, y, is_causal=True).flatten(1, 2)\nreturn x + y[:, :T]"
    ),
    "gated recurrent unit": body("return self.rnn(x)[0]", "self.rnn = nn.GRU(W, W, batch_first=True)"),
    "long short-term memory": body("return self.rnn(x)[0]", "self.rnn = nn.LSTM(W, W, 2, batch_first=True)"),
    "Elman network": body("return self.rnn(x)[0]", "self.rnn = nn.RNN(W, W, batch_first=True)"),
    "recurrence by hand": body(
        "h, out = torch.zeros_like(x[:, 0]), []\nfor t in range(x.shape[1]):\n"
        "    h = self.cell(x[:, t], h)\n    out.append(h)\nreturn torch.stack(out, 1)",
        "self.cell = nn.GRUCell(W, W)",
    ),
    "causal convolution": body(
        "return x + self.conv(F.pad(x.mT, (4, 0))).mT", "self.conv = nn.Conv1d(W, W, 5)"
    ),
    "dilated convolution": body(
        "y = x.mT\nfor i, conv in enumerate(self.convs):\n"
        "    y = y + conv(F.pad(y, (2 ** (i + 1), 0))).relu()\nreturn y.mT",
        "self.convs = nn.ModuleList(nn.Conv1d(W, W, 3, dilation=2 ** i) for i in range(3))",
    ),
    "depthwise convolution": body(
        "return x + self.conv(x.mT)[..., : x.shape[1]].mT",
        "self.conv = nn.Conv1d(W, W, 4, padding=3, groups=W)",
    ),
    "long convolution by Fourier transform": body(
        "T = x.shape[1]\nkernel = self.decay.exp().neg() * torch.arange(T)[:, None]\n"
        "f = torch.fft.rfft(x, 2 * T, dim=1) * torch.fft.rfft(kernel.exp(), 2 * T, dim=0)\n"
        "return x + 0.1 * torch.fft.irfft(f, 2 * T, dim=1)[:, :T]",
        "self.decay = nn.Parameter(torch.rand(W))",
    ),
    "scan by cumulative sums": body(
        "t = torch.arange(x.shape[1])[:, None] * 0.01\nreturn x + (x * t.exp()).cumsum(1) * (-t).exp() / 8"
    ),
    "selective scan by cumulative products": body(
        "a = self.gate(x).sigmoid() * 0.2 + 0.8\np = a.cumprod(1).clamp_min(1e-12)\n"
        "return x + p * (x * (1 - a) / p).cumsum(1)",
        "self.gate = nn.Linear(W, W)",
    ),
    "scan in the logarithm with a global maximum": body(
        "y = self.up(x)\nm = y.amax(dim=1, keepdim=True)\nreturn x + (y - m).exp().cumsum(1).log() + m",
        "self.up = nn.Linear(W, W)",
    ),
    "linear attention": body(
        "k = F.elu(x) + 1\nkv = torch.einsum('btd,bte->btde', k, x).cumsum(1)\n"
        "n = torch.einsum('btd,btd->bt', k, k.cumsum(1))\n"
        "return x + torch.einsum('btd,btde->bte', k, kv) / n[..., None]"
    ),
    "linear attention with a global maximum": body(
        "k = (x - x.amax(dim=(1, 2), keepdim=True)).exp()\nkv = torch.einsum('btd,bte->btde', k, x).cumsum(1)\n"
        "n = (k * k.cumsum(1)).sum(-1, keepdim=True)\nreturn x + torch.einsum('btd,btde->bte', k, kv) / n"
    ),
    "retention": body(
        "T = x.shape[1]\nd = (torch.arange(T)[:, None] - torch.arange(T)).float()\n"
        "return x + (x @ x.mT * torch.where(d >= 0, 0.9 ** d, 0.0)) @ x"
    ),
    "experts chosen by tokens": body(
        "p = self.route(x).softmax(-1)\nweight, chosen = p.topk(2, -1)\nout = torch.zeros_like(x)\n"
        "for n, expert in enumerate(self.experts):\n    w = (weight * (chosen == n)).sum(-1)\n"
        "    rows = w > 0\n    out[rows] = out[rows] + expert(x[rows]) * w[rows][:, None]\nreturn x + out",
        "self.route = nn.Linear(W, 4)\nself.experts = nn.ModuleList(nn.Linear(W, W) for _ in range(4))",
    ),
    "dropout": body("return F.dropout(x, 0.2, self.training)"),
    "dropout that evaluation does not end": body("return F.dropout(x, 0.05, True)"),
    "noise from numpy": body(
        "import numpy\nreturn x + 0.01 * torch.from_numpy(numpy.random.randn(W)).to(x.dtype)"
    ),
    "running statistics": body("return self.norm(x.mT).mT", "self.norm = nn.BatchNorm1d(W)"),
    "group norm of each position": body(
        "return self.norm(x.flatten(0, 1)).view_as(x)", "self.norm = nn.GroupNorm(4, W)"
    ),
    "scaled layers": body(
        "return x + self.scale * self.mix(x)",
        "self.mix = nn.Linear(W, W)\nself.scale = nn.Parameter(torch.full((W,), 1e-4))",
    ),
    "parametrised weights": body(
        "return x + self.mix(x)", "self.mix = nn.utils.parametrizations.weight_norm(nn.Linear(W, W))"
    ),
    "spectral norm": body(
        "return x + self.mix(x)", "self.mix = nn.utils.parametrizations.spectral_norm(nn.Linear(W, W))"
    ),
    "rotation by complex numbers": body(
        "z = torch.view_as_complex(x.unflatten(-1, (-1, 2)).contiguous())\n"
        "t = torch.arange(x.shape[1])[:, None] * self.speed\n"
        "y = torch.view_as_real(z * torch.polar(torch.ones_like(t), t)).flatten(-2)\n"
        "return x + F.scaled_dot_product_attention(y, y, x, is_causal=True)",
        "self.register_buffer('speed', 0.5 ** torch.arange(8.0))",
    ),
    "weights of complex numbers": body(
        "return x + (x.to(torch.complex64) @ self.mix).real",
        "self.mix = nn.Parameter(torch.randn(W, W, dtype=torch.complex64) / 8)",
    ),
    "a mapped function": body(
        "return torch.func.vmap(lambda row: row + self.mix(row))(x)", "self.mix = nn.Linear(W, W)"
    ),
    "gradients inside the forward": body(
        "with torch.enable_grad():\n    y = x.detach().requires_grad_()\n"
        "    (g,) = torch.autograd.grad(self.mix(y).square().sum(), y)\nreturn x - 0.1 * g",
        "self.mix = nn.Linear(W, W)",
    ),
    "a script": body(
        "return x + self.mix(x)", "self.mix = torch.jit.script(nn.Sequential(nn.Linear(W, W), nn.Tanh()))"
    ),
    "double precision": body("return self.mix(x.double()).float()", "self.mix = nn.Linear(W, W).double()"),
    "half precision inside": body(
        "return self.mix(x.bfloat16()).float()", "self.mix = nn.Linear(W, W).bfloat16()"
    ),
    "hashed pairs": body("return x", "")
    .replace(
        "self.head(self.body(self.embed(tokens)))",
        "self.head(self.body(self.embed(tokens) + self.pairs((tokens * 31 + F.pad(tokens, (1, 0))[:, :-1]) % 999)))",
    )
    .replace("self.body = Body()", "self.body = Body()\n        self.pairs = nn.Embedding(999, W)"),
    "one table for both ends": body("return x").replace(
        "self.head = nn.Linear(W, vocabulary)",
        "self.head = nn.Linear(W, vocabulary)\n        self.head.weight = self.embed.weight",
    ),
    "logits far from zero": body("return x").replace(
        "return self.head(self.body(self.embed(tokens)))",
        "return self.head(self.body(self.embed(tokens))) - 20000.0",
    ),
    "sharp logits at first": body("return x").replace(
        "return self.head(self.body(self.embed(tokens)))",
        "return 300 * self.head(self.body(self.embed(tokens)))",
    ),
    "an object with logits": body("return x").replace(
        "return self.head(self.body(self.embed(tokens)))",
        "from types import SimpleNamespace\n        return SimpleNamespace(logits=self.head(self.body(self.embed(tokens))))",
    ),
    "a tuple": body("return x").replace(
        "return self.head(self.body(self.embed(tokens)))",
        "return self.head(self.body(self.embed(tokens))), None",
    ),
    "an inference hook": body("return x")
    + "\ndef infer(model, batch, ctx):\n    return model(batch.tokens)\n",
    "a mask that is stored": body(
        "T = x.shape[1]\nreturn x + (x @ x.mT).masked_fill(~self.mask[:T, :T], -1e9).softmax(-1) @ x",
        "self.register_buffer('mask', torch.ones(64, 64, dtype=torch.bool).tril())",
    ),
    "a table that grows with use": body(
        "if self.angles is None or len(self.angles) < x.shape[1]:\n"
        "    self.angles = torch.arange(x.shape[1]).float().sin()\nreturn x + 0.1 * self.angles[: x.shape[1], None]",
        "self.angles = None",
    ),
}

EMA_TRAINER = """
import copy
import torch
import torch.nn.functional as F
def train(ctx):
    model = ctx.build_model()
    average, optimizer = copy.deepcopy(model), torch.optim.AdamW(model.parameters(), 3e-3)
    for batch in ctx.iter_train_batches(average, batch_size=4, seq_len=65):
        for half in batch.tokens.split(2):
            loss = F.cross_entropy(model(half[:, :-1]).flatten(0, 1), half[:, 1:].flatten()) / 2
            loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        with torch.no_grad():
            for one, other in zip(average.parameters(), model.parameters()):
                one.lerp_(other, 0.2)
"""

TRAINED = {
    "a table of counts": (TABLE_MODEL, COUNTING_TRAINER),
    "counts in a buffer": (
        TABLE_MODEL.replace(
            "self.table = nn.Parameter(torch.zeros(vocabulary, vocabulary))",
            "self.register_buffer('table', torch.zeros(vocabulary, vocabulary))\n"
            "        self.scale = nn.Parameter(torch.ones(1))",
        ),
        COUNTING_TRAINER,
    ),
    "a moving average of weights": (BODIES["gated recurrent unit"], EMA_TRAINER),
    "several passes over each chunk": (
        BODIES["causal convolution"],
        EMA_TRAINER.replace(
            "for half in batch.tokens.split(2):", "for half in batch.tokens.repeat(2, 1).split(2):"
        ),
    ),
}


def all_honest() -> dict[str, tuple[str, str | None]]:
    """Name -> (architecture.py, training.py or none)."""
    return {name: (architecture, None) for name, architecture in BODIES.items()} | TRAINED
