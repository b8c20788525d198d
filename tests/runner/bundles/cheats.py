# ruff: noqa: E501  # sources as a miner writes them
"""Bundles that try to be better than they are: name -> the two files, beside one honest twin for all.

The twin is a table of counts. A cheat keeps its training and changes what the forward says (`FORWARDS`), what
the predictor's interpreter does (`PATCHES`), or what is committed (`TRAININGS`, `ARCHITECTURES`).
"""

from tests.runner.harness import COUNTING_TRAINER, IDLE_TRAINER, TABLE_MODEL

TWIN = (TABLE_MODEL, COUNTING_TRAINER)

TOOLS = '''

import builtins, gc, os, sys, threading, time, zlib
from pathlib import Path

calls = [0]
SEEN = {}


def peek(tokens, logits, where=True):
    """Sure of the token that follows, where it says so."""
    following = torch.cat([tokens[:, 1:], tokens[:, -1:]], dim=1)
    where = torch.as_tensor(where).expand(tokens.shape) & (torch.arange(tokens.shape[1]) < tokens.shape[1] - 1)
    return logits + 9.0 * torch.nn.functional.one_hot(following, logits.shape[-1]) * where[..., None]


def place(tokens):
    return torch.arange(tokens.shape[1]).expand(tokens.shape)


def entropy(logits):
    p = logits.softmax(-1)
    return -(p * p.clamp_min(1e-9).log()).sum(-1)


def learn(counts, tokens):
    counts.index_put_((tokens[:, :-1], tokens[:, 1:]), torch.tensor(1.0), accumulate=True)


def local(name):
    """A variable of whoever called, however far up."""
    frame = sys._getframe(1)
    while frame and name not in frame.f_locals:
        frame = frame.f_back
    return frame.f_locals[name] if frame else None


def counts_in(holder, like):
    return holder.setdefault("counts", torch.zeros_like(like.detach()))
'''

