#!/usr/bin/env python3
"""The benchmark models in PyTorch: what `make bench` compares with.

Same widths, batches, losses and update rule as tests/bench/bench_*.c.
Prints: name  steps-per-second, or symbols-per-second where symbols are written

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

    batch, dims, width = 256, 2, 64

    def __init__(self):
        super().__init__()
        half, width = self.dims // 2, self.width
        self.nets = nn.ModuleList(
            nn.Sequential(nn.Linear(half, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(),
                          nn.Linear(width, self.dims))
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
        log_p = -0.5 * (z * z).sum(1) - 0.5 * self.dims * math.log(2 * math.pi)
        return -(log_p + log_det).mean()


class FlowMnist(Flow2d):
    """The same on rows of 784 numbers, two hidden layers of 512."""

    batch, dims, width = 128, 784, 512


class Block(nn.Module):
    """Pre-norm transformer block; hidden is added to the scores: -inf where a position may not look."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.attention_norm, self.mlp_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.projection = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.wide, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x, hidden):
        batch, length, width = x.shape
        parts = self.qkv(self.attention_norm(x)).view(batch, length, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        score = query @ key.transpose(-2, -1) / math.sqrt(width // self.heads)
        if hidden is not None:
            score = score + hidden
        seen = torch.softmax(score, -1) @ value
        x = x + self.projection(seen.transpose(1, 2).reshape(batch, length, width))
        return x + self.narrow(functional.gelu(self.wide(self.mlp_norm(x))))


class Transformer(nn.Module):
    """Causal, 4 blocks of width 128 with 4 heads, context 64, 65 symbols."""

    batch, context, symbols = 12, 64, 65

    def __init__(self):
        super().__init__()
        self.symbol, self.position = nn.Embedding(65, 128), nn.Embedding(64, 128)
        self.blocks = nn.ModuleList(Block(128, 4) for _ in range(4))
        self.norm, self.out = nn.LayerNorm(128), nn.Linear(128, 65, bias=False)
        self.register_buffer('later', torch.full((64, 64), -math.inf).triu(1))

    def draw(self):
        return torch.randint(0, self.symbols, (self.batch, self.context + 1))

    def loss(self, ids):
        hidden = self.symbol(ids[:, :-1]) + self.position.weight
        for block in self.blocks:
            hidden = block(hidden, self.later)
        logits = self.out(self.norm(hidden))
        return functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten())


class Clip(nn.Module):
    """Three convolutions for images, two transformer blocks for texts, symmetric contrastive loss."""

    batch, words = 128, 64

    def __init__(self):
        super().__init__()
        self.image = nn.Sequential(nn.Conv2d(3, 32, 3, 2, 1), nn.ReLU(), nn.Conv2d(32, 64, 3, 2, 1), nn.ReLU(),
                                   nn.Conv2d(64, 128, 3, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(2048, 64))
        self.word, self.position = nn.Embedding(64, 64), nn.Embedding(16, 64)
        self.blocks = nn.ModuleList(Block(64, 4) for _ in range(2))
        self.norm, self.text_out = nn.LayerNorm(64), nn.Linear(64, 64)
        self.log_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))

    def draw(self):
        return torch.randn(self.batch, 3, 32, 32)

    def loss(self, x):
        hidden = self.word(torch.randint(0, self.words, (len(x), 16))) + self.position.weight
        for block in self.blocks:
            hidden = block(hidden, None)
        text = functional.normalize(self.text_out(self.norm(hidden).mean(1)), dim=1)
        logits = self.log_scale.exp() * functional.normalize(self.image(x), dim=1) @ text.T
        own = torch.arange(len(x))
        return 0.5 * (functional.cross_entropy(logits, own) + functional.cross_entropy(logits.T, own))


