"""Trains denoiser or InstantID of the starter pack: python train.py FOLDER unet|instant MINUTES [BATCH [RATE]].

FOLDER is what data.ts wrote; FOLDER/STAGE.state.pt is gone on from where it is there, with a rate that warms up again.
At the end FOLDER/STAGE.average.f32 and STAGE.losses.f32 are for take-up.ts. The rate follows the clock as the recipe
says.
"""

import math
import os
import sys
import time

import numpy as np
import torch

from networks import identity_net, resampler, text_encoder, unet
from optimizer import Muon
from pictures import People, Portraits, job_of, read


class Vector:
    """A flat vector of a layout as its tensors, by name."""

    def __init__(self, layout, values):
        self.tensors = {}
        for name, place in layout["entries"].items():
            own = values[place["offset"]:place["offset"] + place["size"]].reshape(place["shape"]).clone()
            self.tensors[name] = own.to(memory_format=torch.channels_last) if own.dim() == 4 else own


def denoiser_velocity(p, base, feeds):
    """Denoiser and text encoder learn together; `base` is not needed."""
    return unet(p, feeds["noisyLatent"], feeds["timestep"], text_encoder(p, feeds["inputIds"]))


def instant_velocity(p, base, feeds):
    """Resampler, image attention and IdentityNet beside the frozen denoiser `base`."""
    sample, timestep = feeds["noisyLatent"], feeds["timestep"]
    tokens = resampler(p, feeds["faceEmbedding"])
    control = identity_net(p, sample, timestep, tokens, feeds["keyPoints"], feeds["controlShare"])
    image_prompt = (p, tokens * feeds["tokenShare"])
    return unet(base, sample, timestep, text_encoder(base, feeds["inputIds"]), image_prompt, control)


STAGES = {"unet": (Portraits, denoiser_velocity, "weight"), "instant": (People, instant_velocity, "lossWeight")}


