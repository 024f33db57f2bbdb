"""The project's own graphs, as graph-json.ts writes them, run by PyTorch op by op.

A training step is one such graph: forward, backward and optimizer are the compiler's. Nothing here differentiates.
"""

import json
import math

import torch
import torch.nn.functional as F

dtypes = {"float32": torch.float32, "int64": torch.int64, "bool": torch.bool, "int32": torch.int32}


def swapped(x, is_swapped):
    return x.transpose(-1, -2) if is_swapped else x


def product(x, at):
    y = torch.matmul(swapped(x[0], at["transposeA"]), swapped(x[1], at["transposeB"]))
    return y if at["alpha"] == 1 else y * at["alpha"]


def gemm(x, at):
    return product(x, at) + x[2] if len(x) > 2 and x[2] is not None else product(x, at)


def window(x, pads, value=0.0):
    top, left, bottom, right = pads
    if top == bottom and left == right:
        return x, (top, left)
    return F.pad(x, (left, right, top, bottom), value=value), (0, 0)


def convolution(x, at):
    image, padding = window(x[0], at["pads"])
    bias = x[2] if len(x) > 2 else None
    y = F.conv2d(image, x[1], bias, at["strides"], padding, at["dilations"], at["group"])
    return y + x[3] if len(x) > 3 and x[3] is not None else y


def transposed_convolution(x, at):
    top, left, bottom, right = at["pads"]
    bias = x[2] if len(x) > 2 else None
    if (top, left) == (bottom, right):
        return F.conv_transpose2d(
            x[0], x[1], bias, at["strides"], (top, left), at["outputPadding"], at["group"], at["dilations"])
    y = F.conv_transpose2d(
        x[0], x[1], bias, at["strides"], 0, at["outputPadding"], at["group"], at["dilations"])
    return y[:, :, top:y.shape[2] - bottom, left:y.shape[3] - right]


def sliced(x, at):
    index = [slice(None)] * x[0].dim()
    index[at["axis"]] = slice(at["start"], at["end"], at["step"])
    return x[0][tuple(index)]


def padded(x, at):
    pads = [n for pair in zip(reversed(at["before"]), reversed(at["after"])) for n in pair]
    return F.pad(x[0], pads, value=at["value"])


def nearest(x, at, shape):
    return F.interpolate(x[0], size=shape[2:], mode="nearest")


binary = {"Add": torch.add, "Sub": torch.sub, "Mul": torch.mul, "Div": torch.div, "Pow": torch.pow,
          "Min": torch.minimum, "Max": torch.maximum, "Greater": torch.gt, "Less": torch.lt, "Equal": torch.eq}
unary = {"Neg": torch.neg, "Exp": torch.exp, "Log": torch.log, "Sqrt": torch.sqrt, "Reciprocal": torch.reciprocal,
         "Sigmoid": torch.sigmoid, "Tanh": torch.tanh, "Erf": torch.erf, "Sin": torch.sin, "Cos": torch.cos,
         "Atan": torch.atan, "Abs": torch.abs, "Relu": torch.relu, "Floor": torch.floor}
others = {
    "Where": lambda x, at: torch.where(x[0], x[1], x[2]),
    "Clip": lambda x, at: torch.clamp(x[0], at["min"], at["max"]),
    "QuickGelu": lambda x, at: F.silu(x[0]) if at["alpha"] == 1 else x[0] * torch.sigmoid(x[0] * at["alpha"]),
    "Gelu": lambda x, at: F.gelu(x[0]),
    "Cast": lambda x, at: x[0].to(dtypes[at["to"]]),
    "MatMul": product, "Gemm": gemm, "Conv": convolution, "ConvTranspose": transposed_convolution,
    "Softmax": lambda x, at: torch.softmax(x[0], -1),
    "LayerNorm": lambda x, at: F.layer_norm(x[0], x[0].shape[-1:], x[1], x[2], at["epsilon"]),
    "GroupNorm": lambda x, at: F.group_norm(x[0], at["groups"], x[1], x[2], at["epsilon"]),
    "ReduceSum": lambda x, at: x[0].sum(tuple(at["axes"]), keepdim=at["keepDims"]),
    "ReduceMean": lambda x, at: x[0].mean(tuple(at["axes"]), keepdim=at["keepDims"]),
    "ReduceMax": lambda x, at: x[0].amax(tuple(at["axes"]), keepdim=at["keepDims"]),
    "Transpose": lambda x, at: x[0].permute(at["permutation"]),
    "Slice": sliced, "Concat": lambda x, at: torch.cat(x, at["axis"]), "Pad": padded,
    "Split": lambda x, at: torch.split(x[0], at["sizes"], at["axis"]),
    "Gather": lambda x, at: x[0].index_select(at["axis"], x[1].reshape(-1)).reshape(
        x[0].shape[:at["axis"]] + x[1].shape + x[0].shape[at["axis"] + 1:]),
    "TurnKernels": lambda x, at: x[0].flip(2, 3).transpose(0, 1),
}


