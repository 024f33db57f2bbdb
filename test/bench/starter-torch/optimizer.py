"""Muon for matrices and AdamW for the rest, as src-main/training/muon.ts and flat-step.ts have them; parameters that
are alike in size are updated together."""

import math

import torch

BETA1, BETA2, EPSILON, CLIP_NORM = 0.9, 0.99, 1e-8, 1.0


def is_matrix(name, parameter):
    return parameter.dim() >= 2 and parameter.shape[0] > 1 and not any(
        part in name for part in ("embedding", "conv_in", "conv_out"))


def orthogonal(u):
    """The nearest matrices [n, rows, columns] with singular values of one, by five steps on the smaller Gram matrices."""
    is_tall = u.shape[1] > u.shape[2]
    if is_tall:
        u = u.transpose(1, 2)
    u = u / (u.flatten(1).norm(dim=1).view(-1, 1, 1) + 1e-7)
    gram, identity = u @ u.transpose(1, 2), torch.eye(u.shape[1])
    product = identity.expand_as(gram)
    for _ in range(5):
        step = 3.4445 * identity - 4.775 * gram + 2.0315 * gram @ gram
        product, gram = step @ product, step @ gram @ step
        gram = (gram + gram.transpose(1, 2)) / 2
    return (product @ u).transpose(1, 2) if is_tall else product @ u


class Muon:
    def __init__(self, parameters, first_moments, second_moments):
        self.parameters, self.first, self.second = parameters, first_moments, second_moments
        self.groups, self.rest = {}, []
        for name, value in parameters.items():
            if is_matrix(name, value):
                self.groups.setdefault((value.shape[0], value.numel() // value.shape[0]), []).append(name)
            else:
                self.rest.append(name)

    def update(self, gradients, rate, updates):
        """One step; `gradients` by name. Answers the gradient's norm."""
        norm = float(torch.stack(torch._foreach_norm(list(gradients.values()))).norm())
        factor = min(1.0, CLIP_NORM / (norm + 1e-6))
        for (rows, columns), names in self.groups.items():
            moments = [self.first[name] for name in names]
            new = torch._foreach_mul([gradients[name] for name in names], (1 - BETA1) * factor)
            torch._foreach_mul_(moments, BETA1)
            torch._foreach_add_(moments, new)
            ahead = torch.stack([(m * BETA1 + g).reshape(rows, columns) for m, g in zip(moments, new)])
            step = orthogonal(ahead) * (rate * 0.2 * math.sqrt(max(rows, columns)))
            for name, own in zip(names, step):
                self.parameters[name].data.sub_(own.view(self.parameters[name].shape))
        self.update_rest({name: gradients[name] * factor for name in self.rest}, rate, updates)
        return norm

    def update_rest(self, gradients, rate, updates):
        values, first, second = ([of[name] for name in self.rest] for of in (self.parameters, self.first, self.second))
        new = list(gradients.values())
        torch._foreach_lerp_(first, new, 1 - BETA1)
        torch._foreach_lerp_(second, torch._foreach_mul(new, new), 1 - BETA2)
        size = torch._foreach_sqrt(second)
        torch._foreach_mul_(size, (1 - BETA2 ** updates) ** -0.5)
        torch._foreach_add_(size, EPSILON)
        torch._foreach_addcdiv_([value.data for value in values], first, size, -rate / (1 - BETA1 ** updates))