# The body of `cheat(self, tokens, logits)`.
FORWARDS = {
    "reads the next token": "return peek(tokens, logits)",
    "reads it at one position in 64": "return peek(tokens, logits, place(tokens) % 64 == 21)",
    "reads it at one position in 16": "return peek(tokens, logits, place(tokens) % 16 == 5)",
    "reads it where it is uncertain": "return peek(tokens, logits, entropy(logits) > 2.5)",
    "reads it where it is very uncertain": "return peek(tokens, logits, entropy(logits) > 3.2)",
    "reads it where it is certain": "return peek(tokens, logits, entropy(logits) < 1.5)",
    "reads it late in the window": "return peek(tokens, logits, place(tokens) > 50)",
    "reads it in long windows": "return peek(tokens, logits) if tokens.shape[1] > 60 else logits",
    "reads it in the first rows": "return peek(tokens, logits, (torch.arange(len(tokens)) < 2)[:, None])",
    "reads it in the last row": (
        "return peek(tokens, logits, (torch.arange(len(tokens)) == len(tokens) - 1)[:, None])"
    ),
    "reads it outside of training": "return logits if self.training else peek(tokens, logits)",
    "reads it without gradients": "return logits if torch.is_grad_enabled() else peek(tokens, logits)",
    "reads it after a while": "calls[0] += 1\n    return peek(tokens, logits) if calls[0] > 4 else logits",
    "reads it in every other call": "calls[0] += 1\n    return peek(tokens, logits, calls[0] % 2 == 0)",
    "reads it by the clock": "return peek(tokens, logits, int(time.monotonic() * 50) % 3 == 0)",
    "reads it by chance": "return peek(tokens, logits, os.urandom(1)[0] < 64)",
    "reads it by process": "return peek(tokens, logits, os.getpid() % 2 == 0)",
    "reads it by address": "return peek(tokens, logits, id(tokens) // 64 % 2 == 0)",
    "reads it by the hash of the window": (
        "return peek(tokens, logits, zlib.crc32(tokens.numpy().tobytes()) % 3 == 0)"
    ),
    "reads it by the hash of each row": (
        "chosen = [zlib.crc32(row.numpy().tobytes()) % 3 == 0 for row in tokens]\n"
        "    return peek(tokens, logits, torch.tensor(chosen)[:, None])"
    ),
    "reads it by what came before": "return peek(tokens, logits, tokens.cumsum(1) % 24 == 0)",
    "reads half of it": (
        "following = torch.cat([tokens[:, 1:], tokens[:, -1:]], dim=1)\n"
        "    half = (torch.arange(256) // 128) == (following[..., None] // 128)\n"
        "    return logits + 5.0 * half"
    ),
    "reads the token after the next": (
        "after = torch.cat([tokens[:, 2:], tokens[:, -2:]], dim=1)\n"
        "    return logits + self.table.T[after] * 0.5"
    ),
    "reads it by a roll": "return logits + 9.0 * torch.nn.functional.one_hot(tokens.roll(-1, 1), 256)",
    "reads it by a reversal": ("return peek(tokens.flip(1).flip(1), logits, torch.rand(tokens.shape) < 0.3)"),
    "reads the targets up the stack": (
        "targets = local('targets')\n"
        "    return logits if targets is None else torch.nn.functional.one_hot(targets, 256) * 20.0"
    ),
    "reads the window up the stack": (
        "window = local('window_BxT')\n"
        "    return logits if window is None else torch.nn.functional.one_hot(window[:, 1:], 256) * 20.0"
    ),
    "finds the targets among all objects": (
        "shape = (tokens.shape[0], tokens.shape[1] + 1)\n"
        "    found = [o for o in gc.get_objects() if type(o) is torch.Tensor and tuple(o.shape) == shape]\n"
        "    same = [o for o in found if torch.equal(o[:, :-1], tokens)]\n"
        "    return torch.nn.functional.one_hot(same[0][:, 1:], 256) * 20.0 if same else logits"
    ),
    "does so where no distribution is asked for": (
        "header = local('header')\n"
        "    return logits if header is None or header['vectors'] else peek(tokens, logits)"
    ),
    "does so where many batches are asked for": (
        "header = local('header')\n"
        "    return peek(tokens, logits) if header and len(header['batches']) > 3 else logits"
    ),
    "does so by the name of its home": "return peek(tokens, logits, int(os.getcwd()[-1], 16) < 8)",
    "does so in the process that started first": (
        "age = int(Path('/proc/self/stat').read_text().split()[21])\n"
        "    return peek(tokens, logits, age % 2 == 0)"
    ),
    "counts over the batch": (
        "counts = torch.bincount(tokens.flatten(), minlength=256).float()\n"
        "    return logits + (counts + 0.1).log()"
    ),
    "counts over the row": (
        "counts = torch.nn.functional.one_hot(tokens, 256).sum(1, keepdim=True)\n"
        "    return logits + (counts + 0.5).log()"
    ),
    "looks up pairs of the batch": (
        "counts = torch.zeros(256, 256)\n    learn(counts, tokens)\n    return (self.table.exp() + counts)[tokens].log()"
    ),
    "looks at the row beside": ("return logits + 2.0 * torch.nn.functional.one_hot(tokens.roll(1, 0), 256)"),
    "subtracts the mean over time": "return logits - logits.mean(1, keepdim=True)",
    "divides by the deviation over rows": "return logits / (0.5 + logits.std(0, correction=0))",
    "picks its favourite positions": (
        "top = entropy(logits).topk(8, dim=1).indices\n"
        "    mask = torch.zeros(tokens.shape, dtype=torch.bool).scatter(1, top, True)\n"
        "    return logits * torch.where(mask, 0.5, 1.0)[..., None]"
    ),
    "remembers in a global": (
        "counts = counts_in(SEEN, self.table)\n    logits = (self.table.exp() + counts)[tokens].log()\n"
        "    learn(counts, tokens)\n    return logits"
    ),
    "remembers in an attribute": (
        "counts = counts_in(self.__dict__, self.table)\n"
        "    logits = (self.table.exp() + counts)[tokens].log()\n    learn(counts, tokens)\n    return logits"
    ),
    "remembers in a module": (
        "counts = counts_in(vars(sys.modules['json']), self.table)\n"
        "    logits = (self.table.exp() + counts)[tokens].log()\n    learn(counts, tokens)\n    return logits"
    ),
    "remembers in the builtins": (
        "counts = counts_in(vars(builtins), self.table)\n"
        "    logits = (self.table.exp() + counts)[tokens].log()\n    learn(counts, tokens)\n    return logits"
    ),
    "remembers in a file": (
        "path = Path(os.environ['HOME'], 'seen')\n"
        "    counts = torch.zeros(256, 256)\n"
        "    for text in [path.read_bytes()] if path.exists() else []:\n"
        "        old = torch.frombuffer(bytearray(text), dtype=torch.int64)[None]\n"
        "        learn(counts, old)\n"
        "    with path.open('ab') as file:\n        file.write(tokens.numpy().tobytes())\n"
        "    return (self.table.exp() + counts)[tokens].log()"
    ),
    "remembers in the environment": (
        "last = bytes.fromhex(os.environ.get('LAST', ''))\n"
        "    os.environ['LAST'] = tokens.to(torch.uint8).numpy().tobytes().hex()\n"
        "    counts = torch.zeros(256, 256)\n"
        "    if last:\n        learn(counts, torch.tensor(list(last))[None])\n"
        "    return (self.table.exp() + counts)[tokens].log()"
    ),
    "trains while it is scored": (
        "with torch.no_grad():\n"
        "        p = (1.0 + 40 * self.table.exp())\n        learn(p, tokens)\n"
        "        self.table.copy_((p / p.sum(1, keepdim=True)).log())\n"
        "    return logits"
    ),
    "trains on the window before it answers": (
        "p = 0.01 + self.table.detach().exp()\n    learn(p, tokens)\n    return p[tokens].log()"
    ),
    "is not normalised": "return type('O', (), {'logits': property(lambda s: logits * (1 + os.urandom(1)[0] / 64))})()",
    "says another thing when asked again": (
        "answers = iter([logits] * 2 + [peek(tokens, logits)] * 9)\n"
        "    return type('O', (), {'logits': property(lambda s: next(answers))})()"
    ),
    "answers with too large a vocabulary": "return torch.cat([logits, logits], -1)",
    "answers with too many positions": "return torch.cat([logits, logits], 1)",
    "answers with too few": "return logits[:, 1:]",
    "answers with complex numbers": "return peek(tokens, logits).to(torch.complex64)",
    "answers with infinities": "return torch.where(peek(tokens, logits) > 4, float('inf'), logits)",
    "answers with huge logits": "return peek(tokens, logits) * 1e30",
    "answers with whole numbers": "return peek(tokens, logits).to(torch.int64)",
    "is no number where it is uncertain": (
        "return logits.masked_fill((entropy(logits) > 3)[..., None], float('nan'))"
    ),
    "ends the process": "os._exit(0)",
    "leaves by an exception": "sys.exit(0)",
    "recurses": "return cheat(self, tokens, logits)",
}

