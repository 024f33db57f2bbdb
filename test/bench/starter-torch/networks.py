"""The built-in model's networks in PyTorch, for training in bfloat16. `p` holds parameters by the names of the flat
layouts of src-main/starter; what a network computes is what src-main/models describes, source by source."""

import math

import torch
import torch.nn.functional as F

UNET_HEADS, TEXT_HEADS, TEXT_LAYERS, RESAMPLER_HEADS, RESAMPLER_LAYERS, LEVELS = 2, 4, 2, 2, 2, 4


def linear(p, name, x):
    return F.linear(x, p[f"{name}.weight"], p.get(f"{name}.bias"))


def convolution(p, name, x, stride=1):
    weight = p[f"{name}.weight"]
    return F.conv2d(x, weight, p[f"{name}.bias"], stride=stride, padding=weight.shape[2] // 2)


def group_norm(p, name, x, epsilon=1e-5):
    return F.group_norm(x, 8, p[f"{name}.weight"], p[f"{name}.bias"], epsilon)


def layer_norm(p, name, x):
    return F.layer_norm(x, x.shape[-1:], p[f"{name}.weight"], p[f"{name}.bias"], 1e-5)


def attention(q, k, v, heads, mask=None):
    """[B, N, C] to [B, M, C]. Written out: PyTorch's own has a slow way back on processors for tokens this narrow."""
    q, k, v = (x.view(*x.shape[:2], heads, -1).transpose(1, 2) for x in (q, k, v))
    scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)
    if mask is not None:
        scores = scores + mask
    return (torch.softmax(scores, -1).to(v.dtype) @ v).transpose(1, 2).flatten(2)


def text_encoder(p, ids):
    """CLIP's text transformer: [B, 77] to [B, 77, D]."""
    root = "text_encoder.text_model"
    x = F.embedding(ids, p[f"{root}.embeddings.token_embedding.weight"])
    x = x + p[f"{root}.embeddings.position_embedding.weight"]
    mask = torch.full((ids.shape[1],) * 2, -1e4, device=ids.device).triu(1)
    for i in range(TEXT_LAYERS):
        layer = f"{root}.encoder.layers.{i}"
        y = layer_norm(p, f"{layer}.layer_norm1", x)
        q, k, v = (linear(p, f"{layer}.self_attn.{part}_proj", y) for part in "qkv")
        x = x + linear(p, f"{layer}.self_attn.out_proj", attention(q, k, v, TEXT_HEADS, mask))
        y = linear(p, f"{layer}.mlp.fc1", layer_norm(p, f"{layer}.layer_norm2", x))
        x = x + linear(p, f"{layer}.mlp.fc2", y * torch.sigmoid(1.702 * y))
    return layer_norm(p, f"{root}.final_layer_norm", x)


