"""Trunks, heads and their composition."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from quarterup.agents.networks.heads import DuelingHead, PlainHead
from quarterup.agents.networks.keras2018 import same_padding
from quarterup.agents.networks.noisy_linear import FEW_ROWS, NoisyLinear
from quarterup.agents.networks.q_network import QNetwork
from quarterup.agents.networks.quantile_embedding import COSINES, QuantileEmbedding
from quarterup.agents.networks.spectral_conv import SpectralConv2d
from quarterup.agents.networks.trunks import make_trunk, to_unit_range


def make_network(shape: tuple[int, ...] = (6,), **others: Any) -> QNetwork:
    torch.manual_seed(0)
    defaults = {"hidden_sizes": (16,), "head_size": 8, "dueling": True, "noisy": True}
    return QNetwork(shape, 3, 5, **{**defaults, **others})


@pytest.mark.parametrize("dueling", [False, True])
@pytest.mark.parametrize("noisy", [False, True])
@pytest.mark.parametrize("shape", [(6,), (4, 84, 84), (1, 36, 50), (3, 210, 160)])
def test_outputs_have_a_row_for_each_action(shape: tuple[int, ...], dueling: bool, noisy: bool) -> None:
    network = make_network(shape, dueling=dueling, noisy=noisy)
    outputs = network(torch.zeros(2, *shape, dtype=torch.uint8))
    assert outputs.shape == (2, 3, 5)
    assert outputs.dtype == torch.float32


@pytest.mark.parametrize("shape", [(), (84, 84), (84, 84, 3), (4, 20, 84)])
def test_shapes_without_a_network_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="none for the shape"):
        make_trunk(shape, (16,))


def test_the_nature_trunk_has_the_published_number_of_features() -> None:
    trunk, features = make_trunk((4, 84, 84), ())
    assert features == 3136
    assert sum(p.numel() for p in trunk.parameters()) == 77_984


def test_the_keras_network_has_as_many_parameters_as_it_had_there() -> None:
    network = QNetwork(
        (8, 60, 64), 5, 1, hidden_sizes=(), head_size=128, dueling=False, noisy=False, pixel_trunk="keras2018"
    )
    assert sum(p.numel() for p in network.parameters()) == 124_901
    assert network(torch.zeros(2, 8, 60, 64, dtype=torch.uint8)).shape == (2, 5, 1)
    assert all((bias == 0).all() for name, bias in network.named_parameters() if name.endswith("bias"))


@pytest.mark.parametrize(
    ("size", "kernel", "stride"), [(60, 8, 4), (15, 4, 2), (84, 8, 4), (21, 4, 2), (11, 3, 1), (8, 2, 4)]
)
def test_same_padding_leaves_a_strides_share_and_puts_the_odd_zero_last(size: int, kernel: int, stride: int) -> None:
    before, after = same_padding(size, kernel, stride)
    assert (size + before + after - kernel) // stride + 1 == math.ceil(size / stride)
    assert 0 <= after - before <= 1
    if before + after:
        assert (size + before + after - kernel) % stride == 0, "not a zero too many"


def test_the_keras_trunk_takes_bytes_as_they_are() -> None:
    trunk, _ = make_trunk((4, 84, 84), (), pixel_trunk="keras2018")
    bytes_ = torch.randint(0, 256, (2, 4, 84, 84), dtype=torch.uint8)
    assert torch.equal(trunk(bytes_), trunk(bytes_.float()))


def test_the_impala_trunk_is_as_published_and_gives_as_many_features_for_any_picture() -> None:
    for shape in [(4, 84, 84), (1, 36, 50)]:
        trunk, features = make_trunk(shape, (), pixel_trunk="impala", impala_width=2, spectral_norm=True)
        assert trunk(torch.zeros(2, *shape, dtype=torch.uint8)).shape == (2, features)
        assert features == 2304
        assert sum(isinstance(layer, SpectralConv2d) for layer in trunk.modules()) == 12


def test_the_network_of_beyond_the_rainbow_has_the_published_number_of_parameters() -> None:
    """2.91 million, noise not counted: https://arxiv.org/abs/2411.03820."""
    network = QNetwork(
        (4, 84, 84),
        18,
        1,
        hidden_sizes=(),
        head_size=512,
        dueling=True,
        noisy=True,
        quantiles=True,
        pixel_trunk="impala",
        impala_width=2,
        spectral_norm=True,
    )
    counted = sum(p.numel() for name, p in network.named_parameters() if not name.endswith("_sigma"))
    assert counted == pytest.approx(2.91e6, rel=0.005)


