"""What data.ts wrote, as the batches of ../starter-cuda read it."""

import json
import os
import sys

import numpy as np
import torch

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "starter-cuda"))
from batches import Noising, instant_batch, other_pictures, unet_batch  # noqa: E402


def read(folder, name, dtype, *shape):
    return torch.from_numpy(np.fromfile(f"{folder}/{name}", dtype=dtype)).reshape(shape)


def job_of(folder):
    with open(f"{folder}/job.json") as file:
        return json.load(file)


class Pictures:
    """Batches of a stage; `is_held_out`: of the pictures that nothing is learned from."""

    def __init__(self, folder, job):
        self.job, self.noising = job, Noising(job["alphasCumprod"], "cpu")
        self.empty = read(folder, "empty.i16", np.int16, 77).long()

    def batch(self, size, is_held_out=False):
        rows = self.held_out if is_held_out else self.known
        feeds = self.draw(self.job["recipe"], rows, self.noising, self.empty, size)
        return {name: value.to(memory_format=torch.channels_last) if value.dim() == 4 else value
                for name, value in feeds.items()}


class Rows:
    def __init__(self, arrays, first, end):
        for name, values in arrays.items():
            setattr(self, name, values[first:end])


class Portraits(Pictures):
    draw = staticmethod(unet_batch)

    def __init__(self, folder, job):
        super().__init__(folder, job)
        captions = job["recipe"]["unet"]["captionsEach"]
        arrays = {"latents": read(folder, "portraits.latents.f16", np.float16, -1, 16, 16, 16),
                  "tokens": read(folder, "portraits.tokens.i16", np.int16, -1, captions, 77),
                  "weights": read(folder, "portraits.weights.f32", np.float32, -1, 256)}
        end = len(arrays["latents"])
        first = end - job["recipe"]["heldOut"]
        self.known, self.held_out = Rows(arrays, 0, first), Rows(arrays, first, end)
        plain = read(folder, "portraits.plain.i32", np.int32, -1).long()
        for rows, places in ((self.known, plain), (self.held_out, torch.arange(end - first))):
            rows.count, rows.plain_list, rows.plain_count = (torch.tensor(len(rows.latents)), places,
                                                             torch.tensor(len(places)))


class People(Pictures):
    draw = staticmethod(instant_batch)

    def __init__(self, folder, job):
        super().__init__(folder, job)
        people, length = job["recipe"]["people"], job["recipe"]["face"]["embeddingLength"]
        pictures = people["pictures"]
        end = people["count"] * pictures
        first = end - people["heldOut"] * pictures
        shown = np.memmap(f"{folder}/people.keyPoints.u8", np.uint8, "c")
        arrays = {"latents": read(folder, "people.latents.f16", np.float16, end, 16, 16, 16),
                  "tokens": read(folder, "people.tokens.i16", np.int16, end, 77),
                  "weights": read(folder, "people.weights.f32", np.float32, end, 256),
                  "key_points": torch.from_numpy(shown.reshape(end, 3, 128, 128))}
        embeddings = read(folder, "people.embeddings.f32", np.float32, -1, end, length)
        self.known, self.held_out = Rows(arrays, 0, first), Rows(arrays, first, end)
        for rows, own in ((self.known, embeddings[:, :first]), (self.held_out, embeddings[:, first:])):
            rows.embeddings, rows.people = own, torch.tensor(own.shape[1] // pictures)
            rows.other_counts, rows.others = other_pictures(pictures)