def compiled(node):
    """A function of the node's inputs that gives its outputs, a list."""
    op, at, shape = node["op"], node["at"], node["shape"]
    if op in binary:
        return lambda x: [binary[op](x[0], x[1])]
    if op in unary:
        return lambda x: [unary[op](x[0])]
    if op == "Reshape":
        return lambda x: [x[0].reshape(shape)]
    if op == "Expand":
        return lambda x: [x[0].expand(shape)]
    if op == "ResizeNearest":
        return lambda x: [nearest(x, at, shape)]
    if op == "Split":
        return lambda x: list(others[op](x, at))
    return lambda x: [others[op](x, at)]


def place_of(layout, entry, shape):
    """Where an entry begins in its vector, and its shape; simplified graphs name rows 'weight[0:192]' and other shapes
    'weight[48,1,1]'."""
    name, _, part = entry.partition("[")
    place = layout["entries"][name]
    if "token_embedding" in name:
        # of the table only the trained rows
        return place["offset"], place["shape"]
    row = math.prod(place["shape"][1:])
    start = int(part.split(":")[0]) * row if ":" in part else 0
    return place["offset"] + start, shape


class Graph:
    """A graph read from `folder`/`name`.json. Called with its inputs by name, it gives its outputs by name."""

    def __init__(self, folder, name, device, layout=None):
        with open(f"{folder}/{name}.json") as file:
            parts = json.load(file)
        with open(f"{folder}/constants.bin", "rb") as file:
            blob = bytearray(file.read())
        self.inputs = parts["inputs"]
        self.outputs = parts["outputs"]
        self.constants = {}
        self.entries = []
        for constant in parts["constants"]:
            shape, dtype = constant["shape"], dtypes[constant["dtype"].replace("float16", "float32")]
            if "entry" in constant:
                self.entries.append((constant["id"], *place_of(layout, constant["entry"], shape)))
                continue
            count = math.prod(shape)
            values = torch.frombuffer(blob, dtype=dtype, count=count, offset=constant["offset"]) \
                if count else torch.zeros(0, dtype=dtype)
            self.constants[constant["id"]] = values.reshape(shape).clone().to(device)
        self.nodes = [(compiled(node), node["in"], node["out"], node["op"]) for node in parts["nodes"]]
        self.dead = self.last_uses()

    def last_uses(self):
        """After each node, the values that nothing reads any more."""
        kept = set(self.outputs.values()) | set(self.constants)
        last = {}
        for i, (_, inputs, outputs, _) in enumerate(self.nodes):
            for value in [*inputs, *outputs]:
                last[value] = i
        dead = [[] for _ in self.nodes]
        for value, i in last.items():
            if value is not None and value not in kept:
                dead[i].append(value)
        return dead

    def __call__(self, feeds, base=None):
        values = dict(self.constants)
        for entry in self.inputs:
            values[entry["id"]] = feeds[entry["name"]]
        for id_, offset, shape in self.entries:
            values[id_] = base[offset:offset + math.prod(shape)].view(shape)
        for (run, inputs, outputs, op), dead in zip(self.nodes, self.dead):
            made = run([None if i is None else values[i] for i in inputs])
            for id_, value in zip(outputs, made):
                values[id_] = value
            for id_ in dead:
                values.pop(id_, None)
        return {name: values[id_] for name, id_ in self.outputs.items()}