def test_residual_convolutions_are_normalised_only_if_asked() -> None:
    trunk, _ = make_trunk((4, 84, 84), (), pixel_trunk="impala")
    assert not any(isinstance(layer, SpectralConv2d) for layer in trunk.modules())


def test_a_spectral_convolution_has_1_as_its_largest_singular_value() -> None:
    torch.manual_seed(0)
    layer = SpectralConv2d(5, 7)
    for _ in range(200):
        layer.iterate()
    plain = torch.nn.Conv2d(5, 7, 3, padding=1)
    largest = torch.linalg.matrix_norm(layer.weight.flatten(1), ord=2)
    plain.weight.data, plain.bias.data = layer.weight.detach() / largest, layer.bias.detach()
    inputs = torch.randn(2, 5, 6, 6)
    torch.testing.assert_close(layer(inputs), plain(inputs), rtol=1e-4, atol=1e-5)


def test_a_spectral_convolution_follows_its_weights_only_when_told() -> None:
    torch.manual_seed(0)
    layer = SpectralConv2d(5, 7)
    before = {name: buffer.clone() for name, buffer in layer.named_buffers()}
    layer.weight.data += torch.randn_like(layer.weight)
    layer(torch.randn(2, 5, 6, 6))
    assert all(torch.equal(buffer, before[name]) for name, buffer in layer.named_buffers())
    for _ in range(200):
        layer.iterate()
    largest = torch.linalg.matrix_norm(layer.weight.flatten(1), ord=2)
    torch.testing.assert_close(layer.left @ layer.weight.flatten(1) @ layer.right, largest)


def test_layer_norm_is_between_each_layer_and_its_relu() -> None:
    torch.manual_seed(0)
    trunk, features = make_trunk((6,), (16, 8), layer_norm=True)
    assert features == 8
    inputs = torch.randn(3, 6)
    expected = inputs
    for layer in (layer for layer in trunk.modules() if isinstance(layer, torch.nn.Linear)):
        expected = layer(expected)
        spread = (expected.var(dim=1, keepdim=True, correction=0) + 1e-5).sqrt()
        expected = ((expected - expected.mean(dim=1, keepdim=True)) / spread).relu()
    torch.testing.assert_close(trunk(inputs), expected)


