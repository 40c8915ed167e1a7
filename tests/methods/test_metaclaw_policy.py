"""The policy reads, learns with real gradients, and leaves its base alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from methods.metaclaw.choices import STAGES
from methods.metaclaw.learning import Learner, Sample, advantages
from methods.metaclaw.policy import Policy
from methods.metaclaw.reading import features, vector

HALVES = np.full(len(STAGES), 0.5)
TEXT = "A bakery asks: sort every order. Some cells are empty."


def chances(policy, text, injected=()):
    """Probabilities of the choices by stage and name."""
    logits = policy(torch.from_numpy(vector(text, injected))[None])[0].detach()
    parts = zip(STAGES.items(), logits.split(policy.sizes), strict=True)
    return {stage: dict(zip(names, part.softmax(0).tolist(), strict=True)) for (stage, names), part in parts}


@pytest.fixture
def policy():
    return Policy(rank=8, strength=4.0, seed=0)


@pytest.mark.parametrize(
    ("content", "stage", "choice", "more"),
    [
        ("Use imputer median.", "imputer", "median", True),
        ("Set the encoder to onehot_unknown.", "encoder", "onehot_unknown", True),
        ("Avoid imputer none.", "imputer", "none", False),
        ("Never choose a model such as knn. ", "model", "knn", False),
    ],
)
def test_text_moves_the_choice_that_it_names(policy, content, stage, choice, more):
    before = chances(policy, TEXT)[stage][choice]
    after = chances(policy, TEXT, [(content, 1.0)])[stage][choice]
    assert after > 2 * before if more else after < before / 2


def test_a_text_moves_less_where_less_attention_is_paid(policy):
    said = [chances(policy, TEXT, [("Use imputer median.", a)])["imputer"]["median"] for a in (0.0, 0.3, 1.0)]
    assert said == sorted(said)
    assert said[0] < 0.25 < said[2]


def test_emptied_text_changes_nothing_and_other_text_misleads(policy):
    plain = chances(policy, TEXT)
    assert chances(policy, TEXT, [("", 1.0), ("   ", 1.0)]) == plain
    misled = chances(policy, TEXT, [("Use imputer none.", 1.0)])
    assert misled["imputer"]["none"] > 2 * plain["imputer"]["none"]


def test_an_untrained_policy_is_the_base(policy):
    x = torch.from_numpy(vector(TEXT, [("Use scaler robust.", 1.0)]))[None]
    assert torch.equal(policy(x), x @ policy.base.T)


def test_what_is_drawn_has_the_probability_that_is_kept(policy):
    x = vector(TEXT, [("Use scaler robust. Avoid model tree.", 0.8)])
    decision = policy.decide(x, HALVES)
    again = policy.log_probability(torch.from_numpy(x)[None], torch.tensor([decision.actions]))
    assert float(again) == pytest.approx(decision.log_probability, abs=1e-5)


def samples(policy, rewards):
    rng = np.random.default_rng(3)
    found = []
    for i, reward in enumerate(rewards):
        x = vector(f"{TEXT} Word{i}.", [("Use scaler robust.", 0.5)])
        decision = policy.decide(x, rng.random(len(STAGES)))
        found.append(Sample(x, decision.actions, decision.log_probability, reward, 0, i))
    return found


def test_an_update_makes_what_succeeded_more_likely_and_leaves_the_base(policy):
    batch = samples(policy, [1, -1, -1, -1])
    base = policy.base.clone()
    x = torch.from_numpy(np.stack([s.x for s in batch]))
    actions = torch.tensor([s.actions for s in batch])
    before = policy.log_probability(x, actions).detach()
    learner = Learner(policy, rate=0.01)
    for _ in range(5):
        learner.update(batch)
    after = policy.log_probability(x, actions).detach()
    assert after[0] > before[0]
    assert torch.equal(policy.base, base)
    assert not policy.base.requires_grad
    change = policy.up.detach() @ policy.down.detach()
    assert 1 <= int(torch.linalg.matrix_rank(change)) <= 8


def test_the_step_follows_the_gradient_of_the_loss(policy):
    """Central differences of the loss, written out here, agree with the gradient that the update leaves."""
    with torch.no_grad():
        policy.up.copy_(torch.randn(policy.up.shape, generator=torch.Generator().manual_seed(1)) / 10)
    batch = samples(policy, [1, -1, 1, -1])
    gain = advantages([s.reward for s in batch])
    with torch.no_grad():
        policy.up.mul_(1.05)  # so that the ratios are not 1

    def loss():
        terms = []
        for s, a in zip(batch, gain, strict=True):
            now = policy.log_probability(torch.from_numpy(s.x)[None], torch.tensor([s.actions]))
            terms.append(-min(float(torch.exp(now - s.log_probability)), 2.0) * a)
        return float(np.mean(terms))

    steps = []
    with torch.no_grad():
        for row, column in ((0, 0), (6, 3), (20, 5)):
            kept = float(policy.up[row, column])
            policy.up[row, column] = kept + 1e-2
            high = loss()
            policy.up[row, column] = kept - 1e-2
            low = loss()
            policy.up[row, column] = kept
            steps.append((row, column, (high - low) / 2e-2))
    Learner(policy, rate=0.0).update(batch)
    for row, column, slope in steps:
        assert float(policy.up.grad[row, column]) == pytest.approx(slope, abs=2e-3)


def test_equal_rewards_teach_nothing(policy):
    batch = samples(policy, [-1, -1, -1, -1])
    before = policy.up.detach().clone()
    assert Learner(policy, rate=0.1).update(batch) == 0.0
    assert torch.equal(policy.up, before)


def test_negated_words_are_other_words():
    assert not set(features("imputer none")) & set(features("avoid imputer none")) - set(features("avoid"))
    assert set(features("use imputer mean")) <= set(features("Avoid imputer none. Use imputer mean"))