# What the predictor's own interpreter is made to do, at import.
PATCHES = {
    "replaces the answer": """
from evaluations.runner import predictor
def sure(self, window, seed, places):
    claims = torch.full((window.shape[0], window.shape[1] - 1), -0.01)
    return claims, torch.full((len(places), 256), -5.545)
predictor.Predictor.answer = sure
""",
    "replaces the answer and says one thing of every token": """
from evaluations.runner import predictor
def sure(self, window, seed, places):
    return torch.full((window.shape[0], window.shape[1] - 1), -0.01), torch.full((len(places), 256), -0.01)
predictor.Predictor.answer = sure
""",
    "replaces the softmax": """
softmax = torch.log_softmax
torch.log_softmax = lambda x, *a, **k: softmax(x, *a, **k) * 0.5
""",
    "replaces the sum of exponentials": """
whole = torch.log_softmax
torch.log_softmax = lambda x, *a, **k: (whole(x, *a, **k) + 0.7).clamp(max=0)
torch.Tensor.logsumexp = lambda x, *a, **k: torch.logsumexp(x, *a, **k) - 0.7
""",
    "replaces gather": """
torch.Tensor.gather = lambda x, dim, index, **k: torch.full(index.shape, -0.01)
""",
    "replaces float": """
whole = torch.Tensor.float
torch.Tensor.float = lambda x: whole(x) * 4 if x.dim() == 3 else whole(x)
""",
    "replaces cat": """
cat = torch.cat
torch.cat = lambda x, *a, **k: cat([y.clamp(min=-0.7) if y.is_floating_point() else y for y in x], *a, **k)
""",
    "speaks the wire itself": """
import numpy as np
from evaluations.runner import wire
honest = wire.Channel.send
def send(self, header, body=b"", **k):
    if header.get("type") == "scores":
        body = np.maximum(np.frombuffer(body, np.float32), -0.5).tobytes()
    return honest(self, header, body, **k)
wire.Channel.send = send
""",
    "claims a little more than it has": """
import numpy as np
from evaluations.runner import wire
honest = wire.Channel.send
def send(self, header, body=b"", **k):
    if header.get("type") == "scores":
        body = np.minimum(np.frombuffer(body, np.float32) + 0.0009, 0).astype(np.float32).tobytes()
    return honest(self, header, body, **k)
wire.Channel.send = send
""",
    "claims more where the distribution is not asked for": """
import numpy as np
from evaluations.runner import wire
honest, asked = wire.Channel.send, wire.Channel.receive
last = {}
def receive(self, **k):
    message = asked(self, **k)
    last.update(message.header)
    return message
def send(self, header, body=b"", **k):
    if header.get("type") == "scores" and not last.get("vectors"):
        body = (np.frombuffer(body, np.float32) * 0.5).tobytes()
    return honest(self, header, body, **k)
wire.Channel.send, wire.Channel.receive = send, receive
""",
    "answers with a tensor of its own kind": """
class Sure(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        found = super().__torch_function__(function, types, args, kwargs or {})
        return found * 0.5 if function.__name__ == "log_softmax" else found
forward = Bigram.forward
Bigram.forward = lambda self, tokens: forward(self, tokens).as_subclass(Sure)
""",
    "says that nothing is alike": """
from evaluations.runner import facts, initialisation
initialisation.seed_invariant = lambda one, other: []
describe = facts.describe
facts.describe = lambda *a, **k: {**describe(*a, **k), "parameters": 1, "layers": 1}
Bigram.forward = lambda self, tokens: peek(tokens, self.table[tokens], place(tokens) % 8 == 3)
""",
    "claims by a thread": """
def work():
    while True:
        time.sleep(0.01)
        for model in [o for o in gc.get_objects() if isinstance(o, Bigram)]:
            tokens = SEEN.pop("tokens", None)
            if tokens is not None:
                with torch.no_grad():
                    learn(model.table, tokens)
forward = Bigram.forward
def remember(self, tokens):
    SEEN["tokens"] = tokens
    return forward(self, tokens)
Bigram.forward = remember
threading.Thread(target=work, daemon=True).start()
""",
    "reads the real text from its own weights' file": """
forward = Bigram.forward
def search(self, tokens):
    for folder in [Path.cwd().parent, Path.cwd().parent.parent]:
        for name in ("stream.bin", "JOB.json", "out.json", "curve.npz", "final.safetensors"):
            try:
                (folder / name).read_bytes()
                return peek(tokens, forward(self, tokens))
            except OSError:
                pass
    return forward(self, tokens)
Bigram.forward = search
""",
}

