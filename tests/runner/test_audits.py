"""Models that see what they must not, and honest ones that must not be accused."""

import pytest

from evaluations.runner.job import Schedule
from tests.cases import some_always
from tests.runner.bundles.honest import SHELL
from tests.runner.harness import COUNTING_TRAINER, IDLE_TRAINER, TABLE_MODEL, TEXT, execute, make_job

SCHEDULE = Schedule(sequence_length=64, score_fraction=1.0)

LEAK = """

def peek(tokens, logits, where):
    following = torch.cat([tokens[:, 1:], tokens[:, -1:]], dim=1)
    bonus = torch.nn.functional.one_hot(following, logits.shape[-1]) * 9.0
    positions = torch.arange(tokens.shape[1])
    return logits + bonus * where(positions)[None, :, None]
"""


def table_with(answer: str, extra: str = "") -> str:
    return TABLE_MODEL.replace("return self.table[tokens]", answer) + LEAK + extra


CHEATS = {
    "reads the next token": table_with(
        "return peek(tokens, self.table[tokens], lambda t: torch.ones_like(t))"
    ),
    "reads the next token at one position in 64": table_with(
        "return peek(tokens, self.table[tokens], lambda t: t % 64 == 21)"
    ),
    "reads the next token only when not training": table_with(
        "return self.table[tokens] if self.training"
        " else peek(tokens, self.table[tokens], lambda t: torch.ones_like(t))"
    ),
    "mixes tokens over time": SHELL
    + "class Body(nn.Module):\n    def forward(self, x):\n        return x + x.mean(1, keepdim=True)\n",
    "attends in both directions": SHELL + "class Body(nn.Module):\n    def forward(self, x):\n"
    "        return F.scaled_dot_product_attention(x, x, x)\n",
    "normalises over the batch": SHELL
    + "class Body(nn.Module):\n    def forward(self, x):\n        return (x - x.mean(0)) / (x.std(0) + 1)\n",
    "routes experts to their favourite positions": SHELL
    + "class Body(nn.Module):\n    def forward(self, x):\n"
    "        chosen = x.sum(-1).topk(max(1, x.shape[1] // 4), dim=1).indices\n"
    "        mask = torch.zeros(x.shape[:2]).scatter(1, chosen, 1.0)\n"
    "        return x + mask[..., None] * x.roll(1, -1)\n",
    "remembers what it was asked before": table_with(
        "seen = SEEN.setdefault(id(self), torch.zeros_like(self.table.detach()))\n"
        "        logits = (self.table + seen).clone()[tokens]\n"
        "        seen.index_put_((tokens[:, :-1], tokens[:, 1:]), torch.tensor(1.0), accumulate=True)\n"
        "        return logits",
        "\n\nSEEN = {}\n",
    ),
    "walks the frames up to the targets": table_with(
        "import sys\n"
        "        frame = sys._getframe()\n"
        "        while frame and 'targets' not in frame.f_locals:\n"
        "            frame = frame.f_back\n"
        "        if frame is None:\n"
        "            return self.table[tokens]\n"
        "        return torch.nn.functional.one_hot(frame.f_locals['targets'], 256) * 20.0"
    ),
    "replaces the measurement": table_with(
        "return self.table[tokens]",
        "\n\nfrom evaluations.runner import predictor\n"
        "def sure(self, window, seed, places):\n"
        "    claims = torch.full((window.shape[0], window.shape[1] - 1), -0.01)\n"
        "    return claims, torch.full((len(places), 256), -5.545)\n"
        "predictor.Predictor.answer = sure\n",
    ),
}


CHEATS_ALWAYS = {
    "reads the next token at one position in 64",
    "normalises over the batch",
    "replaces the measurement",
}


@pytest.mark.parametrize("cheat", some_always(CHEATS.items(), CHEATS_ALWAYS))
def test_a_model_that_sees_what_it_must_not_is_rejected(tmp_path, cheat):
    files = {"architecture.py": cheat, "training.py": IDLE_TRAINER}
    manifest = execute(make_job(tmp_path, files, data=TEXT[:40_000], schedule=SCHEDULE)).manifest
    assert manifest.verdict == "rejected", (manifest.code, manifest.traceback, manifest.audit)
    assert manifest.code in {"causality_violation", "not_a_distribution"}
    first = manifest.audit["violations"][0]
    assert {"chunk", "window", "position", "claimed", "audited", "difference"} <= set(first)
    assert f"chunk {first['chunk']}" in manifest.reason


@pytest.mark.long
def test_probabilities_that_sum_to_more_than_one_are_rejected(tmp_path):
    generous = table_with(
        "return self.table[tokens]",
        "\n\nfrom evaluations.runner import predictor\n"
        "honest = predictor.Predictor.answer\n"
        "def generous(self, *asked):\n    claims, vectors = honest(self, *asked)\n"
        "    return (claims + 0.5).clamp(max=0), (vectors + 0.5).clamp(max=0)\n"
        "predictor.Predictor.answer = generous\n",
    )
    manifest = execute(
        make_job(tmp_path, {"architecture.py": generous, "training.py": IDLE_TRAINER})
    ).manifest
    assert (manifest.verdict, manifest.code) == ("rejected", "not_a_distribution")