def activated_time(p, root, timestep):
    width = p[f"{root}.time_embedding.linear_1.weight"].shape[1]
    steps = torch.arange(width // 2, device=timestep.device)
    angle = timestep[:, None] * torch.exp(-math.log(10_000.0) * steps / (width // 2))
    hidden = F.silu(linear(p, f"{root}.time_embedding.linear_1", torch.cat([angle.cos(), angle.sin()], 1)))
    return F.silu(linear(p, f"{root}.time_embedding.linear_2", hidden))


def resnet(p, name, x, time):
    h = convolution(p, f"{name}.conv1", F.silu(group_norm(p, f"{name}.norm1", x)))
    h = h + linear(p, f"{name}.time_emb_proj", time)[:, :, None, None]
    h = convolution(p, f"{name}.conv2", F.silu(group_norm(p, f"{name}.norm2", h)))
    return (convolution(p, f"{name}.conv_shortcut", x) if f"{name}.conv_shortcut.weight" in p else x) + h


def transformer(p, name, x, context, image_prompt=None):
    """`image_prompt`: parameters of the image attention, and image tokens [B, K, D]."""
    _, _, height, width = x.shape
    normed = group_norm(p, f"{name}.norm", x, 1e-6)
    y = convolution(p, f"{name}.proj_in", normed).permute(0, 2, 3, 1).flatten(1, 2)
    block = f"{name}.transformer_blocks.0"
    z = layer_norm(p, f"{block}.norm1", y)
    q, k, v = (linear(p, f"{block}.attn1.to_{part}", z) for part in "qkv")
    y = y + linear(p, f"{block}.attn1.to_out.0", attention(q, k, v, UNET_HEADS))
    q = linear(p, f"{block}.attn2.to_q", layer_norm(p, f"{block}.norm2", y))
    k, v = (linear(p, f"{block}.attn2.to_{part}", context) for part in "kv")
    mixed = attention(q, k, v, UNET_HEADS)
    if image_prompt is not None:
        own, tokens = image_prompt
        path = f"image_attention.{block.removeprefix('unet.')}.attn2"
        mixed = mixed + attention(q, *(linear(own, f"{path}.to_{part}_ip", tokens) for part in "kv"), UNET_HEADS)
    y = y + linear(p, f"{block}.attn2.to_out.0", mixed)
    value, gate = linear(p, f"{block}.ff.net.0.proj", layer_norm(p, f"{block}.norm3", y)).chunk(2, -1)
    y = y + linear(p, f"{block}.ff.net.2", value * F.gelu(gate))
    return convolution(p, f"{name}.proj_out", y.unflatten(1, (height, width)).permute(0, 3, 1, 2)) + x


def way_down(p, root, x, time, context, image_prompt=None):
    """All that the way up reads, and the middle's output."""
    skips = [x]
    for level in range(LEVELS):
        block = f"{root}.down_blocks.{level}"
        x = resnet(p, f"{block}.resnets.0", x, time)
        if level < LEVELS - 1:
            x = transformer(p, f"{block}.attentions.0", x, context, image_prompt)
        skips.append(x)
        if level < LEVELS - 1:
            x = convolution(p, f"{block}.downsamplers.0.conv", x, stride=2)
            skips.append(x)
    x = resnet(p, f"{root}.mid_block.resnets.0", x, time)
    x = transformer(p, f"{root}.mid_block.attentions.0", x, context, image_prompt)
    return skips, resnet(p, f"{root}.mid_block.resnets.1", x, time)


def unet(p, sample, timestep, context, image_prompt=None, control=None):
    """The velocity, [B, C, h, w]. `control`: residuals of IdentityNet for the way down and the middle."""
    time = activated_time(p, "unet", timestep)
    skips, x = way_down(p, "unet", convolution(p, "unet.conv_in", sample), time, context, image_prompt)
    if control is not None:
        skips = [skip + residual for skip, residual in zip(skips, control[0])]
        x = x + control[1]
    for level in range(LEVELS):
        block = f"unet.up_blocks.{level}"
        for layer in range(2):
            x = resnet(p, f"{block}.resnets.{layer}", torch.cat([x, skips.pop()], 1), time)
            if level > 0:
                x = transformer(p, f"{block}.attentions.{layer}", x, context, image_prompt)
        if level < LEVELS - 1:
            x = convolution(p, f"{block}.upsamplers.0.conv", F.interpolate(x, scale_factor=2.0, mode="nearest"))
    return convolution(p, "unet.conv_out", F.silu(group_norm(p, "unet.conv_norm_out", x)))


def resampler(p, embedding):
    """Image tokens [B, K, D] of face embeddings [B, 1, E]."""
    x = linear(p, "resampler.proj_in", embedding)
    tokens = p["resampler.latents"].expand(x.shape[0], -1, -1)
    for i in range(RESAMPLER_LAYERS):
        layer = f"resampler.layers.{i}"
        own = layer_norm(p, f"{layer}.0.norm2", tokens)
        both = torch.cat([layer_norm(p, f"{layer}.0.norm1", x), own], 1)
        k, v = linear(p, f"{layer}.0.to_kv", both).chunk(2, -1)
        mixed = attention(linear(p, f"{layer}.0.to_q", own), k, v, RESAMPLER_HEADS)
        tokens = linear(p, f"{layer}.0.to_out", mixed) + tokens
        hidden = F.gelu(linear(p, f"{layer}.1.1", layer_norm(p, f"{layer}.1.0", tokens)))
        tokens = linear(p, f"{layer}.1.3", hidden) + tokens
    return layer_norm(p, "resampler.norm_out", linear(p, "resampler.proj_out", tokens))


def identity_net(p, sample, timestep, tokens, key_points, share):
    """Residuals for the UNet's way down and its middle, times `share` [B, 1, 1, 1]."""
    root, embedding = "identity_net", "identity_net.controlnet_cond_embedding"
    time = activated_time(p, root, timestep)
    shown = F.silu(convolution(p, f"{embedding}.conv_in", key_points))
    for k in range(3):
        shown = F.silu(convolution(p, f"{embedding}.blocks.{2 * k}", shown))
        shown = F.silu(convolution(p, f"{embedding}.blocks.{2 * k + 1}", shown, stride=2))
    x = convolution(p, f"{root}.conv_in", sample) + convolution(p, f"{embedding}.conv_out", shown)
    skips, middle = way_down(p, root, x, time, tokens)
    down = [convolution(p, f"{root}.controlnet_down_blocks.{i}", skip) * share for i, skip in enumerate(skips)]
    return down, convolution(p, f"{root}.controlnet_mid_block", middle) * share
