"""Trains denoiser or InstantID of the starter pack: python train.py FOLDER unet|instant MINUTES [BATCH [RATE]].

FOLDER is what data.ts wrote; FOLDER/STAGE.state.pt is gone on from where it is there, with a rate that warms up again.
At the end FOLDER/STAGE.average.f32 and STAGE.losses.f32 are for take-up.ts. The rate follows the clock as the recipe says.
"""

import math
import os
import sys
import time

import numpy as np
import torch

from batches import CHANNELS_LAST, People, Portraits, job_of, read
from networks import identity_net, resampler, text_encoder, unet
from optimizer import Muon


class Vector:
    """A flat vector of a layout as its tensors, by name."""

    def __init__(self, layout, values):
        self.tensors = {}
        for name, place in layout["entries"].items():
            own = values[place["offset"]:place["offset"] + place["size"]].reshape(place["shape"]).clone()
            self.tensors[name] = own.to(memory_format=CHANNELS_LAST) if own.dim() == 4 else own

    def flat(self):
        return torch.cat([own.detach().contiguous().view(-1) for own in self.tensors.values()])


class Unet:
    """Denoiser and text encoder together; both are in one vector."""

    def __init__(self, folder, job):
        self.pictures = Portraits(folder, job)

    def predict(self, p, sample, timestep, ids):
        return unet(p, sample, timestep, text_encoder(p, ids))

    def check_inputs(self, get):
        return get("noisyLatent"), get("timestep"), self.pictures.empty.expand(2, -1), get("velocity"), get("weight")


class Instant:
    """Resampler, image attention and IdentityNet beside the frozen denoiser, FOLDER's newest."""

    def __init__(self, folder, job):
        self.pictures = People(folder, job)
        trained = f"{folder}/unet.average.f32"
        base = read(folder, "unet.average.f32" if os.path.exists(trained) else "unet.f32", np.float32, -1)
        self.base = Vector(job["layouts"]["unet"], base.half().float()).tensors

    def predict(self, p, sample, timestep, ids, face, key_points, token_share, control_share):
        tokens = resampler(p, face)
        control = identity_net(p, sample, timestep, tokens, key_points, control_share)
        return unet(self.base, sample, timestep, text_encoder(self.base, ids), (p, tokens * token_share), control)

    def check_inputs(self, get):
        return (get("noisyLatent"), get("timestep"), self.pictures.empty.expand(2, -1), get("faceEmbedding"),
                get("keyPoints"), get("tokenShare"), get("controlShare"), get("velocity"), get("lossWeight"))


class Training:
    def __init__(self, folder, name):
        self.folder, self.name, job = folder, name, job_of(folder)
        self.layout, self.plan = job["layouts"][name], job["recipe"][name]
        self.stage = {"unet": Unet, "instant": Instant}[name](folder, job)
        self.file = f"{folder}/{name}.state.pt"
        state = torch.load(self.file) if os.path.exists(self.file) else self.new_state()
        self.losses, self.updates = state["losses"], state["updates"]
        self.parameters, self.average, self.first, self.second = (
            Vector(self.layout, state[key]).tensors for key in ("parameters", "average", "first", "second"))
        for own in self.parameters.values():
            own.requires_grad_(True)
        self.muon = Muon(self.parameters, self.first, self.second)

    def new_state(self):
        values = read(self.folder, f"{self.name}.f32", np.float32, -1)
        zeros = torch.zeros_like(values)
        return {"parameters": values, "average": values, "first": zeros, "second": zeros, "losses": [], "updates": 0}

    def predicted(self, *inputs):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return self.stage.predict(self.parameters, *inputs).float()

    def check(self):
        """The loss of the pack's own networks beside ONNX Runtime's, in float32, before time is spent."""
        job = job_of(self.folder)
        if self.name == "instant":
            self.stage.base = Vector(job["layouts"]["unet"], read(self.folder, "unet.f32", np.float32, -1)).tensors
        *inputs, velocity, weight = self.stage.check_inputs(self.check_feed)
        own = Vector(self.layout, read(self.folder, f"{self.name}.f32", np.float32, -1)).tensors
        with torch.no_grad():
            loss = float(((self.stage.predict(own, *inputs) - velocity) ** 2 * weight).mean())
        wanted = float(read(self.folder, f"check.{self.name}.loss", np.float32, 1))
        print(f"loss {loss:.6f}, ONNX Runtime's {wanted:.6f}", flush=True)
        if not abs(loss - wanted) < 1e-4 * max(1, abs(wanted)):
            raise SystemExit(f"{self.name} is not computed as ONNX Runtime computes it")
        self.stage = {"unet": Unet, "instant": Instant}[self.name](self.folder, job)

    def check_feed(self, name):
        values = read(self.folder, f"check.{self.name}.{name}", np.float32, -1)
        shapes = {"timestep": (2,), "faceEmbedding": (2, 1, -1), "tokenShare": (2, 1, 1), "controlShare": (2, 1, 1, 1),
                  "keyPoints": (2, 3, 128, 128)}
        return values.reshape(shapes.get(name, (2, -1, 16, 16)))

    def measured(self, is_held_out):
        """Mean loss of the average, always of the same draws."""
        kept = {name: own.data for name, own in self.parameters.items()}
        for name, own in self.parameters.items():
            own.data = self.average[name]
        with torch.random.fork_rng(), torch.no_grad():
            torch.manual_seed(5)
            losses = []
            for _ in range(16):
                inputs, velocity, weight = self.stage.pictures.batch(32, is_held_out)
                losses.append(float(((self.predicted(*inputs) - velocity) ** 2 * weight).mean()))
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
        inputs, velocity, weight = self.stage.pictures.batch(size)
        loss = ((predicted(*inputs) - velocity) ** 2 * weight).mean()
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
    training.check()
    size = int(sys.argv[4]) if len(sys.argv) > 4 else training.plan["batchSize"]
    rate = float(sys.argv[5]) if len(sys.argv) > 5 else training.plan["learningRate"]
    print(f"before: held out {training.measured(True):.4f}, learned from {training.measured(False):.4f}", flush=True)
    training.train(float(minutes), size, rate)
    print(f"after: held out {training.measured(True):.4f}, learned from {training.measured(False):.4f}", flush=True)


main()
