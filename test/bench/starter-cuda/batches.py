"""Batches on the card, out of what data.ts rendered: the same draws as in src-main/starter's *-batches.ts, vectorised."""

import torch
import torch.nn.functional as F


def uniform(shape, low, high, device):
    return low + (high - low) * torch.rand(shape, device=device)


def chance(shape, p, device):
    return torch.rand(shape, device=device) < p


def whole(values, count):
    """Shares of 0..1 as whole numbers below `count`."""
    return (values * count).long().clamp(max=count - 1) if isinstance(count, int) \
        else torch.minimum((values * count).long(), count - 1)


class Noising:
    """v-prediction's noisy latents and velocities (Salimans and Ho 2022)."""

    def __init__(self, alphas_cumprod, device):
        cumprod = torch.tensor(alphas_cumprod, dtype=torch.float64)
        self.alpha = cumprod.sqrt().float().to(device)
        self.sigma = (1 - cumprod).sqrt().float().to(device)
        self.steps = len(alphas_cumprod)

    def __call__(self, latent, power):
        batch = latent.shape[0]
        item = torch.arange(batch, device=latent.device)
        share = (item + torch.rand(batch, device=latent.device)) / batch
        timestep = (share ** power * self.steps).long().clamp(max=self.steps - 1)
        alpha, sigma = (table[timestep].view(-1, 1, 1, 1) for table in (self.alpha, self.sigma))
        noise = torch.randn_like(latent)
        return {"noisyLatent": alpha * latent + sigma * noise, "velocity": alpha * noise - sigma * latent,
                "timestep": timestep.float()}


def unet_batch(recipe, data, noising, empty, batch):
    plan, device = recipe["unet"], data.latents.device
    index = whole(torch.rand(batch, device=device), data.count)
    plain = data.plain_list[whole(torch.rand(batch, device=device), data.plain_count)]
    index = torch.where(chance(batch, plan["plainShare"], device), plain, index)
    caption = whole(torch.rand(batch, device=device), plan["captionsEach"])
    ids = data.tokens[index, caption].long()
    ids = torch.where(chance((batch, 1), plan["captionDropout"], device), empty, ids)
    return {**noising(data.latents[index].float(), plan["noisyPower"]), "inputIds": ids,
            "weight": data.weights[index].view(batch, 1, *data.latents.shape[2:])}


def other_pictures(pictures):
    """For each picture of a person how many others show the face, and which; the last may be of any style."""
    table = [[i for i in range(pictures - 1) if i != own] for own in range(pictures)]
    return (torch.tensor([len(others) for others in table]),
            torch.tensor([(others + others)[:pictures - 1] for others in table]))


def instant_batch(recipe, data, noising, empty, batch):
    plan, device, people = recipe["instant"], data.latents.device, data.people
    pictures = recipe["people"]["pictures"]
    person = whole(torch.rand(batch, device=device), people)
    own = whole(torch.rand(batch, device=device), pictures)
    index = person * pictures + own
    neither = chance((batch, 1), 0.05, device)
    no_caption = neither | chance((batch, 1), plan["captionDropout"], device)
    no_face = neither | chance((batch, 1), plan["faceDropout"], device)
    # another photo of the person, or the mean of two; the last picture may be of any style
    count = data.other_counts[own]
    start = (torch.rand(batch, device=device) * count).long()
    face = []
    for k in range(2):
        other = data.others[own, (start + k) % count]
        variant = whole(torch.rand(batch, device=device), data.embeddings.shape[0])
        face.append(data.embeddings[variant, person * pictures + other])
    both = chance((batch, 1), 0.4, device)
    face = torch.where(both, (face[0] + face[1]) / 2, face[0])
    return {
        **noising(data.latents[index].float(), 0.6),
        "inputIds": torch.where(no_caption, empty, data.tokens[index].long()),
        "faceEmbedding": torch.where(no_face, torch.zeros_like(face), face).view(batch, 1, -1),
        "keyPoints": data.key_points[index].float() / 255,
        "tokenShare": (~chance((batch, 1, 1), plan["imageTokensDropout"], device)).float(),
        "controlShare": (~chance((batch, 1, 1, 1), plan["identityNetDropout"], device)).float(),
        "lossWeight": data.weights[index].view(batch, 1, *data.latents.shape[2:]),
    }


def pairs(people, pictures, half, device):
    """Rows of two pictures each of `half` different people, and the people."""
    person = torch.rand(people, device=device).topk(half).indices
    first = whole(torch.rand(half, device=device), pictures)
    second = (first + 1 + whole(torch.rand(half, device=device), pictures - 1)) % pictures
    return torch.cat([person * pictures + first, person * pictures + second]), torch.cat([person, person])


def sampled(pictures, x, y):
    """Bilinear samples of [B, C, H, W] at x and y [B, h, w] in pixels whose centres are whole numbers."""
    height, width = pictures.shape[2:]
    grid = torch.stack([x / (width - 1) * 2 - 1, y / (height - 1) * 2 - 1], -1)
    return F.grid_sample(pictures, grid, mode="bilinear", padding_mode="border", align_corners=True)


def plain_heads(crops, edge=64):
    margin = (crops.shape[1] - edge) // 2
    return crops[:, margin:margin + edge, margin:margin + edge].permute(0, 3, 1, 2).float() / 127.5 - 1


