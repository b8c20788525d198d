"""Time mixing with a decayed key-value memory, in the manner of linear attention."""

import torch
from torch import nn


def shifted(x):
    return nn.functional.pad(x, (0, 0, 1, -1))


class TimeMix(nn.Module):
    def __init__(self, n_embd, layer_id, n_layer):
        super().__init__()
        ratio = layer_id / max(1, n_layer - 1)
        ramp = torch.linspace(0, 1, n_embd)
        self.time_decay = nn.Parameter(-5 + 8 * ramp ** (0.7 + 1.3 * ratio))
        self.time_first = nn.Parameter(torch.full((n_embd,), -1.2))
        self.mix_k = nn.Parameter(ramp.pow(1 - ratio))
        self.mix_v = nn.Parameter(ramp.pow(1 - ratio) + 0.3 * ratio)
        self.mix_r = nn.Parameter(ramp.pow(0.5 * (1 - ratio)))
        self.key = nn.Linear(n_embd, n_embd, bias=False)
        self.value = nn.Linear(n_embd, n_embd, bias=False)
        self.receptance = nn.Linear(n_embd, n_embd, bias=False)
        self.output = nn.Linear(n_embd, n_embd, bias=False)

    def forward(self, x):
        before = shifted(x)
        k = self.key(torch.lerp(before, x, self.mix_k))
        v = self.value(torch.lerp(before, x, self.mix_v))
        r = torch.sigmoid(self.receptance(torch.lerp(before, x, self.mix_r)))
        return self.output(r * self.wkv(k, v))

    def wkv(self, k, v):
        decay = -self.time_decay.exp()
        num = den = torch.zeros_like(k[:, 0])
        top = torch.full_like(num, -1e30)
        seen = []
        for kt, vt in zip(k.unbind(1), v.unbind(1)):
            peak = torch.maximum(top, self.time_first + kt)
            old, new = (top - peak).exp(), (self.time_first + kt - peak).exp()
            seen.append((old * num + new * vt) / (old * den + new))
            peak = torch.maximum(top + decay, kt)
            old, new = (top + decay - peak).exp(), (kt - peak).exp()
            num, den, top = old * num + new * vt, old * den + new, peak
        return torch.stack(seen, 1)


class ChannelMix(nn.Module):
    def __init__(self, n_embd):
        super().__init__()
        self.mix = nn.Parameter(torch.rand(n_embd))
        self.gate = nn.Linear(n_embd, n_embd, bias=False)
        self.wide = nn.Linear(n_embd, 4 * n_embd, bias=False)
        self.narrow = nn.Linear(4 * n_embd, n_embd, bias=False)

    def forward(self, x):
        mixed = torch.lerp(shifted(x), x, self.mix)
        hidden = torch.relu(self.wide(mixed)) ** 2
        return torch.sigmoid(self.gate(mixed)) * self.narrow(hidden)


class Recurrence(nn.Module):
    def __init__(self, vocab, n_embd=128, n_layer=3):
        super().__init__()
        self.emb = nn.Embedding(vocab, n_embd)
        nn.init.uniform_(self.emb.weight, -1e-3, 1e-3)
        self.ln_in = nn.LayerNorm(n_embd)
        self.blocks = nn.ModuleList()
        for i in range(n_layer):
            self.blocks.append(
                nn.ModuleDict(
                    dict(
                        ln1=nn.LayerNorm(n_embd),
                        att=TimeMix(n_embd, i, n_layer),
                        ln2=nn.LayerNorm(n_embd),
                        ffn=ChannelMix(n_embd),
                    )
                )
            )
        self.ln_out = nn.LayerNorm(n_embd)
        self.head = nn.Linear(n_embd, vocab, bias=False)

    def forward(self, idx):
        x = self.ln_in(self.emb(idx))
        for b in self.blocks:
            x = x + b["att"](b["ln1"](x))
            x = x + b["ffn"](b["ln2"](x))
        return self.head(self.ln_out(x))


def build_model(ctx):
    return Recurrence(ctx.vocab_size)