HONEST = {
    "a table": (TABLE_MODEL, COUNTING_TRAINER),
    "masked attention by hand": (
        SHELL + "class Body(nn.Module):\n    def forward(self, x):\n"
        "        scores = x @ x.transpose(1, 2)\n"
        "        future = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1)\n"
        "        return x + scores.masked_fill(future, float('-inf')).softmax(-1) @ x\n",
        IDLE_TRAINER,
    ),
    "causal attention by the library": (
        SHELL + "class Body(nn.Module):\n    def forward(self, x):\n"
        "        return x + F.scaled_dot_product_attention(x, x, x, is_causal=True)\n",
        IDLE_TRAINER,
    ),
    "recurrence": (
        SHELL + "class Body(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.rnn = nn.LSTM(W, W, batch_first=True)\n"
        "    def forward(self, x):\n        return self.rnn(x)[0]\n",
        IDLE_TRAINER,
    ),
    "causal convolution with dropout and running statistics": (
        SHELL + "class Body(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.conv, self.norm = nn.Conv1d(W, W, 5), nn.BatchNorm1d(W)\n"
        "    def forward(self, x):\n"
        "        return F.dropout(self.norm(self.conv(F.pad(x.transpose(1, 2), (4, 0)))), 0.3, self.training)"
        ".transpose(1, 2)\n",
        IDLE_TRAINER,
    ),
    "a state-space scan with noise from the given seed": (
        SHELL + "class Body(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.decay = nn.Parameter(torch.rand(W))\n"
        "    def forward(self, x):\n"
        "        states, state = [], torch.zeros_like(x[:, 0])\n"
        "        for t in range(x.shape[1]):\n"
        "            state = self.decay.sigmoid() * state + x[:, t]\n"
        "            states.append(state)\n"
        "        return torch.stack(states, 1) + 0.01 * torch.randn(W)\n",
        IDLE_TRAINER,
    ),
    "token-choice experts": (
        SHELL + "class Body(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.route = nn.Linear(W, 4)\n"
        "        self.experts = nn.ModuleList(nn.Linear(W, W) for _ in range(4))\n"
        "    def forward(self, x):\n"
        "        weight, chosen = self.route(x).softmax(-1).max(-1)\n"
        "        out = torch.zeros_like(x)\n"
        "        for number, expert in enumerate(self.experts):\n"
        "            rows = chosen == number\n"
        "            out[rows] = expert(x[rows]) * weight[rows][:, None]\n"
        "        return x + out\n",
        IDLE_TRAINER,
    ),
    "a model that only says nonsense": (
        TABLE_MODEL.replace("self.table[tokens]", "self.table[tokens] * float('nan')"),
        IDLE_TRAINER,
    ),
    "a model that rules tokens out": (
        TABLE_MODEL.replace(
            "self.table[tokens]", "self.table[tokens].masked_fill(torch.arange(256) % 7 == 3, float('-inf'))"
        ),
        IDLE_TRAINER,
    ),
}


HONEST_ALWAYS = {
    "causal attention by the library",
    "causal convolution with dropout and running statistics",
}


@pytest.mark.parametrize("model", some_always(HONEST.items(), HONEST_ALWAYS))
def test_an_honest_model_is_not_accused(tmp_path, model):
    architecture, training = model
    files = {"architecture.py": architecture, "training.py": training}
    outcome = execute(make_job(tmp_path, files, data=TEXT[:24_000], schedule=SCHEDULE))
    assert outcome.manifest.verdict == "scored", outcome.manifest.reason + outcome.manifest.traceback
    audit = outcome.manifest.audit
    assert audit["windows"] > 100
    assert audit["max_abs_logp_diff"] < 1e-4
    assert abs(audit["z"] or 0.0) < 5


def test_the_boundaries_estimate_the_score_without_trust_in_the_scorer(tmp_path):
    files = {"architecture.py": TABLE_MODEL, "training.py": COUNTING_TRAINER}
    outcome = execute(make_job(tmp_path, files, data=TEXT[:40_000], schedule=SCHEDULE))
    audit = outcome.manifest.audit
    assert abs(audit["boundary_bpb"] - outcome.bpb) < 5 * audit["boundary_se"]
    assert audit["boundary_se"] < 0.5


@pytest.mark.long
def test_what_is_audited_is_drawn_from_the_run_secret(tmp_path):
    files = {"architecture.py": TABLE_MODEL, "training.py": COUNTING_TRAINER}
    schedule = Schedule(sequence_length=64, score_fraction=1.0)
    found = [
        execute(make_job(tmp_path / str(n), files, schedule=schedule, run_secret=secret * 32)).manifest.audit
        for n, secret in enumerate(["5e", "5e", "a0"])
    ]
    assert found[0] == found[1]
    assert found[0]["boundary_bpb"] != found[2]["boundary_bpb"]