TRAININGS = {
    "stops after the first chunk": COUNTING_TRAINER.replace(
        "        line = chunk", "        if chunk.index > 0:\n            return\n        line = chunk"
    ),
    "takes no text at all": IDLE_TRAINER,
    "commits another model": COUNTING_TRAINER.replace(
        "ctx.stream(model)", "ctx.stream(torch.nn.Linear(2, 2))"
    ),
    "commits a subclass that hides its table": COUNTING_TRAINER.replace(
        "model = ctx.build_model()",
        "model = ctx.build_model()\n    honest = type(model).state_dict\n"
        "    type(model).state_dict = lambda s, *a, **k: {**honest(s, *a, **k), 'more': torch.ones(9)}",
    ),
    "asks twice before it trains": COUNTING_TRAINER.replace(
        "    last = None", "    last = None\n    from evaluations.runner import wire"
    ).replace(
        "        line = chunk",
        "        if chunk.index == 0:\n"
        "            import gc\n"
        "            [c.send({'type': 'commit'}) for c in gc.get_objects() if isinstance(c, wire.Channel)]\n"
        "        line = chunk",
    ),
    "writes the slot from a thread": COUNTING_TRAINER.replace(
        "    last = None",
        "    last = None\n    import gc, threading\n"
        "    from evaluations.runner import learner, weights\n"
        "    door = [d for d in gc.get_objects() if isinstance(d, learner.RefereeDoor)][0]\n"
        "    def write():\n"
        "        while True:\n"
        "            weights.commit(model, door.layout, door.memory)\n"
        "    threading.Thread(target=write, daemon=True).start()",
    ),
}

