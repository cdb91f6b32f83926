"""`wheeltapper pilot` on recordings and on a store."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
import soundfile

from analytics.decision.judge import judge
from analytics.decision.verdict import Evaluation, Verdict
from analytics.quality.words import Quality
from gateway.audio.files import capture_of
from gateway.cli.app import main
from gateway.processes.cut import cut_of
from gateway.processes.ledger_messages import PartRecord
from gateway.processes.messages import PartNumbers
from gateway.store import records
from gateway.store.database import Store
from gateway.store.evidence import FOLDER, Evidence
from gateway.store.labels import add_label, part_key
from models.recipe import load

COSTS = [
    "--cost", "parts_per_year=100000", "--cost", "defect_rate=0.01", "--cost", "missed_today=0.2",
    "--cost", "cost_missed=50,80,120", "--cost", "cost_false_reject=1", "--cost", "one_off=9000",
    "--cost", "currency=<b>EUR",
]  # fmt: skip


@pytest.fixture(scope="module")
def castings(plant, tmp_path_factory):
    """Ten castings nobody has heard, ten played backwards, one of the taught ones, one that is labelled wrong."""
    from tests.gateway.cli.conftest import record

    folder = tmp_path_factory.mktemp("pilot")
    rows = ["file,label,tray,repeat_of"]
    for number in range(10):
        path = record(folder / f"g{number}.wav", f"T{200 + number}")
        sound, rate = soundfile.read(path)
        soundfile.write(folder / f"b{number}.wav", sound[::-1], rate, subtype="PCM_24")
        rows += [f"g{number}.wav,good,{number // 5},", f"b{number}.wav,backwards,{number // 5},"]
    record(folder / "again.wav", "T200")
    record(folder / "known.wav", "T3")
    record(folder / "wrong.wav", "T300")
    rows += ["again.wav,good,0,g0.wav", "known.wav,good,0,", "wrong.wav,<i>crack,1,", "gone.wav,good,1,"]
    (folder / "labels.csv").write_text("\n".join(rows))
    return folder


def run(plant, castings, out, *more):
    labels = str(castings / "labels.csv")
    return main(
        ["pilot", str(castings), "--labels", labels, "--recipe", str(plant / "recipe"), "--out", str(out), *more]
    )


class Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []
        self.tags = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.found += [value for name, value in attrs if name in ("src", "href", "action", "data")]


def test_recordings_are_judged_and_the_taught_ones_left_out(plant, castings, tmp_path, capsys):
    assert run(plant, castings, tmp_path / "p.html", "--json", *COSTS) == 0

    told = json.loads(capsys.readouterr().out)
    rates = told["figures"]["rates"]
    assert told["left_out_taught"] == ["known.wav"]
    assert (rates["found"]["events"], rates["found"]["n"], rates["missed"]["events"]) == (10, 11, 1)
    assert (rates["passed"]["n"], rates["passed"]["effective"]) == (11, pytest.approx(121 / 13))
    assert any("gone.wav" in line for line in told["labels_without_part"])
    assert told["figures"]["agreement"]["repeatable"]["events"] == 1
    assert told["payback"]["net"]["low"] < told["payback"]["net"]["mid"]


def test_the_report_is_one_file_that_asks_for_nothing(plant, castings, tmp_path):
    assert run(plant, castings, tmp_path / "p.html", *COSTS) == 0

    text = (tmp_path / "p.html").read_text()
    links = Links()
    links.feed(text)
    assert links.found
    assert all(link.startswith("data:") for link in links.found)
    assert not {"script", "link", "iframe", "form"} & set(links.tags)
    assert "default-src 'none'" in text
    assert "data:audio/wav;base64," in text
    assert "wrong.wav" in text


def test_what_came_from_outside_is_text_and_no_markup(plant, castings, tmp_path):
    run(plant, castings, tmp_path / "p.html", *COSTS)
    text = (tmp_path / "p.html").read_text()
    assert "<i>crack" not in text
    assert "<b>EUR" not in text
    assert "&lt;i&gt;crack" in text


def test_no_percentage_of_the_station_stands_without_its_interval(plant, castings, tmp_path):
    run(plant, castings, tmp_path / "p.html")
    text = (tmp_path / "p.html").read_text()
    section = text[text.index("2. How often") : text.index("3. What a number")]
    cells = re.findall(r"<td[^>]*>([^<]*)", section)
    assert cells
    assert all(re.search(r"\([\d.]+ % to [\d.]+ %; \d+ of \d+\)", cell) for cell in cells)


def test_groups_are_counted_as_one_and_said(plant, castings, tmp_path, capsys):
    assert run(plant, castings, tmp_path / "p.html", "--group", "tray", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert len(told["left_out_taught"]) == 12  # one part that was taught spoils its whole tray
    assert told["figures"]["groups"] == [1, 1]

    labels = (castings / "labels.csv").read_text().replace("known.wav,good,0,\n", "")
    (castings / "clean.csv").write_text(labels)
    recipe = str(plant / "recipe")
    arguments = ["pilot", str(castings), "--labels", str(castings / "clean.csv"), "--recipe", recipe]
    assert main([*arguments, "--group", "tray", "--out", str(tmp_path / "q.html"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["figures"]["groups"] == [2, 2]
    assert told["figures"]["rates"]["found"]["effective"] < 2.01
    assert "worth 2 independent parts" in (tmp_path / "q.html").read_text()


def test_without_sound_no_sound_leaves(plant, castings, tmp_path):
    run(plant, castings, tmp_path / "p.html", "--no-sound")
    text = (tmp_path / "p.html").read_text()
    assert "audio/wav" not in text
    assert "data:image/png" in text


def test_labels_of_taught_parts_alone_are_refused(plant, tmp_path, capsys):
    (tmp_path / "l.csv").write_text("file,label\n01.wav,good\n02.wav,good\n")
    arguments = ["pilot", str(plant / "good"), "--labels", str(tmp_path / "l.csv"), "--recipe", str(plant / "recipe")]
    assert main([*arguments, "--out", str(tmp_path / "p.html")]) == 1
    assert "was taught with all 2 parts" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--cost", "parts_per_year=1"], "one_off: missing"),
        (["--good", "nothing"], "no part in it is good"),
        (["--by", "shift"], "no column shift"),
    ],
)
def test_a_fault_is_one_sentence_and_no_report(plant, castings, tmp_path, capsys, more, sentence):
    assert run(plant, castings, tmp_path / "p.html", *more) == 1
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "p.html").exists()


def test_a_folder_without_a_recipe_is_told_what_it_lacks(castings, capsys):
    assert main(["pilot", str(castings), "--labels", str(castings / "labels.csv")]) == 2
    assert "--recipe" in capsys.readouterr().err
    assert main(["pilot", str(castings / "nowhere")]) == 1
    assert "nowhere: there is no such file" in capsys.readouterr().err


def part(number, evaluation, *quality, outcome="judged"):
    score = None if evaluation is Evaluation.NOT_DECIDABLE else 1.5 if evaluation is Evaluation.NOT_OK else 0.5
    told = Verdict(evaluation, score, None, None, "said", quality=tuple(quality))
    return PartRecord(
        "ring", "shadow", 1, number, f"P{number}", 1, "2026-11-24T12:00:00+00:00", told, 0, 0, None, True,
        10.0 + number / 100, 3.0, "bracket v1 abc", outcome,
    )  # fmt: skip


@pytest.fixture
def store(tmp_path):
    opened = Store.open(tmp_path / "data", "now")
    with opened.commit() as db:
        for number in range(200):
            if number % 20 == 0:
                records.add_part(db, part(number, Evaluation.NOT_OK))
            elif number % 50 == 1:
                records.add_part(db, part(number, Evaluation.NOT_DECIDABLE, Quality.LATE))
            else:
                records.add_part(db, part(number, Evaluation.OK))
        records.add_part(db, part(200, Evaluation.UNDEFINED, outcome="observed"))
    opened.close()
    return tmp_path / "data"


def test_parts_of_a_store_are_joined_by_their_id(store, tmp_path, capsys):
    rows = [f"P{n},{'crack' if n % 20 == 0 else 'good'}" for n in range(200)] + ["X9,good"]
    (tmp_path / "l.csv").write_text("part_id,label\n" + "\n".join(rows))
    arguments = ["pilot", str(store), "--labels", str(tmp_path / "l.csv"), "--out", str(tmp_path / "p.html")]

    assert main([*arguments, "--json"]) == 0

    told = json.loads(capsys.readouterr().out)
    figures = told["figures"]
    assert (figures["rates"]["found"]["events"], figures["late"]["events"], figures["causes"]["late"]["events"]) == (
        10, 4, 4,
    )  # fmt: skip
    assert (figures["latency"]["n"], told["labels_chosen_by_verdict"]) == (200, False)
    assert told["labels_without_part"] == ["X9: no judged part in the store is called so"]
    assert told["taught_not_known"] == ["bracket v1 abc"]
    assert told["heard_without_verdict"] == 1
    assert "trigger to result" in (tmp_path / "p.html").read_text()


def test_a_detection_rate_from_labelled_rejects_alone_is_not_claimed(store, tmp_path):
    (tmp_path / "l.csv").write_text(
        "part_id,label\n" + "\n".join(f"P{n},crack" for n in range(0, 180, 20)) + "\nP180,ok"
    )
    assert main(["pilot", str(store), "--labels", str(tmp_path / "l.csv"), "--out", str(tmp_path / "p.html")]) == 0
    assert "The labels were chosen by the verdict." in (tmp_path / "p.html").read_text()


def test_what_people_said_of_the_parts_counts_where_no_table_is_named(store, tmp_path, capsys):
    arguments = ["pilot", str(store), "--out", str(tmp_path / "p.html"), "--json"]
    assert main(arguments) == 1
    assert "nobody has said of a part there" in capsys.readouterr().err

    opened = Store.open(store, "now")
    with opened.commit() as db:
        for row, said in ((1, ("good", "")), (1, ("bad", "crack")), (3, ("good", ""))):
            add_label(db, "2026-11-24T13:00:00+00:00", part_key(db, row), said, ("ann", "page"))
    opened.close()
    assert main(arguments) == 0
    told = json.loads(capsys.readouterr().out)
    assert [(one["name"], one["label"], one["bad"]) for one in told["parts"]] == [
        ("P0", "crack", True), ("P2", "good", False),
    ]  # fmt: skip


def test_columns_without_a_table_are_refused(store, capsys):
    assert main(["pilot", str(store), "--by", "shift"]) == 2
    assert "--labels FILE" in " ".join(capsys.readouterr().err.split())


def test_a_report_that_cannot_be_written_is_one_sentence(plant, castings, tmp_path, capsys):
    assert run(plant, castings, tmp_path / "nowhere" / "p.html") == 2
    assert "cannot be written" in capsys.readouterr().err


def test_a_store_in_observe_mode_is_told_what_a_pilot_wants(tmp_path, capsys):
    opened = Store.open(tmp_path / "data", "now")
    with opened.commit() as db:
        records.add_part(db, part(1, Evaluation.UNDEFINED, outcome="observed"))
    opened.close()
    assert main(["pilot", str(tmp_path / "data"), "--out", str(tmp_path / "p.html")]) == 1
    assert "wants shadow or active mode" in capsys.readouterr().err


def heard(db, store, recipe, path, number):
    """Store a casting as the line would: judged by the recipe, with its sound."""
    sound, rate = soundfile.read(path, dtype="float32")
    capture = capture_of(sound, rate, False)
    judged = judge(capture, recipe.model)
    numbers = PartNumbers(cut_of(capture, (), str(recipe.folder.resolve())).text, "", judged.features)
    record = replace(part(number, Evaluation.OK), told=judged.verdict, recipe=recipe.title, numbers=numbers)
    row = records.add_part(db, record)
    kept = capture.samples[:, None]
    name = Evidence(store.folder / FOLDER, 10**8, lambda _: 2**40).keep_clip("ring", kept, rate)
    records.set_clip(db, row, name, records.sound_sha256(kept))


def test_a_stored_part_is_shown_with_its_sound_and_a_taught_one_is_left_out(plant, castings, tmp_path, capsys):
    recipe = load(plant / "recipe")
    opened = Store.open(tmp_path / "data", "now")
    with opened.commit() as db:
        for number, name in enumerate(("wrong", "b0", "g1", "known")):
            heard(db, opened, recipe, castings / f"{name}.wav", number)
    opened.close()
    (tmp_path / "l.csv").write_text("part,label\nP0,crack\nP1,crack\nP2,good\nP3,good\n")

    labels = ["--labels", str(tmp_path / "l.csv"), "--out", str(tmp_path / "p.html"), "--json"]
    assert main(["pilot", str(tmp_path / "data"), *labels]) == 0

    told = json.loads(capsys.readouterr().out)
    assert (told["left_out_taught"], told["taught_not_known"]) == (["P3"], [])
    assert told["figures"]["rates"]["missed"]["events"] == 1
    text = (tmp_path / "p.html").read_text()
    assert text.count("data:audio/wav") >= 1
    assert text.count("data:image/png") == 2  # as heard, and as expected of a good part
