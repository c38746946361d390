"""Targets against versions that go row by row and atom by atom."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from quarterup.agents.networks.q_network import QNetwork
from quarterup.agents.targets import (
    HUBER_KAPPA,
    MUNCHAUSEN_FLOOR,
    MUNCHAUSEN_SHARE,
    MUNCHAUSEN_TEMPERATURE,
    RESCALING_EPSILON,
    ValueScale,
    distribution_target,
    expected_values,
    large_margin,
    munchausen_target,
    project,
    q_target,
    quantile_huber,
    rescale,
    unscale,
)

LINEAR = ValueScale(reward_scale=0.5, rescaling=False)
SQUARE_ROOT = ValueScale(reward_scale=0.1, rescaling=True)


def project_one_by_one(probabilities: torch.Tensor, values: torch.Tensor, atoms: torch.Tensor) -> torch.Tensor:
    spacing = ((atoms[-1] - atoms[0]) / (len(atoms) - 1)).item()
    projected = torch.zeros_like(probabilities)
    for row in range(len(probabilities)):
        for mass, value in zip(probabilities[row].tolist(), values[row].tolist(), strict=True):
            value = min(max(value, atoms[0].item()), atoms[-1].item())
            for k, atom in enumerate(atoms.tolist()):
                projected[row, k] += mass * max(0.0, 1.0 - abs(value - atom) / spacing)
    return projected


@given(st.integers(0, 2**31), st.integers(2, 12), st.sampled_from([0.1, 1.0, 30.0]))
def test_the_projection_is_that_of_the_loop(seed: int, num_atoms: int, spread: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    atoms = torch.linspace(-2.0, 5.0, num_atoms)
    probabilities = torch.randn(3, num_atoms, generator=generator).softmax(dim=1)
    values = torch.randn(3, num_atoms, generator=generator) * spread
    projected = project(probabilities, values, atoms)
    torch.testing.assert_close(projected, project_one_by_one(probabilities, values, atoms), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(projected.sum(dim=1), torch.ones(3))


def test_mass_on_an_atom_stays_there_also_on_the_last() -> None:
    atoms = torch.linspace(0.0, 4.0, 5)
    probabilities = torch.tensor([[0.1, 0.2, 0.3, 0.15, 0.25]])
    torch.testing.assert_close(project(probabilities, atoms.unsqueeze(0), atoms), probabilities)


def test_the_projection_keeps_the_mean_within_the_support() -> None:
    generator = torch.Generator().manual_seed(0)
    atoms = torch.linspace(-10.0, 10.0, 51)
    probabilities = torch.randn(64, 51, generator=generator).softmax(dim=1)
    values = torch.rand(64, 51, generator=generator) * 20 - 10
    mean = (probabilities * values).sum(dim=1)
    torch.testing.assert_close(project(probabilities, values, atoms) @ atoms, mean, atol=1e-4, rtol=1e-4)


@given(st.floats(-1e6, 1e6))
def test_unscale_is_the_inverse_of_rescale(value: float) -> None:
    tensor = torch.tensor(value, dtype=torch.float64)
    assert unscale(rescale(tensor)).item() == pytest.approx(value, rel=1e-6, abs=1e-6)


def test_rescale_has_the_published_values() -> None:
    assert rescale(torch.tensor(0.0)) == 0
    assert rescale(torch.tensor(99.0)).item() == pytest.approx(9.0 + 99 * RESCALING_EPSILON)
    assert rescale(torch.tensor(-99.0)).item() == pytest.approx(-9.0 - 99 * RESCALING_EPSILON)


@pytest.mark.parametrize("scale", [LINEAR, SQUARE_ROOT])
def test_points_come_back_from_network_units(scale: ValueScale) -> None:
    points = torch.tensor([-500.0, -1.0, 0.0, 3.0, 20_000.0])
    torch.testing.assert_close(scale.to_points(scale.from_points(points)), points, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("scale", [LINEAR, SQUARE_ROOT])
def test_the_double_q_target_is_that_of_the_loop(scale: ValueScale) -> None:
    generator = torch.Generator().manual_seed(0)
    online = torch.randn(20, 4, generator=generator)
    target = torch.randn(20, 4, 3, generator=generator)
    returns = torch.randn(20, generator=generator) * 10
    discounts = torch.where(torch.arange(20) % 3 == 0, 0.0, 0.97)
    ours = q_target(target, online.argmax(dim=1), returns, discounts, scale)
    assert ours.shape == (20, 3)
    for row in range(20):
        best = max(range(4), key=lambda action: online[row, action].item())
        for k in range(3):
            value = scale.to_points(target[row, best, k]).item()
            points = returns[row].item() + discounts[row].item() * value
            assert ours[row, k].item() == pytest.approx(scale.from_points(torch.tensor(points)).item(), abs=1e-5)


def log_softmax_of_list(numbers: list[float]) -> list[float]:
    highest = max(numbers)
    total = sum(math.exp(number - highest) for number in numbers)
    return [number - highest - math.log(total) for number in numbers]


@pytest.mark.parametrize("scale", [LINEAR, SQUARE_ROOT, ValueScale(1.0, rescaling=False)])
@pytest.mark.parametrize("quantiles", [1, 5])
@pytest.mark.parametrize("spread", [0.02, 1.0])
def test_the_munchausen_target_is_that_of_the_loop(scale: ValueScale, quantiles: int, spread: float) -> None:
    """In units of the scaled rewards, as the paper has it, where temperature and floor have their published values."""
    generator = torch.Generator().manual_seed(0)
    actions = torch.randint(3, (20,), generator=generator)
    next_values = torch.randn(20, 3, quantiles, generator=generator, dtype=torch.float64) * spread
    values = torch.randn(20, 3, 7, generator=generator, dtype=torch.float64) * spread
    returns = torch.randn(20, generator=generator, dtype=torch.float64) * 10
    discounts = torch.where(torch.arange(20) % 3 == 0, 0.0, 0.97)
    ours = munchausen_target(next_values, values, actions, returns, discounts, scale)
    assert ours.shape == (20, quantiles)

    def scaled(value: torch.Tensor) -> float:
        return scale.to_points(value).item() * scale.reward_scale

    floored = 0
    for row in range(20):
        q = [sum(scaled(x) for x in values[row, a]) / 7 for a in range(3)]
        log_policy = log_softmax_of_list([x / MUNCHAUSEN_TEMPERATURE for x in q])[actions[row]]
        clipped = max(MUNCHAUSEN_FLOOR, MUNCHAUSEN_TEMPERATURE * log_policy)
        floored += clipped == MUNCHAUSEN_FLOOR
        reward = returns[row].item() * scale.reward_scale + MUNCHAUSEN_SHARE * clipped
        next_q = [sum(scaled(x) for x in next_values[row, a]) / quantiles for a in range(3)]
        next_log_policy = log_softmax_of_list([x / MUNCHAUSEN_TEMPERATURE for x in next_q])
        for k in range(quantiles):
            soft = sum(
                math.exp(next_log_policy[a])
                * (scaled(next_values[row, a, k]) - MUNCHAUSEN_TEMPERATURE * next_log_policy[a])
                for a in range(3)
            )
            points = (reward + discounts[row].item() * soft) / scale.reward_scale
            expected = scale.from_points(torch.tensor(points, dtype=torch.float64)).item()
            assert ours[row, k].item() == pytest.approx(expected, abs=1e-6)
    assert (floored > 0) == (spread == 1.0)


def test_the_quantile_huber_loss_is_that_of_the_loop() -> None:
    generator = torch.Generator().manual_seed(0)
    quantiles = torch.randn(6, 4, generator=generator) * 2
    target = torch.randn(6, 5, generator=generator) * 2
    taus = torch.rand(6, 4, generator=generator)
    ours = quantile_huber(quantiles, target, taus)
    for row in range(6):
        total = 0.0
        for i in range(4):
            for j in range(5):
                error = target[row, j].item() - quantiles[row, i].item()
                small = abs(error) <= HUBER_KAPPA
                huber = 0.5 * error**2 if small else HUBER_KAPPA * (abs(error) - 0.5 * HUBER_KAPPA)
                total += abs(taus[row, i].item() - (error < 0)) * huber / HUBER_KAPPA
        assert ours[row].item() == pytest.approx(total / 5, abs=1e-5)


def test_a_quantile_network_learns_the_quantiles_of_a_known_distribution() -> None:
    """Exponentially distributed returns, whose quantile at tau is -mean log(1 - tau)."""
    mean = 20.0
    torch.manual_seed(0)
    network = QNetwork((1,), 1, 1, hidden_sizes=(32,), head_size=64, dueling=False, noisy=False, quantiles=True)
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    observations = torch.ones(64, 1)
    for update in range(1500):
        optimizer.param_groups[0]["lr"] = 3e-3 * (1 - update / 1500)
        taus = torch.rand(64, 8)
        target = -mean * torch.rand(64, 8).log()
        optimizer.zero_grad()
        quantile_huber(network(observations, taus)[:, 0], target, taus).mean().backward()
        optimizer.step()
    taus = torch.tensor([[0.1, 0.25, 0.5, 0.75, 0.9]])
    with torch.no_grad():
        learned = network(observations[:1], taus)[0, 0]
    torch.testing.assert_close(learned, -mean * (1 - taus[0]).log(), atol=1.0, rtol=0.06)


@pytest.mark.parametrize("scale", [LINEAR, SQUARE_ROOT])
def test_the_distribution_target_is_that_of_the_loop(scale: ValueScale) -> None:
    generator = torch.Generator().manual_seed(0)
    atoms = torch.linspace(-3.0, 6.0, 11)
    logits = torch.randn(8, 4, 11, generator=generator)
    actions = torch.randint(4, (8,), generator=generator)
    returns = torch.randn(8, generator=generator) * 20
    discounts = torch.where(torch.arange(8) % 3 == 0, 0.0, 0.97)
    ours = distribution_target(logits, actions, returns, discounts, atoms, scale)
    for row in range(8):
        weights = [math.exp(logits[row, actions[row], k].item()) for k in range(11)]
        probabilities = torch.tensor([[weight / sum(weights) for weight in weights]])
        points = [returns[row].item() + discounts[row].item() * scale.to_points(atoms[k]).item() for k in range(11)]
        values = scale.from_points(torch.tensor([points]))
        torch.testing.assert_close(
            ours[row : row + 1], project_one_by_one(probabilities, values, atoms), atol=1e-4, rtol=1e-4
        )


def test_expected_values_are_means_of_the_distributions() -> None:
    logits = torch.log(torch.tensor([[[0.25, 0.75], [1.0, 1e-30]]]))
    torch.testing.assert_close(expected_values(logits, torch.tensor([-2.0, 2.0])), torch.tensor([[1.0, -2.0]]))


def test_the_margin_loss_is_zero_only_for_a_lead_of_the_margin() -> None:
    values = torch.tensor([[1.0, 0.0, 0.8], [1.0, 0.0, 0.8], [1.0, 0.0, 0.1]])
    loss = large_margin(values, torch.tensor([0, 1, 0]), 0.5)
    torch.testing.assert_close(loss, torch.tensor([0.3, 1.5, 0.0]))
