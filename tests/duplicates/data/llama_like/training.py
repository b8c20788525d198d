"""Orthogonalised momentum for matrices, AdamW for the rest; warm-up, plateau, linear decay."""

import torch
import torch.nn.functional as F


def newton_schulz(G, steps=5, eps=1e-7):
    a, b, c = (3.4445, -4.7750, 2.0315)
    X = G / (G.norm() + eps)
    if G.size(0) > G.size(1):
        X = X.T
    for _ in range(steps):
        A = X @ X.T
        B = b * A + c * A @ A
        X = a * X + B @ X
    return X.T if G.size(0) > G.size(1) else X


class Muon(torch.optim.Optimizer):
    def __init__(self, params, lr=0.02, momentum=0.95, nesterov=True):
        super().__init__(params, dict(lr=lr, momentum=momentum, nesterov=nesterov))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                g = p.grad
                if g is None:
                    continue
                state = self.state[p]
                if "buf" not in state:
                    state["buf"] = torch.zeros_like(g)
                buf = state["buf"]
                buf.mul_(group["momentum"]).add_(g)
                g = g.add(buf, alpha=group["momentum"]) if group["nesterov"] else buf
                update = newton_schulz(g) * max(1, g.size(0) / g.size(1)) ** 0.5
                p.add_(update, alpha=-group["lr"])


def schedule(done):
    if done < 0.05:
        return done / 0.05
    if done > 0.7:
        return max(0.05, (1.0 - done) / 0.3)
    return 1.0


def train(ctx):
    net = ctx.build_model()
    matrices = [p for n, p in net.named_parameters() if p.ndim == 2 and "layers" in n]
    ids = {id(p) for p in matrices}
    others = [p for p in net.parameters() if id(p) not in ids]
    optimizers = [Muon(matrices, lr=0.02), torch.optim.AdamW(others, lr=3e-3, weight_decay=0.0)]
    initial = [[g["lr"] for g in opt.param_groups] for opt in optimizers]
    for chunk in ctx.stream(net):
        done = chunk.stream_bytes / ctx.byte_budget
        for opt, rates in zip(optimizers, initial):
            for g, rate in zip(opt.param_groups, rates):
                g["lr"] = rate * schedule(done)
        rows = chunk.tokens.unfold(0, ctx.sequence_length + 1, ctx.sequence_length)
        for piece in rows.split(4):
            out = net(piece[:, :-1])
            loss = F.cross_entropy(out.transpose(1, 2), piece[:, 1:])
            net.zero_grad()
            loss.backward()
            for opt in optimizers:
                opt.step()
