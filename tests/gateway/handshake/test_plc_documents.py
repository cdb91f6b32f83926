"""The papers a plant engineer pastes from say what the code does."""

import csv
import re
from pathlib import Path

from connectors.plc.port import GwImage, PlcImage
from connectors.plc.registers import BLOCK, G_OFFSET, G_WORDS
from gateway.handshake.quality_code import BITS, MEANINGS

FOLDER = Path(__file__).parents[3] / "docs/plc"
with (FOLDER / "tags.csv").open(encoding="utf-8", newline="") as file:
    TAGS = list(csv.DictReader(file))


def fields(image):
    own = {"heartbeat": "Heartbeat", "boot_id": "BootId", "state": "State"}
    prefix = "Gw" if image is GwImage else "Plc"
    names = [name for name in image.__dataclass_fields__ if name != "gw_boot_id"]
    return [prefix + own[name] if name in own else "".join(map(str.capitalize, name.split("_"))) for name in names]


def test_the_tag_list_is_the_two_images_in_their_order():
    assert [tag["Name"] for tag in TAGS if tag["Block"] == "P"] == fields(PlcImage)
    assert [tag["Name"] for tag in TAGS if tag["Block"] == "G"] == fields(GwImage)
    assert {tag["Writer"] for tag in TAGS if tag["Block"] == "G"} == {"gateway"}


def test_offsets_are_those_of_the_code_and_leave_no_hole():
    assert {tag["Name"]: int(tag["Offset"]) for tag in TAGS if tag["Block"] == "G"} == G_WORDS
    for block in "PG":
        end = 0
        for tag in (tag for tag in TAGS if tag["Block"] == block):
            assert int(tag["Offset"]) == end, tag
            end += int(tag["Registers"])


def test_the_register_map_gives_each_tag_its_numbers():
    text = (FOLDER / "register-map.md").read_text(encoding="utf-8")
    for tag in TAGS:
        first = 40001 + int(tag["Offset"]) + (G_OFFSET if tag["Block"] == "G" else 0)
        row = next(line for line in text.splitlines() if line.startswith(f"| {tag['Name']} |"))
        cells = [cell.strip() for cell in row.split("|")]
        assert [int(cell.split("..")[0]) for cell in cells[3:5]] == [first, first + BLOCK]
        assert cells[5] == tag["Range"]


def test_the_register_map_gives_each_bit_its_meaning_and_its_words():
    text = (FOLDER / "register-map.md").read_text(encoding="utf-8")
    for bit, meaning in MEANINGS.items():
        words = ", ".join(word.value for word, its_bit in BITS.items() if its_bit == bit)
        assert f"| {bit} | 16#{1 << bit:04X} | {meaning} | {words} |" in text


def test_the_structured_text_declares_every_tag_of_both_blocks():
    text = (FOLDER / "pass_rule.st").read_text(encoding="utf-8")
    for block, name in (("WT_G", "G"), ("WT_P", "P")):
        declared = re.search(rf"{block} : STRUCT(.*?)END_STRUCT", text, re.DOTALL)[1]
        words = re.findall(r"\b[A-Z]\w+\b(?=[^()]*?:)", re.sub(r"\(\*.*?\*\)", "", declared))
        assert [word for word in words if not word.isupper()] == [tag["Name"] for tag in TAGS if tag["Block"] == name]