def test_the_quantile_embedding_is_that_of_the_loop() -> None:
    torch.manual_seed(0)
    embedding = QuantileEmbedding(3)
    features, taus = torch.randn(2, 3), torch.rand(2, 4)
    ours = embedding(features, taus)
    for row in range(2):
        for k in range(4):
            cosines = torch.tensor([math.cos(math.pi * i * taus[row, k].item()) for i in range(COSINES)])
            expected = features[row] * (embedding.linear.weight @ cosines + embedding.linear.bias).relu()
            torch.testing.assert_close(ours[row, k], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dueling", [False, True])
def test_a_quantile_network_gives_a_column_for_each_tau(dueling: bool) -> None:
    network = make_network(dueling=dueling, quantiles=True)
    observations, taus = torch.randn(2, 6), torch.rand(2, 4)
    outputs = network(observations, taus)
    assert outputs.shape == (2, 3, 4)
    for k in range(4):
        torch.testing.assert_close(network(observations, taus[:, k : k + 1])[:, :, 0], outputs[:, :, k])


def test_with_quantiles_each_row_has_its_own_noise_for_all_of_them() -> None:
    network, generator = make_network(quantiles=True), torch.Generator().manual_seed(0)
    observations, taus = torch.randn(1, 6).expand(2, 6), torch.full((2, 4), 0.3)
    network.resample_noise(2, generator)
    both = network(observations, taus)
    torch.testing.assert_close(both[0, :, :1].expand(3, 4), both[0])
    assert not torch.allclose(both[0], both[1])
    for layer in network.modules():
        if isinstance(layer, NoisyLinear):
            layer.set_noise(layer.noise_in[1:], layer.noise_out[1:])
    torch.testing.assert_close(network(observations, taus)[0], both[1])


def test_bytes_are_scaled_and_floats_are_not() -> None:
    assert to_unit_range(torch.tensor([0, 51, 255], dtype=torch.uint8)).tolist() == pytest.approx([0, 0.2, 1])
    assert to_unit_range(torch.tensor([-3.0, 300.0], dtype=torch.float16)).tolist() == [-3, 300]


def test_dueling_outputs_have_the_value_as_their_mean_over_actions() -> None:
    head = DuelingHead(4, 8, 3, 5, noisy=False)
    features = torch.randn(2, 4)
    value = head.value(head.hidden(features).relu()[:, :8])
    torch.testing.assert_close(head(features).mean(dim=1), value)


def test_the_streams_of_a_dueling_head_share_no_hidden_unit() -> None:
    head = DuelingHead(4, 8, 3, 5, noisy=False)
    centred = head(torch.randn(2, 4))
    (centred - centred.mean(dim=1, keepdim=True)).square().sum().backward()
    assert torch.allclose(head.hidden.weight.grad[:8], torch.zeros(8, 4), atol=1e-6)
    assert head.hidden.weight.grad[8:].abs().max() > 1e-3


def test_a_plain_head_is_two_layers() -> None:
    head = PlainHead(4, 8, 3, 5, noisy=False)
    features = torch.randn(2, 4)
    torch.testing.assert_close(head(features).flatten(1), head.advantage(head.hidden(features).relu()))


def test_noise_changes_the_outputs_until_it_is_removed() -> None:
    network, generator = make_network(), torch.Generator().manual_seed(0)
    inputs = torch.randn(1, 6).expand(4, 6)
    quiet = network(inputs)
    network.resample_noise(1, generator)
    first = network(inputs)
    network.resample_noise(1, generator)
    assert not torch.allclose(first, network(inputs))
    assert torch.allclose(first[0], first[1])
    network.resample_noise(4, generator)
    own = network(inputs)
    assert not torch.allclose(own[0], own[1])
    network.remove_noise()
    torch.testing.assert_close(network(inputs), quiet)


def test_passes_on_the_same_weights_give_what_each_gives_alone() -> None:
    network, many = make_network(), FEW_ROWS + 1
    network.resample_noise(1, torch.Generator().manual_seed(0))
    first, second = torch.randn(many, 6), torch.randn(many, 6)
    alone = network(first), network(second)
    with network.same_weights():
        together = network(first), network(second)
        assert together[1].requires_grad
    for one, other in zip(alone, together, strict=True):
        torch.testing.assert_close(one, other)
    with torch.no_grad():
        network.head.hidden.weight_sigma.mul_(2)
    assert not torch.allclose(network(first), alone[0])  # Nothing is kept beyond the passes.


def test_pictures_may_lie_in_memory_either_way() -> None:
    network = make_network((4, 40, 44), pixel_trunk="impala")
    pictures = torch.randint(256, (2, 4, 40, 44), dtype=torch.uint8)
    torch.testing.assert_close(network(pictures), network(pictures.to(memory_format=torch.channels_last)))


def test_all_layers_of_the_head_get_noise_of_their_own() -> None:
    network = make_network()
    network.resample_noise(1, torch.Generator().manual_seed(0))
    drawn = [
        number
        for layer in network.head.children()
        for side in (layer.noise_in, layer.noise_out)
        for number in side.flatten().tolist()
    ]
    assert len(drawn) == (16 + 16) + (8 + 5) + (8 + 15)
    assert len(set(drawn)) == len(drawn)


def test_a_network_without_noise_does_not_touch_the_generator() -> None:
    generator = torch.Generator().manual_seed(0)
    before = generator.get_state()
    make_network(noisy=False).resample_noise(4, generator)
    assert torch.equal(before, generator.get_state())
