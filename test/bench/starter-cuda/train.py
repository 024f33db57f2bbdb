"""Trains the starter pack's networks on CUDA: python train.py JOB DATA STATE OUT SECONDS stage:seconds…

JOB is what export-job.ts wrote, DATA where data.ts is rendering, STATE keeps what a next call goes on from, OUT gets the
averages in float16 and the losses. Every stage ends SECONDS after the start at the latest.
"""

import json
import os
import sys
import time

import numpy as np
import torch

from batches import (Noising, face_batch, instant_batch, judge_batch, moved_heads, other_pictures, plain_heads,
                     unet_batch)
from card import device, say, started
from graphs import Graph
from stage import Stage
from store import Parts, Store


class Run:
    def __init__(self, job_folder, data, state_folder, out, seconds):
        self.folder, self.state_folder, self.out = job_folder, state_folder, out
        self.until = started + seconds
        with open(f"{job_folder}/job.json") as file:
            self.job = json.load(file)
        self.recipe = self.job["recipe"]
        os.makedirs(state_folder, exist_ok=True)
        self.noising = Noising(self.job["alphasCumprod"], device)
        self.empty = torch.tensor(self.job["emptyRows"], dtype=torch.long, device=device)
        self.store = Store(job_folder, self.job, Parts(data, self.job))
        self.states = {}

    def check(self):
        """The steps' updates beside those that ONNX Runtime computed of the same numbers, before time is spent."""
        for name in self.job["checks"]:
            folder = f"{self.folder}/check-{name}"
            graph = Graph(self.folder, f"check-{name}", device, self.job["layouts"]["unet"])
            feeds = {}
            for value in graph.inputs:
                dtype = np.int64 if value["dtype"] == "int64" else np.float32
                numbers = np.fromfile(f"{folder}/in.{value['name']}", dtype=dtype)
                feeds[value["name"]] = torch.from_numpy(numbers).reshape(value["shape"]).to(device)
            out = graph(feeds)
            for output in ("loss", "next.parameters.starter"):
                wanted = torch.from_numpy(np.fromfile(f"{folder}/out.{output}", dtype=np.float32)).to(device)
                before = 0 if output == "loss" else feeds["parameters.starter"]
                moved, right = out[output].view(-1) - before, wanted - before
                error = float((moved - right).norm() / right.norm())
                say(f"{name}: {output} differs by {error:.1e}")
                if not error < 0.05:
                    raise SystemExit(f"{name} is not computed as ONNX Runtime computes it")

    def state(self, name):
        if name not in self.states:
            file = f"{self.state_folder}/{name}.pt"
            if os.path.exists(file):
                self.states[name] = torch.load(file, map_location=device)
            else:
                values = np.fromfile(f"{self.folder}/{name}.f16", dtype=np.float16).astype(np.float32)
                parameters = torch.from_numpy(values).to(device)
                self.states[name] = {
                    "parameters": parameters, "average": parameters.clone(), "losses": [], "steps": 0,
                    "firstMoment": torch.zeros_like(parameters), "secondMoment": torch.zeros_like(parameters)}
        return self.states[name]

    def save(self, name):
        state = self.states[name]
        torch.save(state, f"{self.state_folder}/{name}.partial")
        os.replace(f"{self.state_folder}/{name}.partial", f"{self.state_folder}/{name}.pt")
        state["average"].half().cpu().numpy().tofile(f"{self.out}/{name}.f16")
        with open(f"{self.out}/losses.json", "w") as file:
            json.dump({name: {"losses": s["losses"], "steps": s["steps"], "batch": s.get("batch")}
                       for name, s in self.states.items()}, file)

    def stage(self, name, seconds):
        if self.until - time.time() < 10:
            return say(f"no time is left for {name}")
        prepare = getattr(self, f"prepare_{name}", None)
        base = prepare() if prepare else None
        batch = getattr(self, f"batch_{name}")
        chosen = None
        for size in self.job["sizes"][name]:
            graph = Graph(self.folder, f"{name}-{size}", device, self.job["layouts"]["unet"])
            stage = Stage(name, self.recipe[name], self.state(name), graph, lambda size=size: batch(size), base)
            each = stage.seconds_per_step()
            say(f"{name} {size}: {each * 1000:.1f} ms a step, {size / each:.0f} a second")
            # a larger batch only where it is much more for the time
            if chosen is None or size / each > 1.3 * chosen[1]:
                chosen = (stage, size / each, size)
            del stage
        stage, _, size = chosen
        self.state(name)["batch"] = size
        left = min(seconds, self.until - time.time())
        say(f"{name}: {left:.0f} s with batches of {size}")
        stage.train(left, lambda: self.store.take(2), lambda: self.save(name))

    def prepare_unet(self):
        self.store.wait(self.store.portraits, self.enough(8_000))
        say(f"{self.store.portraits.rows} portraits, {self.store.portraits.plain} plain")

    @staticmethod
    def enough(rows):
        """Rows to begin with; without a card, to try it out, a few."""
        return 10 if device.type == "cpu" else rows

    def batch_unet(self, size):
        return unet_batch(self.recipe, self.store.portraits, self.noising, self.empty, size)

    def prepare_face(self):
        self.store.wait(self.store.people, self.enough(39_600), time.time() + 60)
        say(f"{self.store.people.people} people")

    def batch_face(self, size):
        return face_batch(self.recipe, self.store.people, size)

    def prepare_judge(self):
        self.store.wait(self.store.judge, self.enough(48_000), time.time() + 60)
        say(f"{self.store.judge.people} people for the judge")

    def batch_judge(self, size):
        return judge_batch(self.recipe, self.store.judge, size)

    def prepare_instant(self):
        self.store.wait(self.store.people, self.enough(39_600), time.time() + 60)
        people, embed = self.store.people, Graph(self.folder, "embed", device, self.job["layouts"]["face"])
        face, size = self.state("face")["average"].half().float(), self.job["sizes"]["passes"]
        variants = []
        for k in range(4):
            rows = []
            for start in range(0, people.rows, size):
                crops = people.crops[start:min(start + size, people.rows)]
                heads = torch.zeros((size, 3, 64, 64), device=device)
                heads[:len(crops)] = plain_heads(crops) if k == 0 else moved_heads(crops)
                rows.append(embed({embed.inputs[0]["name"]: heads}, face)["embedding"][:len(crops)])
            variants.append(torch.cat(rows))
        people.embeddings = torch.stack(variants)
        say(f"embeddings of {people.rows} pictures; the same picture's cosine under other light "
            f"{torch.cosine_similarity(variants[0], variants[1]).mean():.3f}")
        people.other_counts, people.others = (
            table.to(device) for table in other_pictures(self.recipe["people"]["pictures"]))
        return self.state("unet")["average"].half().float()

    def batch_instant(self, size):
        return instant_batch(self.recipe, self.store.people, self.noising, self.empty, size)


def main():
    job, data, state, out, seconds = sys.argv[1:6]
    run = Run(job, data, state, out, float(seconds))
    say(f"{torch.cuda.get_device_name() if device.type == 'cuda' else 'no card'}, PyTorch {torch.__version__}")
    run.check()
    for asked in sys.argv[6:]:
        name, each = asked.split(":")
        run.stage(name, float(each))
    print(json.dumps({name: state["steps"] for name, state in run.states.items()}))


main()
