"""The training step of Edge's default method in plain PyTorch: the same network, losses, optimiser and batch, read from the file that the C# side saves.

usage: training_step.py FILE THREADS FRESH REPLAY     then on standard input: a number of steps a line; answers "seconds cpuSeconds loss"
"""
import sys
import time

import numpy
import torch
from torch import nn
from torch.nn import functional as F

WIDTHS = [64, 128, 256, 128]


class ChannelLayerNorm(nn.Module):
    def __init__(self, channels, affine=True):
        super().__init__()
        self.channels = channels
        self.weight = nn.Parameter(torch.ones(channels)) if affine else None
        self.bias = nn.Parameter(torch.zeros(channels)) if affine else None

    def forward(self, x):
        return F.layer_norm(x.transpose(1, 2), [self.channels], self.weight, self.bias).transpose(1, 2)


class Learner(nn.Module):
    def __init__(self, channels, classes):
        super().__init__()
        layers = [("input", ChannelLayerNorm(channels, affine=False))]
        for i, width in enumerate(WIDTHS):
            layers += [(f"conv{i}", nn.Conv1d(channels, width, 5, padding=2)), (f"relu{i}", nn.ReLU()), (f"norm{i}", ChannelLayerNorm(width)), (f"pool{i}", nn.MaxPool1d(2))]
            channels = width
        self.backbone = nn.Module()
        self.backbone.layers = nn.Sequential()
        for name, layer in layers:
            self.backbone.layers.add_module(name, layer)
        self.projector = nn.Module()
        self.projector.layers = nn.Sequential()
        for name, layer in [("hidden", nn.Linear(channels, channels)), ("relu", nn.ReLU()), ("out", nn.Linear(channels, 128))]:
            self.projector.layers.add_module(name, layer)
        self.head = nn.Module()
        self.head.weight = nn.Parameter(torch.randn(classes, channels))

    def embed(self, x):
        return self.backbone.layers(x).mean(2)

    def logits(self, h):
        return 10 * F.linear(F.normalize(h, dim=1), F.normalize(self.head.weight, dim=1))


def supcon(projections, labels, temperature=0.1):
    z = F.normalize(projections, dim=1)
    similarities = z @ z.t() / temperature
    itself = torch.eye(len(z), dtype=torch.bool)
    positive = ((labels[:, None] == labels[None, :]) & ~itself).to(z.dtype)
    count = positive.sum(1)
    loss = similarities.masked_fill(itself, -1e9).logsumexp(1) - (similarities * positive).sum(1) / count.clamp_min(1)
    return loss.masked_fill(count == 0, 0).mean()


def masked_cross_entropy(logits, labels, fresh):
    absent = torch.ones(logits.shape[1], dtype=torch.bool).index_fill_(0, labels[:fresh], False)
    new = F.cross_entropy(logits[:fresh].masked_fill(absent, -1e9), labels[:fresh])
    return (new + F.cross_entropy(logits[fresh:], labels[fresh:])) / 2


def relation_distillation(current, past, t_current=0.2, t_past=0.05):
    itself = torch.eye(len(current), dtype=torch.bool)

    def logits(h, temperature):
        z = F.normalize(h, dim=1)
        return (z @ z.t() / temperature).masked_fill(itself, -1e9)

    target = logits(past, t_past).softmax(1).masked_fill(itself, 0)
    return -(target * logits(current, t_current).log_softmax(1).masked_fill(itself, 0)).sum(1).mean()


def read(file):
    tensors = {}
    with open(file, "rb") as stream:
        while line := stream.readline():
            name, *shape = line.decode().split()
            shape = [int(n) for n in shape]
            tensors[name] = torch.from_numpy(numpy.frombuffer(stream.read(4 * int(numpy.prod(shape))), dtype="<f4").reshape(shape).copy())
    return tensors


def main():
    file, threads, fresh, replay = sys.argv[1], *map(int, sys.argv[2:5])
    torch.set_num_threads(threads)
    tensors = read(file)
    windows, teacher = tensors.pop("windows"), tensors.pop("teacher")
    classes = tensors["head.weight"].shape[0]
    labels = torch.arange(len(windows)) % classes
    net = Learner(windows.shape[1], classes)
    net.load_state_dict(tensors)
    parameters = list(net.parameters())
    optimizer = torch.optim.Adam(parameters, 1e-3)
    averages = [p.detach().clone() for p in parameters]
    pushes = 0

    def step():
        nonlocal pushes
        h = net.embed(windows)
        originals = torch.cat([h[:fresh], h[2 * fresh:2 * fresh + replay]])
        loss = supcon(net.projector.layers(h), labels) + masked_cross_entropy(net.logits(h), labels, 2 * fresh) + relation_distillation(originals, teacher)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1)
        optimizer.step()
        pushes += 1
        decay = min(0.99, (1 + pushes) / (10 + pushes))
        with torch.no_grad():
            torch._foreach_mul_(averages, decay)
            torch._foreach_add_(averages, parameters, alpha=1 - decay)
        return loss.item()

    print(f"Python {sys.version.split()[0]}, torch {torch.__version__} (Debian's python3-torch)", flush=True)
    for line in sys.stdin:
        cpu, started = time.process_time(), time.perf_counter()
        for _ in range(int(line)):
            loss = step()
        print(time.perf_counter() - started, time.process_time() - cpu, repr(loss), flush=True)


main()