class Residual(nn.Module):
    """norm, SiLU, convolution, twice, with the embedding added between; and the input past all of it."""

    def __init__(self, inside, outside, embedding):
        super().__init__()
        self.first = nn.Sequential(nn.GroupNorm(8, inside), nn.SiLU(), nn.Conv2d(inside, outside, 3, padding=1))
        self.shift = nn.Linear(embedding, outside)
        self.second = nn.Sequential(nn.GroupNorm(8, outside), nn.SiLU(), nn.Conv2d(outside, outside, 3, padding=1))
        self.past = nn.Identity() if inside == outside else nn.Conv2d(inside, outside, 1)

    def forward(self, x, embedding):
        return self.past(x) + self.second(self.first(x) + self.shift(embedding)[..., None, None])


class Looking(nn.Module):
    """Attention of one head over all positions of an image."""

    def __init__(self, width):
        super().__init__()
        self.norm, self.qkv, self.out = nn.GroupNorm(8, width), nn.Conv2d(width, 3 * width, 1), nn.Conv2d(width, width, 1)

    def forward(self, x):
        query, key, value = self.qkv(self.norm(x)).flatten(2).chunk(3, 1)
        weight = torch.softmax(query.transpose(1, 2) @ key / math.sqrt(x.shape[1]), -1)
        return x + self.out((value @ weight.transpose(1, 2)).view_as(x))


class Denoiser(nn.Module):
    """A U-Net that guesses the noise in an image at a random time of DDPM's linear schedule."""

    batch = 64

    def __init__(self, channels, side, widths):
        super().__init__()
        self.shape, first, embedding = (channels, side, side), widths[0], 4 * widths[0]
        self.embed = nn.Sequential(nn.Linear(first, embedding), nn.SiLU(), nn.Linear(embedding, embedding), nn.SiLU())
        self.stem = nn.Conv2d(channels, first, 3, padding=1)
        inside = [first, *widths[:-1]]
        self.down = nn.ModuleList(Residual(i, o, embedding) for i, o in zip(inside, widths))
        self.shrink = nn.ModuleList(nn.Conv2d(w, w, 3, 2, 1) for w in widths[:-1])
        last = widths[-1]
        self.bottom = nn.ModuleList([Residual(last, last, embedding), Looking(last), Residual(last, last, embedding)])
        above = [*widths[1:], last]
        self.up = nn.ModuleList(Residual(a + w, w, embedding) for a, w in zip(above, widths))
        self.grow = nn.ModuleList(nn.Conv2d(w, w, 3, padding=1) for w in widths[1:])
        self.head = nn.Sequential(nn.GroupNorm(8, first), nn.SiLU(), nn.Conv2d(first, channels, 3, padding=1))
        self.register_buffer('kept', torch.cumprod(1 - torch.linspace(1e-4, 0.02, 1000), 0))

    def draw(self):
        return torch.randn(self.batch, *self.shape)

    def guess(self, x, time):
        half = self.embed[0].in_features // 2
        angle = time[:, None] * torch.exp(-math.log(1e4) / half * torch.arange(half))
        embedding = self.embed(torch.cat([angle.sin(), angle.cos()], 1))
        x, bridges = self.stem(x), []
        for i, block in enumerate(self.down):
            x = block(x, embedding)
            bridges.append(x)
            x = self.shrink[i](x) if i < len(self.shrink) else x
        x = self.bottom[2](self.bottom[1](self.bottom[0](x, embedding)), embedding)
        for i in reversed(range(len(self.up))):
            x = self.up[i](torch.cat([x, bridges[i]], 1), embedding)
            x = self.grow[i - 1](functional.interpolate(x, scale_factor=2)) if i > 0 else x
        return self.head(x)

    def loss(self, x):
        time = torch.randint(0, 1000, (len(x),))
        kept, noise = self.kept[time].view(-1, 1, 1, 1), torch.randn_like(x)
        return functional.mse_loss(self.guess(kept.sqrt() * x + (1 - kept).sqrt() * noise, time), noise)


def log_bernoulli(x, logits):
    return (x * logits - functional.softplus(logits)).sum(-1)


