"""The UNet of SD 1.5 in PyTorch, forward or a LoRA step, for `npm run bench -- sd15 --vs-torch`.

Written for the purpose after the published configuration: the same shapes, the same LoRA (rank 8 on the attention
projections), AdamW, random weights. The argument is JSON: mode, repeats, latentEdge, threads, device (cpu or cuda),
precision (float32, or float16 with the LoRA in float32); prints JSON.
"""
import json
import math
import re
import resource
import sys
import time

import torch
from torch import nn
import torch.nn.functional as F

WIDTHS = [320, 640, 1280, 1280]
HEADS = 8
TEXT = 768
RANK = 8


class LoraLinear(nn.Linear):
    """A linear layer with a low-rank share beside it that learns."""

    def __init__(self, inputs, outputs, bias=True):
        super().__init__(inputs, outputs, bias)
        self.down = nn.Parameter(torch.randn(RANK, inputs) * 0.02)
        self.up = nn.Parameter(torch.randn(outputs, RANK) * 0.02)

    def forward(self, x):
        share = F.linear(F.linear(x, self.down.to(x.dtype)), self.up.to(x.dtype))
        return super().forward(x) + share


class Attention(nn.Module):
    def __init__(self, width, context):
        super().__init__()
        self.to_q = LoraLinear(width, width, bias=False)
        self.to_k = LoraLinear(context, width, bias=False)
        self.to_v = LoraLinear(context, width, bias=False)
        self.to_out = LoraLinear(width, width)

    def forward(self, x, context):
        batch, count, width = x.shape
        heads = lambda y: y.view(batch, -1, HEADS, width // HEADS).transpose(1, 2)
        q, k, v = heads(self.to_q(x)), heads(self.to_k(context)), heads(self.to_v(context))
        if hasattr(F, 'scaled_dot_product_attention'):
            mixed = F.scaled_dot_product_attention(q, k, v)
        else:
            scores = torch.matmul(q * (width // HEADS) ** -0.5, k.transpose(2, 3))
            mixed = torch.matmul(scores.softmax(-1), v)
        return self.to_out(mixed.transpose(1, 2).reshape(batch, count, width))


class FeedForward(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.proj = nn.Linear(width, width * 8)
        self.out = nn.Linear(width * 4, width)

    def forward(self, x):
        value, gate = self.proj(x).chunk(2, -1)
        return self.out(value * F.gelu(gate))


class Transformer(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.GroupNorm(32, width, 1e-6)
        self.proj_in = nn.Conv2d(width, width, 1)
        self.norms = nn.ModuleList([nn.LayerNorm(width) for _ in range(3)])
        self.own, self.cross, self.feed = Attention(width, width), Attention(width, TEXT), FeedForward(width)
        self.proj_out = nn.Conv2d(width, width, 1)

    def forward(self, x, context):
        batch, width, height, columns = x.shape
        h = self.proj_in(self.norm(x)).permute(0, 2, 3, 1).reshape(batch, -1, width)
        normed = self.norms[0](h)
        h = h + self.own(normed, normed)
        h = h + self.cross(self.norms[1](h), context)
        h = h + self.feed(self.norms[2](h))
        return x + self.proj_out(h.view(batch, height, columns, width).permute(0, 3, 1, 2))


class Resnet(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.norm1, self.conv1 = nn.GroupNorm(32, inputs), nn.Conv2d(inputs, outputs, 3, padding=1)
        self.time = nn.Linear(1280, outputs)
        self.norm2, self.conv2 = nn.GroupNorm(32, outputs), nn.Conv2d(outputs, outputs, 3, padding=1)
        self.shortcut = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)

    def forward(self, x, time_embedding):
        h = self.conv1(F.silu(self.norm1(x))) + self.time(F.silu(time_embedding))[:, :, None, None]
        return self.shortcut(x) + self.conv2(F.silu(self.norm2(h)))


class Unet(nn.Module):
    def __init__(self):
        super().__init__()
        self.time = nn.Sequential(nn.Linear(320, 1280), nn.SiLU(), nn.Linear(1280, 1280))
        self.conv_in = nn.Conv2d(4, 320, 3, padding=1)
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        skips, width = [320], 320
        for level, outputs in enumerate(WIDTHS):
            for _ in range(2):
                self.down.append(nn.ModuleList([Resnet(width, outputs), Transformer(outputs) if level < 3 else None]))
                width = outputs
                skips.append(width)
            if level < 3:
                self.down.append(nn.Conv2d(width, width, 3, 2, 1))
                skips.append(width)
        self.middle = nn.ModuleList([Resnet(1280, 1280), Transformer(1280), Resnet(1280, 1280)])
        for level in reversed(range(4)):
            for _ in range(3):
                joined = width + skips.pop()
                width = WIDTHS[level]
                self.up.append(nn.ModuleList([Resnet(joined, width), Transformer(width) if level < 3 else None]))
            if level > 0:
                self.up.append(nn.Conv2d(width, width, 3, padding=1))
        self.norm_out, self.conv_out = nn.GroupNorm(32, 320), nn.Conv2d(320, 4, 3, padding=1)

    def forward(self, x, timestep, context):
        frequencies = torch.exp(-math.log(10000) * torch.arange(160, device=timestep.device) / 160)
        angles = timestep[:, None] * frequencies[None]
        time_embedding = self.time(torch.cat([angles.cos(), angles.sin()], -1).to(context.dtype))
        x = self.conv_in(x)
        skips = [x]
        for part in self.down:
            x = self.run(part, x, time_embedding, context)
            skips.append(x)
        first, transformer, second = self.middle
        x = second(transformer(first(x, time_embedding), context), time_embedding)
        for part in self.up:
            if isinstance(part, nn.Conv2d):
                x = part(F.interpolate(x, scale_factor=2.0, mode='nearest'))
            else:
                x = self.run(part, torch.cat([x, skips.pop()], 1), time_embedding, context)
        return self.conv_out(F.silu(self.norm_out(x)))

    @staticmethod
    def run(part, x, time_embedding, context):
        if isinstance(part, nn.Conv2d):
            return part(x)
        resnet, transformer = part
        x = resnet(x, time_embedding)
        return x if transformer is None else transformer(x, context)


def blas():
    """The name of the library of matrix products that this process has loaded."""
    with open('/proc/self/maps', encoding='utf8') as maps:
        text = maps.read()
    for name in ['mkl', 'openblas', 'atlas', 'blis']:
        if re.search(f'/lib{name}|/{name}', text):
            return name
    return 'reference BLAS'


def main():
    settings = json.loads(sys.argv[1])
    torch.set_num_threads(settings['threads'])
    torch.manual_seed(1)
    device = settings['device']
    dtype = getattr(torch, settings['precision'])
    net = Unet().to(device, dtype)
    learned = [p for name, p in net.named_parameters() if name.endswith(('.down', '.up'))]
    for parameter in net.parameters():
        parameter.requires_grad_(False)
    is_step = settings['mode'] == 'step'
    for parameter in learned:
        parameter.data = parameter.data.float()
        parameter.requires_grad_(is_step)
    optimizer = torch.optim.AdamW(learned, lr=1e-4) if is_step else None
    edge = settings['latentEdge']
    latents = torch.randn(1, 4, edge, edge, device=device, dtype=dtype)
    context = torch.randn(1, 77, TEXT, device=device, dtype=dtype)
    timestep = torch.tensor([500.0], device=device)
    times, processor = [], []
    for _ in range(settings['repeats'] + 1):
        start, before = time.perf_counter(), time.process_time()
        if is_step:
            optimizer.zero_grad(set_to_none=True)
            loss = F.mse_loss(net(latents, timestep, context), latents)
            loss.backward()
            optimizer.step()
            number = float(loss)
        else:
            with torch.no_grad():
                number = float(net(latents, timestep, context).mean())
        if not math.isfinite(number):
            raise SystemExit('The numbers are not finite.')
        times.append((time.perf_counter() - start) * 1000)
        processor.append((time.process_time() - before) * 1000)
    print(json.dumps({
        'version': torch.__version__, 'blas': blas() if device == 'cpu' else torch.cuda.get_device_name(), 'learned': sum(p.numel() for p in learned),
        'parameters': sum(p.numel() for p in net.parameters()), 'timesMs': times, 'processorMs': processor,
        'peakBytes': resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }))


main()
