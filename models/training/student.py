"""Trains the student: a small network that answers a window of sound as aiSFX does.

    python -m models.training.student LESSONS OUT.pt [--steps 12000] [--seed 0] [--threads 1]

Distillation on unlabelled synthetic sound (`models.training.lessons`). The teacher's 512 numbers are reduced to the
128 principal ones; the student learns them and, above all, the angles between them: loss = mean squared difference plus
5 times the mean squared difference of the cosines within a batch. What was tried and what it gave: docs/models.md.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from models.training.lessons import Lessons, load_lessons
from models.training.student_card import BANDS, FRAMES, SIZE

#: Channels in and out, kernel side, stride over (time, frequency): 5.98 million multiplications for half a second.
LAYERS = ((1, 16, 5, (2, 2)), (16, 32, 3, (1, 2)), (32, 64, 3, (2, 2)), (64, 80, 3, (2, 1)))
ROWS = 8  #: of frequency that are left after the layers
FLOOR = 1e-4  #: of a variance, under the root
BATCH, RATE, DECAY, WARM = 96, 2e-3, 0.02, 100
COSINES = 5.0  #: weight of the cosines in the loss
FITTED = 12_000  #: lessons the principal directions are taken from


class Student(nn.Module):
    """Four convolutions, then mean, spread and maximum over time of each row of frequency, then one linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            nn.Conv2d(one, other, side, stride, side // 2, bias=False) for one, other, side, stride in LAYERS
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(other) for _, other, _, _ in LAYERS)
        self.last = nn.Linear(3 * LAYERS[-1][1] * ROWS, SIZE)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Answer inputs (n, 1, 44, 64) by vectors (n, 128)."""
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            x = torch.relu(norm(convolution(x)))
        spread = torch.sqrt(x.var(dim=2, unbiased=False) + FLOOR)
        pooled = torch.cat([x.mean(dim=2), spread, x.amax(dim=2)], dim=1)
        answer: torch.Tensor = self.last(pooled.flatten(1))
        return answer


Reduce = Callable[[NDArray[np.float32]], NDArray[np.float32]]


def principal(targets: NDArray[np.float32], seed: int) -> Reduce:
    """Find how to reduce teacher's vectors (n, 512), standardised, to 128 numbers of unit mean variance, (n, 128)."""
    chosen = targets[np.random.default_rng(seed).permutation(len(targets))[:FITTED]].astype(np.float64)
    mean, scale = chosen.mean(axis=0), chosen.std(axis=0) + 1e-3
    _, strength, directions = np.linalg.svd((chosen - mean) / scale, full_matrices=False)
    size = np.sqrt(np.mean(strength[:SIZE] ** 2) / len(chosen))
    return lambda vectors: np.asarray((vectors - mean) / scale @ directions[:SIZE].T / size, np.float32)


class Deck:
    """Lessons dealt in random order, all of them before any comes again."""

    def __init__(self, lessons: Lessons, reduce: Reduce) -> None:
        self._inputs, self._targets = torch.from_numpy(lessons.inputs), torch.from_numpy(reduce(lessons.targets))
        self._order = np.empty(0, int)

    def deal(self, count: int, chance: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """Return inputs (count, 44, 64) and targets (count, 128)."""
        if len(self._order) < count:
            self._order = chance.permutation(len(self._inputs))
        chosen, self._order = self._order[:count], self._order[count:]
        return self._inputs[chosen].float(), self._targets[chosen]


def loss_of(answer: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Compare vectors, and the angles between them, of a batch (n, 128)."""
    ours, wanted = (nn.functional.normalize(one, dim=1) for one in (answer, target))
    angles = torch.square(ours @ ours.T - wanted @ wanted.T).mean()
    return nn.functional.mse_loss(answer, target) + COSINES * angles


def train(student: Student, decks: Sequence[Deck], steps: int, seed: int) -> Student:
    """Train on as many lessons of each deck, each batch shifted in time by one common step; cosine decay to zero."""
    chance = np.random.default_rng(seed)
    student = student.to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(student.parameters(), RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda at: min(1.0, (at + 1) / WARM) * 0.5 * (1 + np.cos(np.pi * at / steps))
    )
    losses = []
    student.train()
    for step in range(steps):
        dealt = [deck.deal(BATCH // len(decks), chance) for deck in decks]
        inputs, target = (torch.cat(side) for side in zip(*dealt, strict=True))
        batch = torch.roll(inputs, int(chance.integers(FRAMES)), dims=1).reshape(-1, 1, FRAMES, BANDS)
        with torch.autocast("cpu", torch.bfloat16):  # twice as fast, and no worse
            answer = student(batch)
        loss = loss_of(answer.float(), target)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        losses.append(float(loss.detach()))
        if step % 500 == 499:
            print(f"step {step + 1}: loss {np.mean(losses[-500:]):.4f}", flush=True)
    student.eval()
    return student


def main() -> None:
    """Train and keep the weights; `models.training.student_file` makes the model of them."""
    parser = argparse.ArgumentParser(description="a small network that answers as aiSFX does")
    parser.add_argument("lessons", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=12_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)  # two wait more than they work
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    lessons = load_lessons(given.lessons)
    print(f"{len(lessons.inputs)} lessons", flush=True)
    torch.manual_seed(given.seed)
    deck = Deck(lessons, principal(lessons.targets, given.seed))
    torch.save(train(Student(), [deck], given.steps, given.seed).state_dict(), given.out)


if __name__ == "__main__":
    main()
