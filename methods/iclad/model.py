"""The transformer: rows as tokens, labels as modulation, and queries that attend to the support only."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from methods.iclad.preprocess import CHANNELS, cells
from methods.iclad.prior import COLUMNS

__all__ = ["FiLM", "InContextDetector"]

WIDTH, LAYERS, HEADS = 64, 4, 4


class FiLM(nn.Module):
    """x̃ = (1 + γ(c)) ⊙ x + β(c), the identity for rows without a label (c = -1)."""

    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(0.02 * torch.randn(2, *shape))
        self.beta = nn.Parameter(0.3 * torch.randn(2, *shape))

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        """Modulated cells: ``x`` (tasks, rows, columns, channels) by ``labels`` (tasks, rows)."""
        known = (labels >= 0)[..., None, None]
        at = labels.clamp_min(0)
        return torch.where(known, x * (1 + self.gamma[at]) + self.beta[at], x)


class Attention(nn.Module):
    """Attention by distance, whose heads also tell how near their keys lie.

    Softmax weights forget whether all keys are far away, which is what an anomaly is. So the weights are those of a
    Gaussian kernel, softmax(-τ‖q - k‖²), and each head passes on with the values how remote a row is: its
    log(1 - log mean exp(-τ‖q - k‖²)), standardised by those of the support's rows.
    """

    def __init__(self) -> None:
        super().__init__()
        self.queries = nn.Linear(WIDTH, WIDTH)
        self.keys_values = nn.Linear(WIDTH, 2 * WIDTH)
        with torch.no_grad():  # so that distances mean something from the first step on
            nn.init.orthogonal_(self.keys_values.weight[:WIDTH])
            self.queries.weight.copy_(self.keys_values.weight[:WIDTH])
            self.queries.bias.copy_(self.keys_values.bias[:WIDTH])
        self.log_scale = nn.Parameter(torch.linspace(-2.0, 1.5, HEADS))
        self.out = nn.Linear(WIDTH + HEADS, WIDTH)

    def forward(self, rows: Tensor, size: int, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """New values (tasks, rows, WIDTH) and remoteness (tasks, rows, HEADS) of rows, the first ``size`` of them keys.

        ``hidden`` (tasks or 1, 1, rows, size) are pairs that are left out.
        """
        tasks = len(rows)
        q = self.queries(rows).view(tasks, -1, HEADS, WIDTH // HEADS).transpose(1, 2)
        k, v = (
            self.keys_values(rows[:, :size])
            .view(tasks, size, 2, HEADS, WIDTH // HEADS)
            .permute(2, 0, 3, 1, 4)
        )
        scale = self.log_scale.exp().view(1, HEADS, 1, 1) / (WIDTH // HEADS) ** 0.5
        bias = k.square().sum(-1).mul(-scale[..., 0]).unsqueeze(-2)
        scores = (torch.matmul(q * (2 * scale), k.transpose(-1, -2)) + bias).masked_fill_(hidden, -1e9)
        top = scores.detach().amax(-1, keepdim=True)
        kernel = (scores - top).exp()
        total = kernel.sum(-1, keepdim=True)
        values = torch.matmul(kernel, v) / total
        mass = top + total.log() - math.log(size)
        distance = (
            (scale * q.square().sum(-1, keepdim=True) - mass).clamp_min(0).log1p()[..., 0].transpose(1, 2)
        )
        of_support = distance[:, :size]
        usual = of_support.mean(1, keepdim=True)
        spread = (of_support.var(1, keepdim=True) + 1e-3).sqrt()
        remoteness = torch.asinh((distance - usual) / spread)
        return self.out(torch.cat([values.transpose(1, 2).flatten(2), remoteness], -1)), remoteness


class Layer(nn.Module):
    """Attention to the support, then a feed-forward part, both residual."""

    def __init__(self, *, first: bool) -> None:
        super().__init__()
        # The first attention sees rows as they are: a norm would take away how far out a row lies.
        self.norm: nn.Module = nn.Identity() if first else nn.LayerNorm(WIDTH)
        self.attention = Attention()
        self.feed = nn.Sequential(
            nn.LayerNorm(WIDTH), nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH)
        )

    def forward(self, rows: Tensor, size: int, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """Rows, of which the first ``size`` are the support, and their remoteness, as of the attention."""
        change, remoteness = self.attention(self.norm(rows), size, hidden)
        rows = rows + change
        return rows + self.feed(rows), remoteness


class InContextDetector(nn.Module):
    """Logits of being anomalous for rows of a table, given a support of the same table.

    A support row does not attend to itself, so that its own logit is what it would get as a query of the others.
    """

    def __init__(self) -> None:
        super().__init__()
        self.film = FiLM(COLUMNS, CHANNELS)
        self.mix = nn.Linear(COLUMNS * CHANNELS, WIDTH)
        nn.init.orthogonal_(self.mix.weight)
        self.cell = nn.Sequential(nn.Linear(CHANNELS, 32), nn.GELU())
        self.pool = nn.Linear(32, WIDTH)
        self.layers = nn.ModuleList(Layer(first=i == 0) for i in range(LAYERS))
        self.remote = nn.Linear(LAYERS * HEADS, 1, bias=False)
        self.head = nn.Sequential(nn.LayerNorm(WIDTH), nn.Linear(WIDTH, 1))

    def tokens(self, x: Tensor, labels: Tensor) -> Tensor:
        """Tokens (tasks, rows, WIDTH) of cells: a linear map of all of them plus the mean of a map of each."""
        x = self.film(x, labels)
        return self.mix(x.flatten(2)) + self.pool(self.cell(x).mean(2))

    def forward(
        self, support: Tensor, labels: Tensor, queries: Tensor, own: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Logits of the support's rows and of the queries.

        Parameters
        ----------
        support : (tasks, support rows, COLUMNS)
        labels : (tasks, support rows)
            0 normal, 1 anomalous, -1 not known.
        queries : (tasks, rows, COLUMNS)
        own : (tasks, rows), optional
            Place in the support of a query that is one of its rows, which it then does not see; -1 for others.

        Returns
        -------
        (tasks, support rows), (tasks, rows)
        """
        size = support.shape[1]
        raw = torch.cat([support, queries], 1)
        asked = torch.full(queries.shape[:2], -1, dtype=labels.dtype)
        x = self.tokens(cells(support, raw), torch.cat([labels, asked], 1))
        place = torch.arange(size)
        hidden = torch.zeros(1, 1, raw.shape[1], size, dtype=torch.bool)
        hidden[0, 0, :size] = torch.eye(size, dtype=torch.bool)
        if own is not None:
            hidden = hidden.repeat(len(raw), 1, 1, 1)
            hidden[:, 0, size:] = own[..., None] == place
        far = []
        for layer in self.layers:
            x, remoteness = layer(x, size, hidden)
            far.append(remoteness)
        logits = (self.head(x) + self.remote(torch.cat(far, -1)))[..., 0]
        return logits[:, :size], logits[:, size:]
