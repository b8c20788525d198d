"""The baseline: a small pre-norm transformer with rotary positions and a tied output head. Pinned.

Vaswani et al. 2017, with RMSNorm before each part (Xiong et al. 2020; Zhang and Sennrich 2019) and rotary
positions (Su et al. 2021). It is as large as its text warrants and its caps allow.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# From so many bytes of text on: layers, width. Heads are 32 wide.
SIZES = ((0, 3, 128), (64_000_000, 6, 256), (1_000_000_000, 8, 512), (10_000_000_000, 12, 768))
HEAD_WIDTH = 32
STD = 0.02


class Attention(nn.Module):
    cos: Tensor
    sin: Tensor

    def __init__(self, width: int, positions: int) -> None:
        super().__init__()
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        half = HEAD_WIDTH // 2
        angles = torch.outer(torch.arange(positions), 10_000 ** (-torch.arange(half) / half))
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)

    def rotate(self, x: Tensor) -> Tensor:
        a, b = x.chunk(2, dim=-1)
        cos, sin = self.cos[: x.shape[-2]], self.sin[: x.shape[-2]]
        return torch.cat([a * cos - b * sin, a * sin + b * cos], dim=-1)

    def forward(self, x: Tensor) -> Tensor:
        batch, time, width = x.shape
        split = self.qkv(x).view(batch, time, 3, width // HEAD_WIDTH, HEAD_WIDTH)
        q, k, v = split.permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(self.rotate(q), self.rotate(k), v, is_causal=True)
        mixed: Tensor = self.out(y.transpose(1, 2).reshape(batch, time, width))
        return mixed


class Block(nn.Module):
    def __init__(self, width: int, positions: int) -> None:
        super().__init__()
        self.attention = Attention(width, positions)
        self.up = nn.Linear(width, 4 * width, bias=False)
        self.down = nn.Linear(4 * width, width, bias=False)
        self.before_attention = nn.RMSNorm(width)
        self.before_mlp = nn.RMSNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.before_attention(x))
        mixed: Tensor = self.down(F.gelu(self.up(self.before_mlp(x))))
        return x + mixed


class Transformer(nn.Module):
    def __init__(self, vocabulary: int, positions: int, layers: int, width: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(vocabulary, width)
        blocks = [Block(width, positions) for _ in range(layers)]
        self.blocks = nn.ModuleList(blocks)
        self.norm = nn.RMSNorm(width)
        nn.init.normal_(self.embed.weight, std=STD)
        for block in blocks:  # what is added by many layers is begun smaller (Radford et al. 2019)
            for added in (block.attention.out, block.down):
                nn.init.normal_(added.weight, std=STD / (2 * layers) ** 0.5)

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.embed(tokens)
        for block in self.blocks:
            x = block(x)
        return F.linear(self.norm(x), self.embed.weight)


def size_of(ctx: Any) -> tuple[int, int]:
    """(layers, width): what the text warrants, or else the largest that the caps allow."""
    fitting = [
        (layers, width)
        for least_bytes, layers, width in SIZES
        if ctx.byte_budget >= least_bytes
        and layers <= ctx.max_layers
        and ctx.vocab_size * width + layers * (12 * width * width + 2 * width) + width <= ctx.max_parameters
    ]
    return fitting[-1] if fitting else (SIZES[0][1], SIZES[0][2])


def build_model(ctx: Any) -> nn.Module:
    layers, width = size_of(ctx)
    return Transformer(ctx.vocab_size, ctx.sequence_length, layers, width)