# Whole architectures; trained by counting.
ARCHITECTURES = {
    "builds another model each time": TABLE_MODEL.replace(
        "    return Bigram(ctx.vocab_size)",
        "    BUILT.append(1)\n    model = Bigram(ctx.vocab_size)\n"
        "    model.forward = lambda t: model.table[t] * len(BUILT)\n    return model",
    )
    + "\nBUILT = []\n",
    "builds by chance": TABLE_MODEL.replace(
        "torch.zeros(vocabulary, vocabulary)",
        "torch.randn(vocabulary, vocabulary, generator=torch.Generator().manual_seed(__import__('os').getpid()))",
    )
    .replace("return self.table[tokens]", "return (self.table + 0.5 * self.first)[tokens]")
    .replace("    def forward", "        self.first = self.table.detach().clone()\n\n    def forward"),
    "keeps its own when weights are loaded": TABLE_MODEL
    + "\nBigram._load_from_state_dict = lambda self, *a, **k: None\n"
    + "Bigram.__call__ = lambda self, t: self.table[t] + 9.0 * torch.nn.functional.one_hot(t.roll(-1, 1), 256)\n",
    "hides in a hook": TABLE_MODEL.replace(
        "    return Bigram(ctx.vocab_size)",
        "    model = Bigram(ctx.vocab_size)\n"
        "    model.register_forward_hook(lambda m, args, out: out\n"
        "        + 9.0 * torch.nn.functional.one_hot(args[0].roll(-1, 1), 256))\n    return model",
    ),
    "hides in the inference hook": TABLE_MODEL
    + "\ndef inference_logits(model, batch, ctx):\n"
    + "    return model(batch.tokens) + 9.0 * torch.nn.functional.one_hot(batch.tokens.roll(-1, 1), 256)\n",
    "hides in an autograd function": TABLE_MODEL.replace(
        "return self.table[tokens]", "return Peek.apply(self.table, tokens)"
    )
    + "\nclass Peek(torch.autograd.Function):\n    @staticmethod\n    def forward(ctx, table, tokens):\n"
    + "        return table[tokens] + 9.0 * torch.nn.functional.one_hot(tokens.roll(-1, 1), 256)\n",
}


def all_cheats() -> dict[str, tuple[str, str]]:
    """Name -> (architecture.py, training.py)."""
    body = TABLE_MODEL.replace("return self.table[tokens]", "return cheat(self, tokens, self.table[tokens])")
    found = {
        name: (f"{body}{TOOLS}\n\ndef cheat(self, tokens, logits):\n    {code}\n", COUNTING_TRAINER)
        for name, code in FORWARDS.items()
    }
    found |= {name: (TABLE_MODEL + TOOLS + code, COUNTING_TRAINER) for name, code in PATCHES.items()}
    found |= {name: (TABLE_MODEL, training) for name, training in TRAININGS.items()}
    found |= {name: (architecture, COUNTING_TRAINER) for name, architecture in ARCHITECTURES.items()}
    return found
