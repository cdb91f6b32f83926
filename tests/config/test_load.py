import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.load import SiteError, load
from config.site import Site

EXAMPLES = Path(__file__).parents[2] / "config" / "examples"

GOOD = """
[line]
name = "Line"

[plc.main]
kind = "opcua"
url = "opc.tcp://127.0.0.1:4840"

[[station]]
name = "ring"
source = { kind = "microphone", device = "USB" }

[station.parts]
plc = "main"
tags = "ns=2;s=ring."
"""


def load_text(tmp_path, text):
    file = tmp_path / "line.toml"
    file.write_text(text, encoding="utf-8")
    return load(file)


def faults_of(tmp_path, text):
    with pytest.raises(SiteError) as raised:
        load_text(tmp_path, text)
    return [(fault.where, fault.sentence) for fault in raised.value.faults]


def one_fault(tmp_path, text):
    faults = faults_of(tmp_path, text)
    assert len(faults) == 1, faults
    return faults[0]


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.stem)
def test_every_example_loads_once_its_recipes_are_there(example, tmp_path):
    text = example.read_text(encoding="utf-8")
    for station in tomllib.loads(text)["station"]:
        for recipe in station.get("parts", {}).get("recipes", {}).values():
            (tmp_path / recipe).mkdir(parents=True, exist_ok=True)
    assert isinstance(load_text(tmp_path, text), Site)


def test_every_commented_default_of_the_example_is_the_schemas_default(tmp_path):
    text = (EXAMPLES / "line.toml").read_text(encoding="utf-8")
    shown, commented = re.subn(r"^# (?=\w+ = )", "", text, flags=re.MULTILINE)
    (tmp_path / "recipes" / "bracket-A").mkdir(parents=True)

    assert commented >= 20
    assert load_text(tmp_path, shown).model_dump() == load_text(tmp_path, text).model_dump()


def test_relative_paths_are_taken_relative_to_the_file(tmp_path):
    assert load_text(tmp_path, GOOD).store.folder == tmp_path / "data"


def test_five_faults_are_five_lines_and_a_count(tmp_path):
    text = """
[line]
name = "Line"
timezone = "Europe/Berln"
[store]
keep = { parts = "2" }
[plc.main]
kind = "opcua"
url = "opc.tcp://127.0.0.1:4840"
securty = "Sign"
[[station]]
name = "ring"
mode = "actve"
source = { kind = "microphone", device = "USB", rate = 44000 }
[station.parts]
plc = "mian"
tags = "ns=2;s=ring."
"""
    with pytest.raises(SiteError) as raised:
        load_text(tmp_path, text)
    assert raised.value.lines() == [
        'line.toml: line.timezone: found \'Europe/Berln\'; wanted a name such as "Europe/Berlin" or "UTC"',
        "line.toml: store.keep.parts: found '2'; "
        'wanted a number with a unit (ms, s, min, h, d, w, y), as in "10 min"',
        "line.toml: plc.main.securty: unknown key; did you mean security?",
        "line.toml: station[0].mode: found 'actve'; wanted 'observe', 'shadow' or 'active'; did you mean active?",
        "line.toml: station[0].source.rate: found 44000; wanted 8000, 16000, 22050, 32000, 44100, 48000, 88200, 96000 "
        "or 192000; did you mean 48000?",
        "line.toml: station[0].parts.plc: found 'mian'; wanted the name of a [plc.NAME]; did you mean main?",
        "6 faults. Nothing was started.",
    ]


def test_a_password_in_clear_is_refused_and_not_repeated(tmp_path):
    where, sentence = one_fault(tmp_path, GOOD.replace("[[station]]", 'password = "hunter2"\n[[station]]', 1))
    assert where == "plc.main.password"
    assert "in clear" in sentence
    assert "hunter2" not in sentence


def test_a_password_of_the_wrong_type_is_not_repeated_either(tmp_path):
    _, sentence = one_fault(tmp_path, GOOD.replace("[[station]]", "password = 4711\n[[station]]", 1))
    assert "4711" not in sentence


def test_a_recipe_that_is_not_there_names_the_command_that_makes_it(tmp_path):
    where, sentence = one_fault(tmp_path, GOOD + 'recipes = { 2 = "recipes/b" }\n')
    assert where == "station[0].parts.recipes.2"
    assert "wheeltapper teach recipes/b --good FOLDER" in sentence


def test_a_missing_recipe_is_no_fault_where_the_station_teaches(tmp_path):
    assert load_text(tmp_path, GOOD + 'recipes = { 2 = "recipes/b" }\nteach_parts = 20\n')


def test_a_deadline_that_sound_and_analysis_do_not_fit_into_is_refused_with_the_sum(tmp_path):
    where, sentence = one_fault(tmp_path, GOOD + "deadline_ms = 300\n")
    assert where == "station[0].parts.deadline_ms"
    assert "wanted at least 480" in sentence


def test_active_with_simulated_sound_is_refused_unless_the_plc_is_on_this_machine(tmp_path):
    text = GOOD.replace('kind = "microphone", device = "USB"', 'kind = "simulated", sound = "castings"').replace(
        'name = "ring"', 'name = "ring"\nmode = "active"'
    )
    assert load_text(tmp_path, text)
    where, _ = one_fault(tmp_path, text.replace("127.0.0.1", "10.20.0.5"))
    assert where == "station[0].mode"


