import json
import shutil
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.decision.judge import judge
from analytics.signal.capture import Capture
from analytics.synthesis.parts import part_sound
from models import recipe as recipes
from models import recipe_files
from models.card import Card
from models.hearing import hearing_of
from models.recipe import RecipeError, load, load_taught, use, write_recipe
from models.recipe_files import FILES, versions
from models.teach import TaughtPart, TeachSettings, learn, learn_rows

RATE = 16_000
NOW = "2026-01-02T03:04:05+00:00"


def a_casting(part_id):
    sound, quiet = part_sound("castings", 7, part_id, RATE).samples, RATE // 10
    around = np.random.default_rng(len(part_id)).normal(0, 1e-3, len(sound) + 2 * quiet).astype(np.float32)
    around[quiet:-quiet] += sound
    return Capture(around, RATE, quiet, quiet + len(sound))


@pytest.fixture(scope="module")
def learned():
    good = [TaughtPart(f"T{i}.wav", a_casting(f"T{i}")) for i in range(12)]
    odd = [TaughtPart(f"X{i}.wav", a_casting(f"T{100 + i}"), "", "crack") for i in range(3)]
    for part in odd:
        part.capture.part[:] = part.capture.part[::-1].copy()
    return learn([*good, *odd], TeachSettings(reject_rate=0.05))


@pytest.fixture
def folder(tmp_path, learned):
    write_recipe(tmp_path / "bracket-A", learned, NOW)
    return tmp_path / "bracket-A"


def test_a_recipe_judges_as_what_was_learned(folder, learned):
    again = load(folder)

    for part_id in ("T500", "P1", "P2"):
        assert judge(a_casting(part_id), again.model).verdict == judge(a_casting(part_id), learned.model).verdict
    assert again.report == learned.report


def test_it_says_who_made_it_when_and_from_what(folder):
    recipe = load(folder)

    assert (recipe.name, recipe.version, recipe.taught_at) == ("bracket-A", 1, NOW)
    assert recipe.title == f"bracket-A v1 {recipe.hash[:12]}"
    heard = json.loads((folder / "v1" / "recordings.json").read_text("utf-8"))
    assert [one["name"] for one in heard[:2]] == ["T0.wav", "T1.wav"]
    assert len({one["sha256"] for one in heard}) == 15


def test_teaching_again_makes_the_next_version_and_keeps_the_last(folder, learned):
    second = write_recipe(folder, learned, NOW)

    assert second.version == 2
    assert load(folder).version == 2
    assert load(folder / "v1").version == 1
    assert load(folder / "v1").hash != second.hash


def test_an_earlier_version_is_put_back_and_who_did_it_is_noted(folder, learned):
    write_recipe(folder, learned, NOW)

    use(folder, 1, "meister", "2026-02-03T04:05:06+00:00")

    assert load(folder).version == 1
    noted = [json.loads(line) for line in (folder / "activations.jsonl").read_text("utf-8").splitlines()]
    assert [(one["who"], one["before"], one["version"]) for one in noted] == [
        ("wheeltapper teach", None, 1), ("wheeltapper teach", 1, 2), ("meister", 2, 1),
    ]  # fmt: skip
    assert noted[-1]["hash"] == load(folder).hash


def test_a_version_can_be_written_without_being_put_to_use(folder, learned):
    write_recipe(folder, learned, NOW, put_to_use=False)

    assert versions(folder) == [1, 2]
    assert load(folder).version == 1


def test_a_version_that_is_not_there_or_damaged_is_not_put_to_use(folder, learned):
    write_recipe(folder, learned, NOW)
    (folder / "v1" / "arrays.npz").write_bytes(b"")

    with pytest.raises(RecipeError, match="no version 7; it has 1, 2"):
        use(folder, 7, "meister", NOW)
    with pytest.raises(RecipeError, match="its hash differs"):
        use(folder, 1, "meister", NOW)
    assert load(folder).version == 2


