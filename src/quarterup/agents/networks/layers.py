"""What a network consists of, read off the network itself: its layers in order, their shapes, their parameters."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import nn

from quarterup.agents.networks.heads import DuelingHead
from quarterup.agents.networks.noisy_linear import NoisyLinear
from quarterup.agents.networks.q_network import QNetwork
from quarterup.agents.networks.quantile_embedding import COSINES, QuantileEmbedding
from quarterup.agents.networks.spectral_conv import SpectralConv2d
from quarterup.agents.networks.trunks import ResidualBlock

LayerKind = Literal["input", "convolution", "residual", "linear", "noisy", "embedding", "outputs"]
SPECTRAL_KERNEL = 3


@dataclass(frozen=True)
class Layer:
    """Something with parameters, and what is done to its outputs before the next such thing, but for ReLUs."""

    kind: LayerKind
    name: str
    """For people: `convolution`, say, or `2 residual blocks`."""
    shape: tuple[int, ...]
    """Of its outputs for one observation."""
    parameters: int
    """Numbers that are learned."""
    details: tuple[str, ...] = ()
    """More for people, each a few words."""
    kernel: int = 0
    """Side of a convolution's kernel; 0 of anything else."""
    streams: int = 1
    """2 where the first half of the outputs goes into the next layer, the second into the one after that."""


def layers_of(network: nn.Module, observation_shape: tuple[int, ...]) -> list[Layer]:
    """All layers of a network of ours, from the observation to the outputs, in the order they are computed in."""
    layers = [Layer("input", "observation", observation_shape, 0)]
    handles = [
        module.register_forward_hook(_recorder(layers, _DESCRIBED[type(module)])) for module in _outermost(network)
    ]
    observation = torch.zeros(1, *observation_shape)
    try:
        with torch.inference_mode():
            if isinstance(network, QNetwork) and network.embedding is not None:
                outputs = network(observation, torch.full((1, 1), 0.5))
            else:
                outputs = network(observation)
    finally:
        for handle in handles:
            handle.remove()
    if isinstance(network, QNetwork) and isinstance(network.head, DuelingHead):
        return _with_streams(layers, tuple(outputs.shape[1:]))
    return layers


def num_parameters(module: nn.Module) -> int:
    """Numbers that are learned."""
    return sum(parameter.numel() for parameter in module.parameters())


def _outermost(module: nn.Module) -> list[nn.Module]:
    """The modules of which there is something to say, none of them within another."""
    if type(module) in _DESCRIBED:
        return [module]
    return [found for child in module.children() for found in _outermost(child)]


def _recorder(layers: list[Layer], describe: Callable[[Any], Layer | str]) -> Callable[..., None]:
    """A hook that adds its module to `layers`, or to what is said of the last of them."""

    def record(module: nn.Module, inputs: tuple[torch.Tensor, ...], outputs: torch.Tensor) -> None:
        shape, found, last = _without_ones(outputs), describe(module), layers[-1]
        if isinstance(found, str):
            parameters = last.parameters + num_parameters(module)
            details = (*last.details, found) if found else last.details
            layers[-1] = dataclasses.replace(last, shape=shape, parameters=parameters, details=details)
        elif found.kind == last.kind == "residual":
            blocks = int(last.name.split()[0]) + 1 if last.name[0].isdigit() else 2
            name, parameters = f"{blocks} residual blocks", last.parameters + num_parameters(module)
            layers[-1] = dataclasses.replace(last, name=name, parameters=parameters)
        else:
            layers.append(dataclasses.replace(found, shape=shape, parameters=num_parameters(module)))

    return record


def _without_ones(outputs: torch.Tensor) -> tuple[int, ...]:
    """The shape for one observation and one tau."""
    shape = outputs.shape[1:]
    return tuple(shape) if len(shape) == 3 else tuple(shape[-1:])


def _with_streams(layers: list[Layer], outputs: tuple[int, ...]) -> list[Layer]:
    """The last three layers are those of a dueling head: say which is which, and what they come to."""
    *trunk, hidden, value, advantage = layers
    return [
        *trunk,
        dataclasses.replace(hidden, streams=2),
        dataclasses.replace(value, details=(*value.details, "value")),
        dataclasses.replace(advantage, details=(*advantage.details, "advantages")),
        Layer("outputs", "value + advantage", outputs, 0, ("less their mean",)),
    ]


def _convolution(module: nn.Conv2d) -> Layer:
    kernel, stride = module.kernel_size[0], module.stride[0]
    details = (f"stride {stride}",) if stride > 1 else ()
    return Layer("convolution", f"convolution {kernel}×{kernel}", (), 0, details, kernel)


def _spectral(module: SpectralConv2d) -> Layer:
    name = f"convolution {SPECTRAL_KERNEL}×{SPECTRAL_KERNEL}"
    return Layer("convolution", name, (), 0, ("spectral norm",), SPECTRAL_KERNEL)


def _residual(module: ResidualBlock) -> Layer:
    spectral = isinstance(module.first, SpectralConv2d)
    return Layer("residual", "residual block", (), 0, ("spectral norm",) if spectral else (), SPECTRAL_KERNEL)


_DESCRIBED: dict[type[nn.Module], Callable[[Any], Layer | str]] = {
    nn.Conv2d: _convolution,
    SpectralConv2d: _spectral,
    ResidualBlock: _residual,
    nn.Linear: lambda module: Layer("linear", "linear", (), 0),
    NoisyLinear: lambda module: Layer("noisy", "noisy linear", (), 0),
    QuantileEmbedding: lambda module: Layer("embedding", "quantile embedding", (), 0, (f"{COSINES} cosines of tau",)),
    nn.LayerNorm: lambda module: "layer norm",
    nn.GroupNorm: lambda module: "layer norm",
    nn.MaxPool2d: lambda module: f"max pool {module.kernel_size}×{module.kernel_size}",
    nn.AdaptiveMaxPool2d: lambda module: f"max pool to {module.output_size}×{module.output_size}",
}
"""What is said of a module: a layer of its own, or a few words about the layer before it."""