def test_two_stations_of_one_name_are_refused(tmp_path):
    second = GOOD[GOOD.index("[[station]]") :]
    where, sentence = one_fault(tmp_path, GOOD + second)
    assert where == "station[1].name"
    assert "a second time" in sentence


def test_two_stations_on_one_modbus_block_are_refused(tmp_path):
    text = GOOD.replace('kind = "opcua"\nurl = "opc.tcp://127.0.0.1:4840"', 'kind = "modbus"\nhost = "127.0.0.1"')
    text = text.replace('tags = "ns=2;s=ring."', "block = 3")
    second = text[text.index("[[station]]") :].replace('"ring"', '"second"')
    where, _ = one_fault(tmp_path, text + second)
    assert where == "station[1].parts.block"


def test_none_security_of_the_own_server_is_refused_off_loopback(tmp_path):
    text = GOOD + '[serve]\nopcua = "opc.tcp://0.0.0.0:4850"\nsecurity = "None"\n'
    assert one_fault(tmp_path, text)[0] == "serve.security"


def test_commands_by_an_opcua_server_that_is_not_there_are_a_fault(tmp_path):
    assert one_fault(tmp_path, GOOD + "[serve]\nopcua_commands = true\n")[0] == "serve.opcua_commands"


MACHINE = """
[[station]]
name = "pump"
source = { kind = "microphone", device = "USB", channel = 2 }

[station.machine]
asset = "PUMP"
rpm = 1480
"""


def test_a_speed_that_is_told_twice_is_refused_as_one_would_silently_win(tmp_path):
    tag = 'speed = { plc = "main", tag = "ns=2;s=rpm" }\n'
    assert load_text(tmp_path, GOOD + MACHINE).station[1].machine.rpm == 1480

    where, sentence = one_fault(tmp_path, GOOD + MACHINE + tag)

    assert where == "station[1].machine.rpm"
    assert "beside speed" in sentence


def test_a_certificate_that_the_page_would_not_use_is_a_fault(tmp_path):
    text = '[serve]\npage = "http://127.0.0.1:8080"\npage_certificate = "page.pem"\n'
    assert one_fault(tmp_path, GOOD + text)[0] == "serve.page"


def test_a_file_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(SiteError, match="no such file"):
        load(tmp_path / "nowhere.toml")


def test_a_file_that_is_not_utf_8_names_the_line_and_says_how_to_save_it(tmp_path):
    file = tmp_path / "line.toml"
    file.write_bytes('[line]\nname = "Gießerei"\n'.encode("latin-1"))
    with pytest.raises(SiteError, match=r"^line\.toml: line 2 is not UTF-8; save it as UTF-8"):
        load(file)


def test_a_folder_in_place_of_a_file_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SiteError, match=r"^\.: cannot be read \("):
        load(Path("."))


@pytest.mark.parametrize("url", ["opc.tcp://[::1:4840", "opc.tcp://10.0.0.5:99999", "opc.tcp://:4840", "opc.tcp://a:x"])
def test_an_address_that_is_none_is_refused_with_an_example(tmp_path, url):
    where, sentence = one_fault(tmp_path, GOOD.replace("opc.tcp://127.0.0.1:4840", url))
    assert where == "plc.main.url"
    assert sentence.endswith("wanted a host and a port, as in opc.tcp://10.20.0.5:4840")


def test_a_password_in_an_address_is_refused_and_not_repeated(tmp_path):
    where, sentence = one_fault(tmp_path, GOOD.replace("127.0.0.1:4840", "line:geheim@127.0.0.1:4840"))
    assert where == "plc.main.url"
    assert "geheim" not in sentence
    assert "keys of their own" in sentence


def test_a_file_that_is_not_toml_is_one_sentence(tmp_path):
    assert "is not TOML" in one_fault(tmp_path, "[line\n")[1]


@pytest.mark.parametrize("where", ["line", "store", "plc.main", "station.parts", "serve"])
def test_an_unknown_key_is_refused_by_its_path_wherever_it_stands(tmp_path, where):
    table = "[station.parts]" if where == "station.parts" else f"[{where}]"
    text = GOOD if table in GOOD else GOOD + f"\n{table}\n"
    faults = faults_of(tmp_path, text.replace(table, f"{table}\nqqqq = 1"))
    expected = "station[0].parts.qqqq" if where == "station.parts" else f"{where}.qqqq"
    assert (expected, "unknown key") in faults


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
))  # fmt: skip
def test_whatever_stands_in_a_file_is_told_as_faults(found):
    from pydantic import ValidationError

    from config.load import _schema_faults
    from config.references import reference_faults

    raw = found if isinstance(found, dict) else {"line": found, "plc": found, "station": found, "serve": found}
    list(reference_faults(raw, Path("/nowhere")))
    with pytest.raises(ValidationError) as raised:  # three levels of chance never make a whole site
        Site.model_validate(raw)
    assert _schema_faults(raw, raised.value.errors(include_url=False))