def test_the_numbers_of_what_was_taught_are_kept_beside_the_names(folder, learned):
    taught = load_taught(folder)

    np.testing.assert_array_equal(taught.features, learned.taught.features)
    assert taught.heard == learned.taught.heard
    assert taught.embeddings is None
    assert learn_rows(taught, hearing_of(load(folder).model), TeachSettings(reject_rate=0.05)).model.limit == (
        learned.model.limit
    )


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(FILES), at=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_one_bit_flipped_anywhere_is_refused_in_one_sentence(folder, name, at, bit):
    path = folder / "v1" / name
    whole = path.read_bytes()
    flipped = bytearray(whole)
    flipped[int(at * len(whole))] ^= 1 << bit
    path.write_bytes(bytes(flipped))
    try:
        with pytest.raises(RecipeError) as fault:
            load(folder)
    finally:
        path.write_bytes(whole)

    assert "\n" not in str(fault.value)


def test_a_recipe_can_be_carried_to_another_machine(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "elsewhere")

    assert load(tmp_path / "elsewhere").hash == load(folder).hash


def test_nothing_but_the_versions_lies_in_the_folder(folder):
    assert sorted(path.name for path in folder.rglob("*")) == [
        "activations.jsonl", "arrays.npz", "current", "recipe.json", "recordings.json", "taught.npz", "v1",
    ]  # fmt: skip


@pytest.mark.parametrize("failing", range(1, 6))
def test_a_disk_that_fails_at_the_nth_file_leaves_nothing_behind(tmp_path, learned, monkeypatch, failing):
    written = []
    truly = recipes.write

    def write(path, content):
        written.append(path)
        if len(written) == failing:
            path.write_bytes(content[: len(content) // 2])
            raise OSError(28, "No space left on device")
        truly(path, content)

    monkeypatch.setattr(recipes, "write", write)
    with pytest.raises(RecipeError, match="No space left on device"):
        write_recipe(tmp_path / "new", learned, NOW)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("failing", range(1, 6))
def test_a_disk_that_fails_leaves_the_version_in_use_as_it_was(folder, learned, monkeypatch, failing):
    before = load(folder).hash
    count = iter(range(1, 10))
    truly = recipes.write

    def write(path, content):
        if next(count) == failing:
            raise OSError(28, "No space left on device")
        truly(path, content)

    monkeypatch.setattr(recipes, "write", write)
    with pytest.raises(RecipeError):
        write_recipe(folder, learned, NOW)

    assert load(folder).hash == before
    assert not list(folder.glob("v2"))
    assert not list(folder.glob(".writing-*"))


def test_a_folder_of_something_else_is_not_written_into(tmp_path, learned):
    (tmp_path / "good").mkdir()
    (tmp_path / "good" / "0001.wav").write_bytes(b"x")

    with pytest.raises(RecipeError, match=r"good: holds 0001\.wav, wanted a recipe or a new folder"):
        write_recipe(tmp_path / "good", learned, NOW)


def test_a_recipe_that_is_not_there_says_how_to_teach_it(tmp_path):
    with pytest.raises(
        RecipeError, match=r"no recipe at .*nowhere; teach it: wheeltapper teach .*nowhere --good FOLDER"
    ):
        load(tmp_path / "nowhere")


def rewrite(folder, **changes):
    """Change the card and seal it again, as another program would write it."""
    path = folder / "v1" / "recipe.json"
    fields = json.loads(path.read_text("utf-8")) | changes
    sealed = Card.model_construct(**fields)
    path.write_text(json.dumps(fields | {"hash": sealed.own_hash()}), "utf-8")


@pytest.mark.parametrize(("format_", "mend"), [(3, "update wheeltapper"), (1, "teach it again"), (0, "teach it again")])
def test_a_recipe_of_another_format_says_who_made_it_and_what_to_do(folder, format_, mend):
    rewrite(folder, format=format_, made_by="9.9.9", of_the_future={})

    with pytest.raises(RecipeError, match=rf"format {format_}, made by wheeltapper 9\.9\.9; .* reads format 2: {mend}"):
        load(folder)


def damaged(folder, what):
    place = folder / "v1"
    card = (place / "recipe.json").read_text("utf-8")
    {
        "card cut": lambda: (place / "recipe.json").write_text(card[:500]),
        "card empty": lambda: (place / "recipe.json").write_text("[]"),
        "card deep": lambda: (place / "recipe.json").write_text("[" * 100_000),
        "limit raised by hand": lambda: (place / "recipe.json").write_text(card.replace('"value": ', '"value": 9')),
        "arrays cut": lambda: (place / "arrays.npz").write_bytes((place / "arrays.npz").read_bytes()[:-9]),
        "taught cut": lambda: (place / "taught.npz").write_bytes((place / "taught.npz").read_bytes()[:-9]),
        "taught gone": lambda: (place / "taught.npz").unlink(),
        "under another number": lambda: place.rename(folder / "v2") and (folder / "current").write_text("2"),
        "arrays gone": lambda: (place / "arrays.npz").unlink(),
        "recordings gone": lambda: (place / "recordings.json").unlink(),
        "version gone": lambda: shutil.rmtree(place),
        "current is a path": lambda: (folder / "current").write_text("../../etc"),
        "model of another shape": lambda: rewrite(folder, model={"front_end": {}}),
    }[what]()


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ("card cut", "not a recipe card"),
        ("card empty", "recipe.json: card: Input should be"),
        ("card deep", "not a recipe card"),
        ("limit raised by hand", "changed since it was written"),
        ("arrays cut", r"arrays\.npz: not the file this recipe was written with"),
        ("taught cut", r"taught\.npz: not the file this recipe was written with"),
        ("taught gone", r"taught\.npz: cannot be read"),
        ("under another number", "v2: holds version 1 of bracket-A; put it back under its own number"),
        ("arrays gone", r"arrays\.npz: cannot be read"),
        ("recordings gone", r"recordings\.json: cannot be read"),
        ("version gone", r"recipe\.json: cannot be read"),
        ("current is a path", "wanted the number of a version"),
        ("model of another shape", "missing or unknown"),
    ],
)
def test_a_damaged_recipe_is_refused_in_one_sentence(folder, what, sentence):
    damaged(folder, what)

    with pytest.raises(RecipeError, match=sentence) as fault:
        load(folder)

    assert "\n" not in str(fault.value)


