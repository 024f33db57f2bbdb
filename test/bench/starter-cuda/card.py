"""Where everything runs, and what is said of it."""

import time

import torch

started = time.time()
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
torch.backends.cuda.matmul.allow_tf32 = True
torch.backends.cudnn.allow_tf32 = True
torch.set_grad_enabled(False)


def say(text):
    print(f"{time.time() - started:6.1f} s  {text}", flush=True)


def finish():
    """Waits for the card."""
    if device.type == "cuda":
        torch.cuda.synchronize()
