"""The usual word-level PyTorch training loop, as the baseline of speed and of quality.

Embedding, nn.LSTM, a Linear layer tied to the embedding, cross entropy over the whole vocabulary,
SGD with clipping, 20 × 35 tokens a step, the state carried.
"""

import numpy as np
import torch
from torch import nn

STREAMS, STEPS = 20, 35


class PlainLanguageModel(nn.Module):
    def __init__(self, words: int, width: int, depth: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, width)
        self.lstm = nn.LSTM(width, width, depth, dropout=0.2)
        self.dropout = nn.Dropout(0.2)
        self.output = nn.Linear(width, words)
        self.output.weight = self.embedding.weight

    def forward(self, ids: torch.Tensor, state: tuple) -> tuple[torch.Tensor, tuple]:
        hidden, state = self.lstm(self.dropout(self.embedding(ids)), state)
        return self.output(self.dropout(hidden)), state


class PlainLoop:
    """Trains on rows of a vocabulary, 20 columns of consecutive text.

    rows (ndarray): int64 (tokens,).
    words (int): Size of the vocabulary.
    width, depth (int): Of the LSTM.
    """

    def __init__(self, rows: np.ndarray, words: int, *, width: int = 200, depth: int = 2) -> None:
        columns = torch.from_numpy(rows[: len(rows) // STREAMS * STREAMS])
        self.columns = columns.view(STREAMS, -1).t().contiguous()
        self.model = PlainLanguageModel(words, width, depth)
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=20.0)
        zeros = torch.zeros(depth, STREAMS, width)
        self.state: tuple = (zeros, zeros.clone())
        self.place = 0

    def step(self) -> int:
        """RETURNS (int): The tokens of the step."""
        if self.place + STEPS + 1 > len(self.columns):
            self.place = 0
        start, self.place = self.place, self.place + STEPS
        self.state = tuple(part.detach() for part in self.state)
        logits, self.state = self.model(self.columns[start : start + STEPS], self.state)
        targets = self.columns[start + 1 : start + STEPS + 1].reshape(-1)
        loss = nn.functional.cross_entropy(logits.view(len(targets), -1), targets)
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 0.25)
        self.optimizer.step()
        return len(targets)