def moved_heads(crops, edge=64):
    """As copyHead() of head-batches.ts: [B, 76, 76, 3] bytes to [B, 3, 64, 64]."""
    batch, device = crops.shape[0], crops.device
    normal = lambda: torch.randn((batch, 1, 1), device=device)
    angle, scale = normal() * 0.05, 1 + normal() * 0.035
    cos, sin = angle.cos() * scale, angle.sin() * scale
    centre = crops.shape[1] / 2 - 0.5
    at = torch.arange(edge, device=device).float() - (edge / 2 - 0.5)
    u, v = at.view(1, 1, -1), at.view(1, -1, 1)
    x = centre + normal() * 1.2 + cos * u - sin * v
    y = centre + normal() * 1.2 + sin * u + cos * v
    heads = sampled(crops.permute(0, 3, 1, 2).float(), x, y)
    light = uniform((batch, 1, 1, 1), 0.82, 1.15, device)
    gains = light * uniform((batch, 3, 1, 1), 0.95, 1.05, device) / 127.5
    heads = heads * gains + uniform((batch, 1, 1, 1), -0.06, 0.06, device) - 1
    blurred = heads
    for axis in (3, 2):
        inner = 0.5 * blurred.narrow(axis, 1, edge - 2) + 0.25 * (
            blurred.narrow(axis, 0, edge - 2) + blurred.narrow(axis, 2, edge - 2))
        blurred = torch.cat([blurred.narrow(axis, 0, 1), inner, blurred.narrow(axis, edge - 1, 1)], axis)
    heads = torch.where(chance((batch, 1, 1, 1), 0.35, device), blurred, heads)
    strength = uniform((batch, 1, 1, 1), 0, 0.1, device) * chance((batch, 1, 1, 1), 0.5, device)
    return heads + strength * (torch.rand_like(heads) - 0.5)


def face_batch(recipe, data, batch):
    rows, people = pairs(data.people, recipe["people"]["pictures"], batch // 2, data.latents.device)
    return {"heads": moved_heads(data.crops[rows]), "numbers": data.numbers[people]}


def judge_batch(recipe, data, batch):
    """As judgeBatch() and judge-view.ts."""
    edge, device, source = recipe["judge"]["edgePx"], data.rgb.device, data.rgb.shape[1]
    rows, people = pairs(data.people, 2, batch // 2, device)
    spread = lambda deviation, *shape: deviation * torch.randn((batch, *shape), device=device).clamp(-2, 2)
    size = uniform(batch, 0.94, 1.02, device)
    slack = source * (1 - size) / 2
    step = source * size / edge
    left, top = slack + spread(source * 0.02), slack + spread(source * 0.02)
    at = torch.arange(edge, device=device).float() + 0.5
    place = lambda start: (start.view(-1, 1) + at * step.view(-1, 1) - 0.5).clamp(0, source - 1)
    x = place(left).view(batch, 1, edge).expand(batch, edge, edge)
    y = place(top).view(batch, edge, 1).expand(batch, edge, edge)
    view = sampled(data.rgb[rows].permute(0, 3, 1, 2).float(), x, y) / 127.5 - 1
    share = uniform((batch, 1, 1, 1), 0.1, 0.9, device) * chance((batch, 1, 1, 1), 0.7, device)
    twice = chance((batch, 1, 1, 1), 0.5, device)
    view = blended(view, share)
    view = torch.where(twice, blended(view, share), view)
    knots = -(-edge // 8) + 1
    blotch = uniform((batch, 1, 1, 1), 0, 0.06, device) * chance((batch, 1, 1, 1), 0.5, device)
    coarse = torch.randn((batch, 3, knots, knots), device=device) * blotch
    fine = F.interpolate(coarse, size=((knots - 1) * 8 + 1,) * 2, mode="bilinear", align_corners=True)
    view = view + fine[:, :, :edge, :edge]
    gain = 1 + spread(0.05, 1, 1, 1) + spread(0.015, 3, 1, 1)
    offset = spread(0.03, 1, 1, 1) + spread(0.015, 3, 1, 1)
    grain = uniform((batch, 1, 1, 1), 0, 0.06, device) * chance((batch, 1, 1, 1), 0.6, device) * 2.45
    view = view * gain + offset + (torch.rand_like(view) + torch.rand_like(view) - 1) * grain
    points = data.points[rows].view(batch, 5, 2)
    start = torch.stack([left, top], -1).view(batch, 1, 2)
    told = ((points - start) / (step.view(-1, 1, 1) * edge) - 0.5) * 8
    return {"pictures": view, "labels": data.labels[rows], "numbers": data.numbers[people],
            "points": told.reshape(batch, 10)}


def blended(view, share):
    """Each pixel towards the mean of its three in a row, then in a column; `share` of 0 leaves it."""
    for pad in ((1, 1, 0, 0), (0, 0, 1, 1)):
        wide = F.pad(view, pad, mode="replicate")
        mean = (wide[:, :, :, :-2] + view + wide[:, :, :, 2:]) / 3 if pad[0] else \
            (wide[:, :, :-2] + view + wide[:, :, 2:]) / 3
        view = view + share * (mean - view)
    return view