class Training:
    def __init__(self, folder, name):
        self.folder, self.name, self.job = folder, name, job_of(folder)
        self.layout, self.plan = self.job["layouts"][name], self.job["recipe"][name]
        pictures, self.velocity, self.weight = STAGES[name]
        self.check()
        self.pictures = pictures(folder, self.job)
        trained = "unet.average.f32"
        self.base = self.denoiser(trained if os.path.exists(f"{folder}/{trained}") else "unet.f32")
        self.file = f"{folder}/{name}.state.pt"
        state = torch.load(self.file) if os.path.exists(self.file) else self.new_state()
        self.losses, self.updates = state["losses"], state["updates"]
        self.parameters, self.average, self.first, self.second = (
            Vector(self.layout, state[key]).tensors for key in ("parameters", "average", "first", "second"))
        for own in self.parameters.values():
            own.requires_grad_(True)
        self.muon = Muon(self.parameters, self.first, self.second)

    def denoiser(self, file):
        """As a pack keeps it, in float16's values."""
        return Vector(self.job["layouts"]["unet"], read(self.folder, file, np.float32, -1).half().float()).tensors

    def new_state(self):
        values = read(self.folder, f"{self.name}.f32", np.float32, -1)
        zeros = torch.zeros_like(values)
        return {"parameters": values, "average": values, "first": zeros, "second": zeros, "losses": [], "updates": 0}

    def loss(self, predict, feeds):
        return ((predict(feeds) - feeds["velocity"]) ** 2 * feeds[self.weight]).mean()

    def check(self):
        """The loss of the pack's own networks beside ONNX Runtime's, in float32, before time is spent."""
        feeds = {}
        for name, shape in self.job["checks"][self.name].items():
            dtype = np.int64 if name == "inputIds" else np.float32
            feeds[name] = read(self.folder, f"check.{self.name}.{name}", dtype, *shape)
        # its ids are those of the pack's vocabulary, of the empty prompt
        feeds["inputIds"] = read(self.folder, "empty.i16", np.int16, 77).long().expand(2, -1)
        own = Vector(self.layout, read(self.folder, f"{self.name}.f32", np.float32, -1)).tensors
        base = self.denoiser("unet.f32")
        with torch.no_grad():
            loss = float(self.loss(lambda given: self.velocity(own, base, given), feeds))
        wanted = float(read(self.folder, f"check.{self.name}.loss", np.float32, 1))
        print(f"loss {loss:.6f}, ONNX Runtime's {wanted:.6f}", flush=True)
        if not abs(loss - wanted) < 1e-5 + 1e-4 * abs(wanted):
            raise SystemExit(f"{self.name} is not computed as ONNX Runtime computes it")

    def predicted(self, feeds):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return self.velocity(self.parameters, self.base, feeds).float()

    def measured(self, is_held_out):
        """Mean loss of the average, always of the same draws."""
        kept = {name: own.data for name, own in self.parameters.items()}
        for name, own in self.parameters.items():
            own.data = self.average[name]
        with torch.random.fork_rng(), torch.no_grad():
            torch.manual_seed(5)
            losses = []
            for _ in range(16):
                losses.append(float(self.loss(self.predicted, self.pictures.batch(32, is_held_out))))
        for name, own in self.parameters.items():
            own.data = kept[name]
        return sum(losses) / len(losses)

    def rate(self, step, share, highest):
        plan = self.plan
        if share <= plan["constantShare"]:
            return highest * min(1, (step + 1) / plan["warmUpSteps"])
        through = (share - plan["constantShare"]) / (1 - plan["constantShare"])
        return highest * (plan["finalShare"] + (1 - plan["finalShare"]) * (0.5 + 0.5 * math.cos(math.pi * through)))

    def step(self, predicted, size, rate):
        loss = self.loss(predicted, self.pictures.batch(size))
        gradients = torch.autograd.grad(loss, list(self.parameters.values()))
        self.updates += 1
        self.muon.update(dict(zip(self.parameters, gradients)), rate, self.updates)
        values = [own.data for own in self.parameters.values()]
        torch._foreach_lerp_(list(self.average.values()), values, 1 - self.plan["emaDecay"])
        self.losses.append(loss.item())
        if not math.isfinite(self.losses[-1]):
            raise SystemExit(f"{self.name}: the loss is {self.losses[-1]}; the last state is in {self.file}")

    def train(self, minutes, size, rate):
        # compiling takes five minutes and saves a quarter of each step
        predicted = torch.compile(self.predicted) if minutes >= 30 else self.predicted
        begun = saved = time.time()
        step = 0
        while time.time() - begun < minutes * 60:
            now = self.rate(step, (time.time() - begun) / minutes / 60, rate)
            self.step(predicted, size, now)
            step += 1
            if step % 50 == 0:
                print(f"{self.name} {len(self.losses)} loss {sum(self.losses[-50:]) / 50:.4f} rate {now:.5f} "
                      f"{(time.time() - begun) / step * 1000:.0f} ms a step", flush=True)
            if time.time() - saved > 240:
                self.save()
                saved = time.time()
        self.save()

    def save(self):
        vectors = {"parameters": self.parameters, "average": self.average, "first": self.first, "second": self.second}
        state = {name: torch.cat([own.detach().contiguous().view(-1) for own in of.values()])
                 for name, of in vectors.items()}
        torch.save({**state, "losses": self.losses, "updates": self.updates}, f"{self.file}.partial")
        os.replace(f"{self.file}.partial", self.file)
        state["average"].numpy().tofile(f"{self.folder}/{self.name}.average.f32")
        np.array(self.losses, np.float32).tofile(f"{self.folder}/{self.name}.losses.f32")


def main():
    folder, name, minutes = sys.argv[1:4]
    training = Training(folder, name)
    size = int(sys.argv[4]) if len(sys.argv) > 4 else training.plan["batchSize"]
    rate = float(sys.argv[5]) if len(sys.argv) > 5 else training.plan["learningRate"]
    print(f"before: held out {training.measured(True):.4f}, learned from {training.measured(False):.4f}", flush=True)
    training.train(float(minutes), size, rate)
    print(f"after: held out {training.measured(True):.4f}, learned from {training.measured(False):.4f}", flush=True)


main()
