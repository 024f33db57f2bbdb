"""What data.ts wrote, and batches out of it: the draws of training-batches.ts and instant-batches.ts, vectorised."""

import json

import numpy as np
import torch

CHANNELS_LAST = torch.channels_last


def read(folder, name, dtype, *shape):
    return torch.from_numpy(np.fromfile(f"{folder}/{name}", dtype=dtype)).reshape(shape)


def chance(p, *shape):
    return torch.rand(shape) < p


class Noising:
    """v-prediction's noisy latents and velocities (Salimans and Ho 2022); of a power below 1 more are of much noise."""

    def __init__(self, alphas_cumprod):
        cumprod = torch.tensor(alphas_cumprod, dtype=torch.float64)
        self.alpha, self.sigma = cumprod.sqrt().float(), (1 - cumprod).sqrt().float()

    def __call__(self, latent, power):
        batch, steps = latent.shape[0], len(self.alpha)
        share = (torch.arange(batch) + torch.rand(batch)) / batch
        timestep = (share ** power * steps).long().clamp(max=steps - 1)
        alpha, sigma = (table[timestep].view(-1, 1, 1, 1) for table in (self.alpha, self.sigma))
        noise = torch.randn_like(latent)
        noisy = (alpha * latent + sigma * noise).to(memory_format=CHANNELS_LAST)
        return noisy, alpha * noise - sigma * latent, timestep.float()


class Portraits:
    def __init__(self, folder, job):
        self.plan, self.noising = job["recipe"]["unet"], Noising(job["alphasCumprod"])
        captions = self.plan["captionsEach"]
        self.latents = read(folder, "portraits.latents.f16", np.float16, -1, 16, 16, 16)
        self.tokens = read(folder, "portraits.tokens.i16", np.int16, -1, captions, 77)
        self.weights = read(folder, "portraits.weights.f32", np.float32, -1, 1, 16, 16)
        self.plain = read(folder, "portraits.plain.i32", np.int32, -1).long()
        self.empty = read(folder, "empty.i16", np.int16, 77).long()
        self.held_out = job["recipe"]["heldOut"]

    def batch(self, size, is_held_out=False):
        """Inputs of the network, the velocity and the weight of each place."""
        count = len(self.latents)
        index = torch.randint(count - self.held_out, count, (size,)) if is_held_out else torch.where(
            chance(self.plan["plainShare"], size), self.plain[torch.randint(len(self.plain), (size,))],
            torch.randint(count - self.held_out, (size,)))
        ids = self.tokens[index, torch.randint(self.tokens.shape[1], (size,))].long()
        ids = torch.where(chance(self.plan["captionDropout"], size, 1), self.empty, ids)
        noisy, velocity, timestep = self.noising(self.latents[index].float(), self.plan["noisyPower"])
        return (noisy, timestep, ids), velocity, self.weights[index]


class People:
    def __init__(self, folder, job):
        self.plan, self.noising = job["recipe"]["instant"], Noising(job["alphasCumprod"])
        people = job["recipe"]["people"]
        self.count, self.pictures, self.held_out = people["count"], people["pictures"], people["heldOut"]
        rows = self.count * self.pictures
        self.latents = read(folder, "people.latents.f16", np.float16, rows, 16, 16, 16)
        self.embeddings = read(folder, "people.embeddings.f32", np.float32, -1, rows,
                               job["recipe"]["face"]["embeddingLength"])
        self.tokens = read(folder, "people.tokens.i16", np.int16, rows, 77)
        self.weights = read(folder, "people.weights.f32", np.float32, rows, 1, 16, 16)
        self.key_points = torch.from_numpy(np.memmap(f"{folder}/people.keyPoints.u8", np.uint8, "c").reshape(
            rows, 3, 128, 128))
        self.empty = read(folder, "empty.i16", np.int16, 77).long()
        # faces come from photos, and the last picture of a person may be of any style
        last = self.pictures - 1
        others = [[i for i in range(last) if i != own] for own in range(self.pictures)]
        self.other_counts = torch.tensor([len(of) for of in others])
        self.others = torch.tensor([(of + of)[:last] for of in others])

    def face(self, person, own):
        """Of another picture of the person, or the mean of two."""
        size, count = len(person), self.other_counts[own]
        start = (torch.rand(size) * count).long()
        faces = []
        for k in range(2):
            other = person * self.pictures + self.others[own, (start + k) % count]
            faces.append(self.embeddings[torch.randint(len(self.embeddings), (size,)), other])
        return torch.where(chance(0.4, size, 1), (faces[0] + faces[1]) / 2, faces[0])

    def batch(self, size, is_held_out=False):
        plan, known = self.plan, self.count - self.held_out
        person = torch.randint(known, self.count, (size,)) if is_held_out else torch.randint(known, (size,))
        own = torch.randint(self.pictures, (size,))
        index = person * self.pictures + own
        neither = chance(0.05, size, 1)
        face = self.face(person, own)
        face = torch.where(neither | chance(plan["faceDropout"], size, 1), torch.zeros_like(face), face)
        ids = torch.where(neither | chance(plan["captionDropout"], size, 1), self.empty, self.tokens[index].long())
        noisy, velocity, timestep = self.noising(self.latents[index].float(), 0.6)
        shown = (self.key_points[index].float() / 255).to(memory_format=CHANNELS_LAST)
        shares = ((~chance(plan[name], size, *ones)).float() for name, ones in (
            ("imageTokensDropout", (1, 1)), ("identityNetDropout", (1, 1, 1))))
        return (noisy, timestep, ids, face.unsqueeze(1), shown, *shares), velocity, self.weights[index]


def job_of(folder):
    with open(f"{folder}/job.json") as file:
        return json.load(file)
