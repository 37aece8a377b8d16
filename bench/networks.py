"""Networks in PyTorch as its users write them: the other side of networks.go.

The batch lies in memory; a form says how the same network is written down.
"""

import signal
import sys
import time

import torch
from torch import nn
from torch.nn import functional

torch.set_num_threads(int(sys.argv[1]))
torch.manual_seed(0)  # of the numbers it begins from


def trunk(inputs, units=(256, 128)):
    layers = []
    for n in units:
        layers += nn.Linear(inputs, n), nn.ReLU()
        inputs = n
    return nn.Sequential(*layers)


class Heads(nn.Module):
    """Hard sharing, one linear head after the other."""

    def __init__(self, inputs, tasks):
        super().__init__()
        self.trunk = trunk(inputs)
        self.heads = nn.ModuleList(nn.Linear(128, 1) for _ in range(tasks))

    def forward(self, x):
        z = self.trunk(x)
        return [head(z) for head in self.heads]


class FusedHeads(nn.Module):
    """Hard sharing, the heads as one layer."""

    def __init__(self, inputs, tasks):
        super().__init__()
        self.trunk = trunk(inputs)
        self.heads = nn.Linear(128, tasks)

    def forward(self, x):
        return self.heads(self.trunk(x))


class Experts(nn.Module):
    """MMoE, a module for each expert, gate and head."""

    def __init__(self, inputs, tasks, experts=4):
        super().__init__()
        self.experts = nn.ModuleList(trunk(inputs) for _ in range(experts))
        self.gates = nn.ModuleList(nn.Linear(inputs, experts) for _ in range(tasks))
        self.heads = nn.ModuleList(nn.Linear(128, 1) for _ in range(tasks))

    def forward(self, x):
        z = torch.stack([expert(x) for expert in self.experts], 1)
        out = []
        for gate, head in zip(self.gates, self.heads):
            w = torch.softmax(gate(x), -1)
            out.append(head((w.unsqueeze(-1) * z).sum(1)))
        return out


class FusedExperts(nn.Module):
    """MMoE in a few large products."""

    def __init__(self, inputs, tasks, experts=4):
        super().__init__()
        self.first = nn.Linear(inputs, experts * 256)
        self.second = nn.Parameter(torch.randn(experts, 256, 128) / 16)
        self.offset = nn.Parameter(torch.zeros(experts, 1, 128))
        self.gates = nn.Linear(inputs, tasks * experts)
        self.heads = nn.Parameter(torch.randn(tasks, 128) / 11)
        self.bias = nn.Parameter(torch.zeros(tasks))

    def forward(self, x):
        experts, n = len(self.second), len(x)
        h = torch.relu(self.first(x)).view(n, experts, 256).transpose(0, 1)
        z = torch.relu(torch.baddbmm(self.offset, h, self.second)).transpose(0, 1)
        w = torch.softmax(self.gates(x).view(n, -1, experts), -1)
        return torch.einsum("ntc,tc->nt", torch.bmm(w, z), self.heads) + self.bias


forms = {"heads": Heads, "fused heads": FusedHeads, "experts": Experts, "fused experts": FusedExperts}


def mean_loss(out, y):
    if isinstance(out, list):
        return sum(functional.mse_loss(z, y[:, t : t + 1]) for t, z in enumerate(out)) / len(out)
    return functional.mse_loss(out, y)


def batch(args):
    return torch.randn(args["rows"], args["inputs"]), torch.randn(args["rows"], args["tasks"])


def made(args):
    return forms[args["form"]](args["inputs"], args["tasks"])


def step(args):
    """Training steps of Adam."""
    x, y = batch(args)
    model = made(args)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)

    def loss():
        return mean_loss(model(x), y)

    if args["compiled"]:
        loss = torch.compile(loss)

    def once():
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()

    return once


def gradients(args):
    """The gradient of every task by what tasks share, and their products."""
    x, y = batch(args)
    model = made(args)
    shared = list(model.trunk.parameters())
    tasks = args["tasks"]

    def losses():
        out = model(x)
        if isinstance(out, list):
            return torch.stack([functional.mse_loss(z, y[:, t : t + 1]) for t, z in enumerate(out)])
        return ((out - y) ** 2).mean(0)

    def once():
        of = losses()
        if args["batched"]:
            rows = torch.autograd.grad(of, shared, torch.eye(tasks), is_grads_batched=True)
            g = torch.cat([r.reshape(tasks, -1) for r in rows], 1)
        else:
            rows = (torch.autograd.grad(v, shared, retain_graph=True) for v in of)
            g = torch.stack([torch.cat([r.reshape(-1) for r in row]) for row in rows])
        return g @ g.T

    return once


def forward(args):
    """Predictions of rows that are prepared."""
    x, _ = batch(args)
    model = made(args).eval()
    with torch.inference_mode():
        if args["by"] == "jit":
            model = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(model, x)))
        elif args["by"] == "compile":
            model = torch.compile(model)

    def once():
        with torch.inference_mode():
            model(x)

    return once


def prepare(args):
    """What runs, and what is said of it: too late where compiling took too long
    or failed."""
    once = {"step": step, "gradients": gradients, "forward": forward}[args["what"]](args)
    try:
        within(args["limit"], once)
    except Exception as why:
        print(args["form"], type(why).__name__, str(why)[:200], file=sys.stderr)
        return lambda: None, lambda _: {"late": True}
    begin = time.perf_counter()
    for _ in range(10):
        if time.perf_counter() - begin < args["most"]:
            once()

    def run():
        begin = time.perf_counter()
        for n in range(1, args["runs"] + 1):
            once()
            if time.perf_counter() - begin > args["most"]:
                break
        return n

    return run, lambda n: {"steps": n}


def within(seconds, f):
    def late(*_):
        raise TimeoutError(f"not ready after {seconds} s")

    signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        f()
    finally:
        signal.alarm(0)
