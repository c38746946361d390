"""The noisy layer against its definition: weights with factorised Gaussian noise."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional

from quarterup.agents.networks.noisy_linear import FEW_ROWS, NoisyLinear, scaled_noise


def make_layer(in_features: int = 7, out_features: int = 5) -> NoisyLinear:
    torch.manual_seed(0)
    layer = NoisyLinear(in_features, out_features)
    with torch.no_grad():
        layer.weight_sigma.uniform_(0.1, 1.0)
        layer.bias_sigma.uniform_(0.1, 1.0)
    return layer


def by_definition(
    layer: NoisyLinear, inputs: torch.Tensor, noise_in: torch.Tensor, noise_out: torch.Tensor
) -> torch.Tensor:
    rows = []
    for row in range(len(inputs)):
        side_in, side_out = noise_in[row % len(noise_in)], noise_out[row % len(noise_out)]
        weight = layer.weight + layer.weight_sigma * torch.outer(side_out, side_in)
        rows.append(weight @ inputs[row] + layer.bias + layer.bias_sigma * side_out)
    return torch.stack(rows)


@pytest.mark.parametrize(("rows", "noise_rows"), [(4, 1), (4, 4), (FEW_ROWS, 1), (FEW_ROWS + 1, 1)])
def test_outputs_and_gradients_are_those_of_the_definition(rows: int, noise_rows: int) -> None:
    layer = make_layer()
    generator = torch.Generator().manual_seed(1)
    inputs = torch.randn(rows, 7, generator=generator, requires_grad=True)
    noise_in = scaled_noise((noise_rows, 7), generator)
    noise_out = scaled_noise((noise_rows, 5), generator)
    layer.set_noise(noise_in, noise_out)
    upstream = torch.randn(rows, 5, generator=generator)
    ours, expected = layer(inputs), by_definition(layer, inputs, noise_in, noise_out)
    torch.testing.assert_close(ours, expected)
    sources = [inputs, *layer.parameters()]
    for ours_of, expected_of in zip(
        torch.autograd.grad(ours, sources, upstream),
        torch.autograd.grad(expected, sources, upstream),
        strict=True,
    ):
        torch.testing.assert_close(ours_of, expected_of)


def test_without_noise_it_is_the_linear_layer_of_the_means() -> None:
    layer = make_layer()
    inputs = torch.randn(4, 7)
    expected = functional.linear(inputs, layer.weight, layer.bias)
    torch.testing.assert_close(layer(inputs), expected)
    layer.set_noise(torch.ones(1, 7), torch.ones(1, 5))
    assert not torch.allclose(layer(inputs), expected)
    layer.set_noise(None, None)
    torch.testing.assert_close(layer(inputs), expected)


def test_output_variance_is_the_analytic_one() -> None:
    # With m = E[f(x)^2] = E|x| = sqrt(2 / pi): Var y_o = m (m sum_i S_oi^2 x_i^2 + s_o^2), the mean
    # unchanged.
    layer = make_layer()
    generator = torch.Generator().manual_seed(1)
    samples = 200_000
    inputs = torch.randn(1, 7, generator=generator)
    layer.set_noise(scaled_noise((samples, 7), generator), scaled_noise((samples, 5), generator))
    with torch.no_grad():
        outputs = layer(inputs.expand(samples, 7))
        moment = math.sqrt(2 / math.pi)
        spread = (layer.weight_sigma.square() * inputs.square()).sum(dim=1)
        variance = moment * (moment * spread + layer.bias_sigma.square())
        mean = functional.linear(inputs, layer.weight, layer.bias)[0]
    torch.testing.assert_close(outputs.var(dim=0), variance, rtol=0.03, atol=0)
    assert torch.all((outputs.mean(dim=0) - mean).abs() < 5 * (variance / samples).sqrt())


def test_initial_values_are_those_of_the_paper() -> None:
    layer = NoisyLinear(100, 300)
    assert layer.weight.abs().max() <= 0.1
    assert layer.weight.std().item() == pytest.approx(0.1 / math.sqrt(3), rel=0.02)
    assert torch.all(layer.weight_sigma == 0.05)
    assert torch.all(layer.bias_sigma == 0.05)


def test_noise_is_the_signed_root_of_a_normal_number() -> None:
    normal = torch.randn((3, 4), generator=torch.Generator().manual_seed(5))
    noise = scaled_noise((3, 4), torch.Generator().manual_seed(5))
    torch.testing.assert_close(noise * noise.abs(), normal)