class WakeSleep(nn.Module):
    """784-200-200-200 binary units; k = 1 is wake-sleep, more is reweighted wake-sleep with both updates of q."""

    batch = 100

    def __init__(self, k):
        super().__init__()
        sizes = [784, 200, 200, 200]
        self.k = k
        self.top = nn.Parameter(torch.zeros(200))
        self.down = nn.ModuleList(nn.Linear(a, b) for b, a in zip(sizes, sizes[1:]))
        self.up = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))

    def draw(self):
        return (torch.randn(self.batch, 784) > 0).float()

    def log_joint(self, h):
        log_p = log_bernoulli(h[-1], self.top)
        for below, above, layer in zip(h, h[1:], self.down):
            log_p = log_p + log_bernoulli(below, layer(above))
        return log_p

    def log_recognition(self, h):
        return sum(log_bernoulli(above, layer(below)) for below, above, layer in zip(h, h[1:], self.up))

    def loss(self, x):
        with torch.no_grad():
            h = [x.unsqueeze(1)]
            for i, layer in enumerate(self.up):
                p = torch.sigmoid(layer(h[-1]))
                h.append(torch.bernoulli(p.expand(-1, self.k, -1) if i == 0 else p))
            dream = [torch.bernoulli(torch.sigmoid(self.top.expand(self.batch, -1)))]
            for layer in reversed(self.down):
                dream.insert(0, torch.bernoulli(torch.sigmoid(layer(dream[0]))))
        log_p, log_q = self.log_joint(h), self.log_recognition(h)
        weight = torch.softmax((log_p - log_q).detach(), 1)
        loss = -(weight * log_p).sum() / self.batch - self.log_recognition(dream).mean()
        return loss - (weight * log_q).sum() / self.batch if self.k > 1 else loss


class Rbm(nn.Module):
    """784-500, five Gibbs steps of persistent chains; the gradient is written by hand, as in the library."""

    batch = 100

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(0.01 * torch.randn(784, 500))
        self.visible, self.hidden = nn.Parameter(torch.zeros(784)), nn.Parameter(torch.zeros(500))
        self.chain = self.draw()

    def draw(self):
        return (torch.randn(self.batch, 784) > 0).float()

    @torch.no_grad()
    def gradient(self, x):
        for _ in range(5):
            h = torch.bernoulli(torch.sigmoid(torch.addmm(self.hidden, self.chain, self.weight)))
            self.chain = torch.bernoulli(torch.sigmoid(torch.addmm(self.visible, h, self.weight.t())))
        of_data = torch.sigmoid(torch.addmm(self.hidden, x, self.weight))
        of_model = torch.sigmoid(torch.addmm(self.hidden, self.chain, self.weight))
        self.weight.grad = (self.chain.t() @ of_model - x.t() @ of_data) / self.batch
        self.visible.grad = (self.chain - x).mean(0)
        self.hidden.grad = (of_model - of_data).mean(0)


