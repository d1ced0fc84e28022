#!/usr/bin/env python3
"""The benchmark models in PyTorch: what `make bench` compares with.

Same widths, batches, losses and update rule as tests/bench/bench_models.c.
Prints: name  steps-per-second

Debian's OpenBLAS may not know a new processor and then runs code for a very old one; the environment
variable OPENBLAS_CORETYPE (set by bench.c) gives PyTorch its best.
"""
import argparse
import math
import time

import torch
from torch import nn
from torch.nn import functional


class Vae(nn.Module):
    """784-400-400-20, tanh, Gaussian latent, Bernoulli output."""

    batch, dims = 128, 784

    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(784, 400), nn.Tanh(), nn.Linear(400, 400), nn.Tanh())
        self.mean, self.logvar = nn.Linear(400, 20), nn.Linear(400, 20)
        self.decoder = nn.Sequential(nn.Linear(20, 400), nn.Tanh(), nn.Linear(400, 400), nn.Tanh(),
                                     nn.Linear(400, 784))

    def loss(self, x):
        x = (x > 0).float()
        hidden = self.encoder(x)
        mean, logvar = self.mean(hidden), self.logvar(hidden)
        z = mean + torch.exp(0.5 * logvar) * torch.randn_like(mean)
        neg_fit = functional.binary_cross_entropy_with_logits(self.decoder(z), x, reduction='sum')
        kl = 0.5 * torch.sum(logvar.exp() + mean * mean - 1 - logvar)
        return (neg_fit + kl) / x.shape[0]


class Flow2d(nn.Module):
    """Eight affine couplings on the plane, two hidden layers of 64."""

    batch, dims = 256, 2

    def __init__(self):
        super().__init__()
        self.nets = nn.ModuleList(
            nn.Sequential(nn.Linear(1, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
            for _ in range(8))

    def loss(self, x):
        half = list(x.chunk(2, 1))
        log_det = 0
        for i, net in enumerate(self.nets):
            a, b = i % 2, 1 - i % 2
            s, t = net(half[a]).chunk(2, 1)
            s = torch.tanh(s)
            half[b] = half[b] * torch.exp(s) + t
            log_det = log_det + s.sum(1)
        z = torch.cat(half, 1)
        log_p = -0.5 * (z * z).sum(1) - math.log(2 * math.pi)
        return -(log_p + log_det).mean()


MODELS = {'vae': Vae, 'flow-2d': Flow2d}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('names', nargs='*', default=list(MODELS))
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--seconds', type=float, default=4)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    for name in args.names:
        torch.manual_seed(0)
        model = MODELS[name]()
        data = [torch.randn(model.batch, model.dims) for _ in range(8)]
        optimizer = torch.optim.Adam(model.parameters(), 1e-3)

        def step(x):
            loss = model.loss(x)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()

        for i in range(20):
            step(data[i % 8])
        steps, start = 0, time.perf_counter()
        while (spent := time.perf_counter() - start) < args.seconds:
            step(data[steps % 8])
            steps += 1
        print(f'{name} {steps / spent:.2f}', flush=True)


if __name__ == '__main__':
    main()
