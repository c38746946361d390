"""Networks and optimizers to tensors by name and back, as an `AgentState` holds them."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

MOMENTS = ("exp_avg", "exp_avg_sq")
"""What Adam, and RAdam alike, keeps of each parameter's size; `step` is one number beside them."""


def module_tensors(prefix: str, module: nn.Module) -> dict[str, torch.Tensor]:
    """Copies of the module's parameters and buffers, named `prefix.name`, on the CPU."""
    return {f"{prefix}.{name}": _copy(tensor) for name, tensor in module.state_dict().items()}


def adam_tensors(prefix: str, optimizer: torch.optim.Optimizer, module: nn.Module) -> dict[str, torch.Tensor]:
    """Copies of Adam's state, named `prefix.parameter.part`; before its first step they are zeros."""
    tensors = {}
    for name, parameter in module.named_parameters():
        state = optimizer.state.get(parameter, {})
        tensors[f"{prefix}.{name}.step"] = _copy(state.get("step", torch.zeros(())))
        for part in MOMENTS:
            tensors[f"{prefix}.{name}.{part}"] = _copy(state.get(part, torch.zeros_like(parameter)))
    return tensors


def load_module(prefix: str, module: nn.Module, tensors: Mapping[str, torch.Tensor]) -> None:
    """Take the module's parameters and buffers from `tensors`."""
    module.load_state_dict({name: tensors[f"{prefix}.{name}"] for name in module.state_dict()})


def load_adam(
    prefix: str, optimizer: torch.optim.Optimizer, module: nn.Module, tensors: Mapping[str, torch.Tensor]
) -> None:
    """Take Adam's state from `tensors`. Its settings (learning rate and so on) stay as they are."""
    for name, parameter in module.named_parameters():
        device = parameter.device
        state = {part: tensors[f"{prefix}.{name}.{part}"].to(device, copy=True) for part in (*MOMENTS, "step")}
        optimizer.state[parameter] = state


def check_same_tensors(expected: Mapping[str, torch.Tensor], found: Mapping[str, torch.Tensor]) -> None:
    """Raise ValueError, naming the first difference, unless names, shapes and types are the same."""
    for name in sorted({*expected, *found}):
        if name not in found:
            raise ValueError(f"The checkpoint is of another network: it has no tensor {name}.")
        if name not in expected:
            raise ValueError(f"The checkpoint is of another network: its tensor {name} has no place in this one.")
        here, there = expected[name], found[name]
        if here.shape != there.shape or here.dtype != there.dtype:
            raise ValueError(
                f"The checkpoint is of another network: {name} is {there.dtype} of shape {tuple(there.shape)}"
                f" there and {here.dtype} of shape {tuple(here.shape)} here."
            )


def _copy(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.detach().to("cpu", copy=True).contiguous()
