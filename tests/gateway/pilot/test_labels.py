import pytest

from gateway.pilot.labels import Columns, LabelsError, read_labels


def table(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "labels.csv"
    path.write_text(text, encoding=encoding)
    return path


def test_words_become_truth(tmp_path):
    path = table(tmp_path, "file,label\na.wav,good\nb.wav,OK\nc.wav,crack\n")
    found = read_labels(path, Columns())
    assert [(row.name, row.bad, row.part, row.group) for row in found.rows] == [
        ("a.wav", False, "a.wav", ""), ("b.wav", False, "b.wav", ""), ("c.wav", True, "c.wav", ""),
    ]  # fmt: skip
    assert len(found.sha256) == 64


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_a_table_as_a_spreadsheet_saves_it(tmp_path, mark):
    text = "Nr,part_id,label,repeat_of,appraiser\n1,P1,good,,early\n2,P1-2,good,P1,late\n".replace(",", mark)
    rows = read_labels(table(tmp_path, text, "utf-8-sig"), Columns()).rows
    assert [(row.part, row.appraiser) for row in rows] == [("P1", "early"), ("P1", "late")]


def test_groups_are_joined_from_columns(tmp_path):
    path = table(tmp_path, "file,label,car,take,group\na,good,c1,2,x\n")
    assert read_labels(path, Columns(group=("car", "take"))).rows[0].group == "c1/2"
    assert read_labels(path, Columns()).rows[0].group == "x"
    assert read_labels(path, Columns(by=("car",))).rows[0].by == ("c1",)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name,label\na,good\n", "found columns name, label; wanted label and one of file, part, part_id"),
        ("", "found columns none"),
        ("file,label\n", "holds no label"),
        ("file,label\na,\n,good\n", "line 2: file or label is empty"),
        ("file,label\na,good\na,bad\n", "line 3: a stands twice"),
        ("file,label\na,0\nb,1\n", "no part in it is good; its labels are 0, 1: name the good one"),
    ],
)
def test_a_bad_table_is_refused_with_the_reason(tmp_path, text, sentence):
    with pytest.raises(LabelsError, match=r"labels\.csv") as fault:
        read_labels(table(tmp_path, text), Columns())
    assert sentence in str(fault.value)


def test_all_faults_are_told_at_once_up_to_ten(tmp_path):
    with pytest.raises(LabelsError) as fault:
        read_labels(table(tmp_path, "file,label\n" + "a,\n" * 15), Columns())
    assert len(str(fault.value).splitlines()) == 11


def test_what_is_no_table_is_refused(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(LabelsError, match="UTF-8"):
        read_labels(path, Columns())
    with pytest.raises(LabelsError, match="cannot be read"):
        read_labels(tmp_path / "gone.csv", Columns())
    with pytest.raises(LabelsError, match="no column shift"):
        read_labels(table(tmp_path, "file,label\na,good\n"), Columns(by=("shift",)))
