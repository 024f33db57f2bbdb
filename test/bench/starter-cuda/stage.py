"""The training loop of one network."""

import math
import time

import torch

from card import device, finish, say


class Stage:
    """One network's training: a graph that is a whole step, replayed; average and schedule as in stage-trainer.ts."""

    def __init__(self, name, plan, state, graph, batch, base=None):
        self.name, self.plan, self.state, self.graph, self.batch, self.base = name, plan, state, graph, batch, base
        self.schedule = torch.zeros(4, device=device)
        self.rest = torch.zeros(1, device=device)
        self.sums = torch.zeros(2, device=device)
        self.replay = self.captured()

    def body(self):
        state = self.state
        out = self.graph({**self.batch(), "schedule": self.schedule, "parameters.starter": state["parameters"],
                          "firstMoment.starter": state["firstMoment"], "secondMoment.starter": state["secondMoment"]},
                         self.base)
        for name in ("parameters", "firstMoment", "secondMoment"):
            state[name].copy_(out[f"next.{name}.starter"])
        state["average"].add_(self.rest * (state["parameters"] - state["average"]))
        self.sums.add_(torch.stack([out["loss"].view(()), out["gradientNorm"].view(())]))

    def captured(self):
        """The step as one CUDA graph; without a card the step as it is."""
        if device.type != "cuda":
            return self.body
        before = {name: values.clone() for name, values in self.state.items() if torch.is_tensor(values)}
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                self.body()
        torch.cuda.current_stream().wait_stream(side)
        torch.cuda.synchronize()
        try:
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                self.body()
            replay = graph.replay
        except Exception as error:
            say(f"{self.name} cannot be captured: {error}")
            torch.cuda.synchronize()
            replay = self.body
        for name, values in before.items():
            self.state[name].copy_(values)
        self.sums.zero_()
        torch.cuda.synchronize()
        return replay

    def seconds_per_step(self, repeats=10):
        before = {name: values.clone() for name, values in self.state.items() if torch.is_tensor(values)}
        self.set_numbers(1e-6, 0.5, 1)
        self.replay()
        finish()
        begun = time.time()
        for _ in range(repeats):
            self.replay()
        finish()
        for name, values in before.items():
            self.state[name].copy_(values)
        self.sums.zero_()
        return (time.time() - begun) / repeats

    def set_numbers(self, rate, decay, updates):
        plan = self.plan
        numbers = torch.tensor([plan["clipNorm"], 1 / (1 - plan["beta1"] ** updates),
                                1 / (1 - plan["beta2"] ** updates), rate, 1 - decay])
        numbers = numbers.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else numbers
        self.schedule.copy_(numbers[:4])
        self.rest.copy_(numbers[4:])

    def rate(self, step, share):
        plan = self.plan
        if step < plan["warmUpSteps"]:
            return plan["learningRate"] * (step + 1) / plan["warmUpSteps"]
        if share <= plan["constantShare"]:
            return plan["learningRate"]
        through = min(1, (share - plan["constantShare"]) / (1 - plan["constantShare"]))
        cosine = 0.5 + 0.5 * math.cos(math.pi * through)
        return plan["learningRate"] * (plan["finalShare"] + (1 - plan["finalShare"]) * cosine)

    def train(self, seconds, beside, save):
        """`beside()` now and then between steps; `save()` every minute and at the end."""
        begun = saved = said = time.time()
        every, since = 20, 0
        losses, step = self.state["losses"], 0
        while time.time() - begun < seconds:
            share = (time.time() - begun) / seconds
            decay = min(self.plan["emaDecay"], (2 + step) / (11 + step))
            self.set_numbers(self.rate(step, share), decay, step + 1)
            self.replay()
            step += 1
            since += 1
            if since < every:
                continue
            loss, norm = (self.sums / every).tolist()
            self.sums.zero_()
            since = 0
            losses.append(loss)
            if not math.isfinite(loss):
                raise SystemExit(f"{self.name}: the loss is {loss} at step {step}")
            beside()
            if time.time() - said > 15:
                said = time.time()
                mean = sum(losses[-20:]) / len(losses[-20:])
                say(f"{self.name} step {step} loss {mean:.4f} norm {norm:.3f} "
                    f"{(time.time() - begun) / step * 1000:.1f} ms a step")
            if time.time() - saved > 60:
                saved = time.time()
                save()
        self.state["steps"] += step
        save()
        finish()
        say(f"{self.name}: {step} steps in {time.time() - begun:.1f} s, last losses "
            f"{sum(losses[-20:]) / max(1, len(losses[-20:])):.4f}")
