"""What data.ts renders, taken up part by part and kept on the card."""

import math
import os
import queue
import shutil
import threading
import time

import numpy as np
import torch

from card import device
from graphs import Graph


def read(folder, name, dtype, shape):
    return np.fromfile(f"{folder}/{name}", dtype=dtype).reshape(shape)


class Parts(threading.Thread):
    """Reads rendered parts as they come, in the background."""

    def __init__(self, folder, job):
        super().__init__(daemon=True)
        self.folder, self.job, self.ready = folder, job, queue.Queue(maxsize=24)
        self.start()

    def run(self):
        seen = set()
        while True:
            names = [n for n in sorted(os.listdir(self.folder)) if not n.endswith(".partial") and n not in seen] \
                if os.path.isdir(self.folder) else []
            for name in names:
                seen.add(name)
                self.ready.put((name, self.arrays(name)))
                if not name.startswith("people"):
                    # a next call needs people alone
                    shutil.rmtree(f"{self.folder}/{name}")
            time.sleep(0.2)

    def arrays(self, name):
        folder, kind = f"{self.folder}/{name}", name.split("-")[0]
        rgb = read(folder, "rgb", np.uint8, (-1, 128, 128, 3))
        if kind == "portraits":
            captions = self.job["recipe"]["unet"]["captionsEach"]
            return {"rgb": rgb, "weights": read(folder, "weights", np.float32, (-1, 256)),
                    "tokens": read(folder, "tokens", np.int16, (-1, captions, 77)),
                    "plain": read(folder, "plain", np.uint8, (-1,))}
        if kind == "people":
            people = len(rgb) // self.job["recipe"]["people"]["pictures"]
            return {"rgb": rgb, "crops": read(folder, "crops", np.uint8, (-1, 76, 76, 3)),
                    "key_points": read(folder, "keyPoints", np.uint8, (-1, 3, 128, 128)),
                    "weights": read(folder, "weights", np.float32, (-1, 256)),
                    "tokens": read(folder, "tokens", np.int16, (-1, 77)),
                    "numbers": read(folder, "numbers", np.float32, (people, -1))}
        people = len(rgb) // 2
        return {"rgb": rgb, "labels": self.wanted(read(folder, "labels", np.int16, (len(rgb), -1))),
                "points": read(folder, "points", np.float32, (-1, 10)),
                "numbers": read(folder, "numbers", np.float32, (people, -1))}

    def wanted(self, labels):
        """The weight of each kind at the value that is shown."""
        kinds = self.job["labels"]
        out = np.zeros((len(labels), sum(kind["values"] for kind in kinds)), np.float32)
        first = 0
        for k, kind in enumerate(kinds):
            shown = labels[:, k] >= 0
            out[np.nonzero(shown)[0], first + labels[shown, k]] = kind["weight"]
            first += kind["values"]
        return out


class Store:
    """All rendered pictures on the card, growing."""

    def __init__(self, job_folder, job, parts):
        self.job, self.parts, self.pictures = job, parts, job["recipe"]["people"]["pictures"]
        self.encode_graph = Graph(job_folder, "encode", device)
        self.passes = job["sizes"]["passes"]
        self.portraits, self.people, self.judge = Rows(), Rows(), Rows()
        recipe = job["recipe"]["people"]
        self.held_out = range(recipe["count"] - recipe["heldOut"], recipe["count"])

    def encode(self, rgb):
        """[N, 128, 128, 3] bytes to scaled latents in float16."""
        latents = []
        for start in range(0, len(rgb), self.passes):
            part = rgb[start:start + self.passes]
            full = torch.zeros((self.passes, *rgb.shape[1:]), dtype=torch.uint8, device=device)
            full[:len(part)] = part
            image = full.permute(0, 3, 1, 2).float() / 127.5 - 1
            latents.append(self.encode_graph({"image": image})["latent"][:len(part)].half())
        return torch.cat(latents)

    def take(self, most=1000):
        """Takes up what has been read since."""
        for _ in range(most):
            try:
                name, arrays = self.parts.ready.get_nowait()
            except queue.Empty:
                return
            kind, first = name.split("-")
            on_card = {key: torch.from_numpy(values).to(device) for key, values in arrays.items()}
            getattr(self, f"take_{kind}")(int(first), on_card)

    def take_portraits(self, first, arrays):
        rgb = arrays.pop("rgb")
        times = arrays.pop("plain").long()
        plain = torch.repeat_interleave(torch.arange(len(times), device=times.device), times) + self.portraits.rows
        self.portraits.add({"latents": self.encode(rgb), **arrays}, len(rgb), most=120_000)
        self.portraits.add_plain(plain)

    def take_people(self, first, arrays):
        people = len(arrays["numbers"])
        kept = torch.tensor([i for i in range(people) if first + i not in self.held_out], dtype=torch.long)
        if len(kept) == 0:
            return
        rows = (kept.view(-1, 1) * self.pictures + torch.arange(self.pictures)).view(-1).to(device)
        numbers = arrays.pop("numbers")[kept.to(device)]
        arrays = {key: values[rows] for key, values in arrays.items()}
        self.people.add({"latents": self.encode(arrays.pop("rgb")), **arrays}, len(rows), most=40_000)
        self.people.add_people(numbers, most=10_000)

    def take_judge(self, first, arrays):
        numbers = arrays.pop("numbers")
        self.judge.add(arrays, len(arrays["rgb"]), most=48_000)
        self.judge.add_people(numbers, most=24_000)

    def wait(self, rows, least, until=math.inf):
        while rows.rows < least and time.time() < until:
            self.take()
            time.sleep(0.1)


class Rows:
    """Arrays of one capacity, of which the first `rows` are filled; the counts also lie on the card."""

    def __init__(self):
        self.rows = self.people = self.plain = 0
        self.count = torch.zeros((), dtype=torch.long, device=device)
        self.plain_count = torch.zeros((), dtype=torch.long, device=device)

    def add(self, arrays, count, most):
        for name, values in arrays.items():
            if not hasattr(self, name):
                setattr(self, name, torch.zeros((most, *values.shape[1:]), dtype=values.dtype, device=device))
            getattr(self, name)[self.rows:self.rows + count] = values
        self.rows += count
        self.count.fill_(self.rows)

    def add_plain(self, places):
        if not hasattr(self, "plain_list"):
            self.plain_list = torch.zeros(120_000, dtype=torch.long, device=device)
        self.plain_list[self.plain:self.plain + len(places)] = places
        self.plain += len(places)
        self.plain_count.fill_(self.plain)

    def add_people(self, numbers, most):
        if not hasattr(self, "numbers"):
            self.numbers = torch.zeros((most, numbers.shape[1]), device=device)
        self.numbers[self.people:self.people + len(numbers)] = numbers
        self.people += len(numbers)