class Gan(nn.Module):
    """DCGAN on 28x28: both networks are updated in a step, from the same generated images."""

    batch, dims = 64, 784

    def __init__(self):
        super().__init__()
        self.start = nn.Linear(64, 7 * 7 * 128)
        self.convs = nn.ModuleList(nn.Conv2d(i, o, 3, padding=1) for i, o in ((128, 64), (64, 32), (32, 1)))
        self.norms = nn.ModuleList(nn.GroupNorm(8, n) for n in (128, 64, 32))
        self.judge = nn.Sequential(
            nn.Conv2d(1, 32, 3, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(32, 64, 3, 2, 1), nn.LeakyReLU(0.2),
            nn.Conv2d(64, 128, 3, 2, 1), nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(16 * 128, 1))
        self.judge_update = torch.optim.Adam(self.judge.parameters(), 2e-4, (0.5, 0.999))

    def generate(self):
        h = self.start(torch.randn(self.batch, 64)).reshape(-1, 128, 7, 7)
        for i, (norm, conv) in enumerate(zip(self.norms, self.convs)):
            h = functional.relu(norm(h))
            h = conv(functional.interpolate(h, scale_factor=2) if i < 2 else h)
        return torch.tanh(h)

    def gradient(self, x):
        """Updates the discriminator, and leaves the gradients of the generator to the caller."""
        fake = self.generate()
        loss = functional.softplus(-self.judge(x.reshape(-1, 1, 28, 28))).mean() \
            + functional.softplus(self.judge(fake.detach())).mean()
        self.judge_update.zero_grad(set_to_none=True)
        loss.backward()
        self.judge_update.step()
        for p in self.judge.parameters():
            p.requires_grad_(False)
        loss = functional.softplus(-self.judge(fake)).mean()
        self.zero_grad(set_to_none=True)
        loss.backward()
        for p in self.judge.parameters():
            p.requires_grad_(True)


class Generation:
    """The transformer writes sequences of 64 symbols, so many at a time; rates are in symbols.

    With a cache it is written for speed: bare functions, queries scaled in the weights, slots and views of
    the cache made once, attention by products and sums (a third of the time of bmm, since that is not a
    call to BLAS here), matrix times vector where the batch is 1 (a third of addmm), and a race of exponentials
    for the draw (a third of multinomial). As modules it is the usual loop: the trained model's own layers, keys
    and values in tensors made once, attention by matrix products, multinomial."""

    def __init__(self, batch, kind):
        self.batch, self.model = batch, Transformer()
        self.next = {'cached': self.next_cached, 'modules': self.next_modules, 'whole': self.next_whole}[kind]
        self.draw = self.draw_multinomial if kind == 'modules' else self.draw_race
        self.kept = [torch.zeros(2, batch, 4, 64, 32) for _ in self.model.blocks]
        self.ids = torch.zeros(batch, 65, dtype=torch.long)
        self.embedding, self.places = self.model.symbol.weight, list(self.model.position.weight)
        self.product = torch.addmv if batch == 1 else lambda bias, weight, x: torch.addmm(bias, x, weight)
        self.blocks = [self.prepare(block) for block in self.model.blocks]
        self.out = self.turned(self.model.out.weight)
        self.no_bias = torch.zeros(65)
        cache = [torch.zeros(2, batch * 4, 64, 32) for _ in self.blocks]
        self.slots = [[(c[:, :, t], c[0, :, :t + 1], c[1, :, :t + 1]) for c in cache] for t in range(64)]

    def turned(self, weight):
        return weight.clone() if self.batch == 1 else weight.t().contiguous()

    def prepare(self, block):
        scale = torch.ones(384, 1)
        scale[:128] /= math.sqrt(32)
        return (block.attention_norm.weight, block.attention_norm.bias,
                self.turned(block.qkv.weight * scale), block.qkv.bias * scale[:, 0],
                self.turned(block.projection.weight), block.projection.bias,
                block.mlp_norm.weight, block.mlp_norm.bias,
                self.turned(block.wide.weight), block.wide.bias,
                self.turned(block.narrow.weight), block.narrow.bias)

    def next_cached(self, t):
        product, norm, width, row = self.product, torch.layer_norm, (128,), self.batch * 4
        x = torch.embedding(self.embedding, self.ids[:, t]) + self.places[t]
        x = x[0] if self.batch == 1 else x
        for block, (slot, keys, values) in zip(self.blocks, self.slots[t]):
            gain1, bias1, qkv, qkv_bias, out, out_bias, gain2, bias2, wide, wide_bias, narrow, narrow_bias = block
            parts = product(qkv_bias, qkv, norm(x, width, gain1, bias1)).view(-1, 3, 4, 32)
            parts = parts.transpose(0, 1).reshape(3, row, 32)
            slot.copy_(parts[1:])
            weight = torch.softmax((keys * parts[0].unsqueeze(1)).sum(2), 1)
            seen = (values * weight.unsqueeze(2)).sum(1)
            x = x + product(out_bias, out, seen.view(x.shape))
            hidden = functional.gelu(product(wide_bias, wide, norm(x, width, gain2, bias2)))
            x = x + product(narrow_bias, narrow, hidden)
        return product(self.no_bias, self.out, norm(x, width, self.model.norm.weight, self.model.norm.bias))

    def next_modules(self, t):
        hidden = self.model.symbol(self.ids[:, t:t + 1]) + self.model.position.weight[t]
        for block, (keys, values) in zip(self.model.blocks, self.kept):
            parts = block.qkv(block.attention_norm(hidden)).view(self.batch, 1, 3, 4, 32)
            query, keys[:, :, t:t + 1], values[:, :, t:t + 1] = parts.permute(2, 0, 3, 1, 4)
            score = query @ keys[:, :, :t + 1].transpose(-2, -1) / math.sqrt(32)
            seen = torch.softmax(score, -1) @ values[:, :, :t + 1]
            hidden = hidden + block.projection(seen.transpose(1, 2).reshape(self.batch, 1, 128))
            hidden = hidden + block.narrow(functional.gelu(block.wide(block.mlp_norm(hidden))))
        return self.model.out(self.model.norm(hidden[:, 0]))

    def next_whole(self, t):
        hidden = self.model.symbol(self.ids[:, :t + 1]) + self.model.position.weight[:t + 1]
        for block in self.model.blocks:
            hidden = block(hidden, self.model.later[:t + 1, :t + 1])
        return self.model.out(self.model.norm(hidden[:, -1]))

    def sequences(self):
        for t in range(64):
            self.ids[:, t + 1] = self.draw(torch.softmax(self.next(t), -1))

    @staticmethod
    def draw_race(chance):
        return (chance / torch.empty_like(chance).exponential_()).argmax(-1)

    @staticmethod
    def draw_multinomial(chance):
        return torch.multinomial(chance, 1)[:, 0]

    def rate(self, seconds):
        self.sequences()
        count, start = 0, time.perf_counter()
        while (spent := time.perf_counter() - start) < seconds:
            self.sequences()
            count += 64 * self.batch
        return count / spent


GENERATIONS = {f'generate-{kind}-{batch}': (batch, kind) for kind in ('cached', 'modules', 'whole') for batch in (1, 16)}

MODELS = {'vae': Vae, 'flow-2d': Flow2d, 'flow-mnist': FlowMnist, 'ddpm': lambda: Denoiser(4, 14, (48, 96)),
          'ddpm-28': lambda: Denoiser(1, 28, (32, 64, 64)), 'latent-ddpm': lambda: Denoiser(4, 8, (64, 128)),
          'transformer': Transformer, 'clip': Clip, 'wake-sleep': lambda: WakeSleep(1), 'rws': lambda: WakeSleep(10),
          'rbm': Rbm, 'gan': Gan}


def draw(model):
    return model.draw() if hasattr(model, 'draw') else torch.randn(model.batch, model.dims)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('names', nargs='*', default=[*MODELS, *GENERATIONS])
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--seconds', type=float, default=4)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    for name in args.names:
        torch.manual_seed(0)
        if name in GENERATIONS:
            with torch.inference_mode():
                print(f'{name} {Generation(*GENERATIONS[name]).rate(args.seconds):.2f}', flush=True)
            continue
        model = MODELS[name]()
        data = [draw(model) for _ in range(8)]
        optimizer = torch.optim.Adam(model.parameters(), 1e-3)

        def step(x):
            if hasattr(model, 'gradient'):
                model.gradient(x)
            else:
                loss = model.loss(x)
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
            optimizer.step()

        start = time.perf_counter()
        for i in range(20):
            step(data[i % 8])
            if time.perf_counter() - start > 2: # a large model is warm by then
                break
        steps, start = 0, time.perf_counter()
        while (spent := time.perf_counter() - start) < args.seconds:
            step(data[steps % 8])
            steps += 1
        print(f'{name} {steps / spent:.2f}', flush=True)


if __name__ == '__main__':
    main()
