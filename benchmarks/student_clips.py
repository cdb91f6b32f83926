"""What would the student gain by real clips? Trained on, unlabelled, beside the synthetic lessons; fold left out.

    python -m benchmarks.student_clips LESSONS WEIGHTS.pt [--models FOLDER]

Goes on from the shipped student's weights (models.training.student) with its lessons (models.training.lessons) and as
many windows of the clips of three folds of `noise`; the fourth fold, which nothing of that student has heard, is asked.
Four folds, four students, of which none is shipped: most of these clips' licences do not allow it. Wants PyTorch and
aiSFX. Writes its section of docs/accuracy.md.
"""

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from benchmarks.accuracy import DATA, write_figures
from benchmarks.embedding import SHOTS, Embed, Noise, recordings, spread
from models.embedding import OnnxEmbedding, load_embedding
from models.front_end import resample
from models.model_card import ModelError
from models.training import student_file
from models.training.lessons import SILENT, Lessons, heard, load_lessons
from models.training.sounds import RATE, N, surroundings
from models.training.student_card import WINDOW

FOLDS = ("1", "2", "3", "4")
SOUNDS = 1_250  #: made of the clips of a fold, two windows each
STEPS = 3_000
SEED = 4

Sound = NDArray[np.float32]


def fold_windows(fold: str) -> list[Sound]:
    """Windows of the clips of a fold: played faster or slower, now and then two at once, mostly elsewhere."""
    clips = [
        (samples, rate) for row, samples, rate in recordings("noise") if row["fold"] == fold and np.abs(samples).max()
    ]
    chance, cut = np.random.default_rng((SEED, int(fold))), []

    def clip() -> Sound:
        samples, rate = clips[int(chance.integers(len(clips)))]
        played = resample(samples, rate * int(chance.integers(15, 27)) // 20, RATE)
        out, first = np.zeros(N, np.float32), int(chance.integers(-N // 2, max(1, len(played) - N // 2)))
        piece = played[max(0, first) : first + N]
        out[max(0, -first) : max(0, -first) + len(piece)] = piece
        return out / (np.sqrt(np.mean(np.square(out))) + np.float32(1e-9))

    for _ in range(SOUNDS):
        sound = clip()
        if chance.random() < 0.35:
            sound = sound + clip() * np.float32(10 ** (chance.uniform(-20, 0) / 20))
        if chance.random() < 0.6:
            sound = surroundings(chance, sound.astype(np.float64)).astype(np.float32)
        cut += [sound[start : start + WINDOW] for start in chance.integers(0, N - WINDOW, 2)]
    return [one for one in cut if np.sqrt(np.mean(np.square(one))) > SILENT]


def joined(parts: list[Lessons]) -> Lessons:
    return Lessons(np.concatenate([one.inputs for one in parts]), np.concatenate([one.targets for one in parts]))


def students(lessons: Lessons, weights: Path, teacher: OnnxEmbedding, folder: Path) -> Iterator[tuple[str, Embed]]:
    """Train the four, each with the fold it is to be asked of left out."""
    import torch

    from models.training.student import Deck, Student, principal, train

    torch.set_num_threads(1)
    reduce = principal(lessons.targets, seed=0)
    clips = {fold: heard(fold_windows(fold), teacher, np.random.default_rng((SEED, int(fold), 1))) for fold in FOLDS}
    print({fold: len(one.inputs) for fold, one in clips.items()}, "windows", flush=True)
    for asked in FOLDS:
        student = Student()
        student.load_state_dict(torch.load(weights, weights_only=True))
        others = joined([one for fold, one in clips.items() if fold != asked])
        trained = train(student, [Deck(lessons, reduce), Deck(others, reduce)], STEPS, SEED)
        numbers = {name: value.numpy() for name, value in trained.state_dict().items()}
        yield asked, OnnxEmbedding(student_file.write(numbers, folder / asked, "student", {})).embed


def table(trained: Mapping[str, Embed], teacher: OnnxEmbedding) -> str:
    """Compare on the folds the students left out."""
    text = [
        f"Asked of fold {', '.join(trained)}:\n\n"
        "| trained on | 25 kinds, 5 examples | 1 example | all examples | glass breaking, AUC |\n|---|---|---|---|---|\n"
    ]
    for name, embeds in (
        ("synthesis only (shipped)", dict.fromkeys(trained, load_embedding("student").embed)),
        ("synthesis and clips of the other three folds", trained),
        ("aiSFX, the teacher", dict.fromkeys(trained, teacher.embed)),
    ):
        noise = Noise(embeds)
        five, one, every = (spread(noise.naming(shots)) for shots in (SHOTS, 1, 1_000))
        text.append(f"| {name} | {five} | {one} | {every} | {noise.glass():.3f} |\n")
    return "".join(text)


def main() -> None:
    parser = argparse.ArgumentParser(description="the student with clips of other folds")
    parser.add_argument("lessons", type=Path, help="what models.training.lessons wrote")
    parser.add_argument("weights", type=Path, help="what models.training.student made of it")
    parser.add_argument("--models", type=Path, default=None, help="where aiSFX was built")
    given = parser.parse_args()
    if not (DATA / "noise/labels.csv").exists():
        raise SystemExit(f"skipped: no recordings at {DATA.resolve()}")
    try:
        teacher = load_embedding("aisfx", given.models)
    except ModelError as fault:
        raise SystemExit(f"skipped: {fault}") from fault
    with threadpool_limits(1), TemporaryDirectory() as folder:
        trained = dict(students(load_lessons(given.lessons), given.weights, teacher, Path(folder)))
        write_figures("student-clips", table(trained, teacher))


if __name__ == "__main__":
    main()