def test_a_model_that_scores_its_own_parts_differently_must_not_judge(tmp_path, learned):
    detector = replace(learned.model.detector, rest=learned.model.detector.rest * 2)
    other = replace(learned, model=replace(learned.model, detector=detector))

    with pytest.raises(RecipeError, match="scores its own stored parts"):
        write_recipe(tmp_path / "a", other, NOW)
    assert not (tmp_path / "a").exists()


def test_arrays_that_claim_to_be_enormous_are_not_unpacked(folder):
    place = folder / "v1" / "arrays.npz"
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("a.npy", bytes(2**26 + 1))
    rewrite(folder, arrays_sha256=recipe_files.sha256(place.read_bytes()))

    with pytest.raises(RecipeError, match="larger than any recipe"):
        load(folder)


def test_objects_among_the_arrays_are_not_run(folder):
    place = folder / "v1" / "arrays.npz"
    np.savez(place, **{"detector.mean": np.array([{"a": 1}], object)})
    rewrite(folder, arrays_sha256=recipe_files.sha256(place.read_bytes()))

    with pytest.raises(RecipeError, match="not readable"):
        load(folder)


@pytest.mark.parametrize("field", ["gate.before.mean", "taught.weights", "prototypes.centres"])
def test_numbers_that_do_not_fit_each_other_are_refused(folder, field):
    place = folder / "v1" / "arrays.npz"
    with np.load(place) as held:
        arrays = dict(held)
    arrays[field] = arrays[field][..., :-1]
    np.savez(place, **arrays)
    rewrite(folder, arrays_sha256=recipe_files.sha256(place.read_bytes()))

    with pytest.raises(RecipeError, match="fit"):
        load(folder)
