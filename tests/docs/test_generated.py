"""What is printed from the code is as the code is now."""

import re
import sys

import pytest

from config.site import Site
from tests.docs import licence_list, site_keys
from tests.docs.pages import DOCS, between
from tests.docs.write import SECTIONS


@pytest.mark.parametrize(("page", "name", "fresh"), SECTIONS, ids=[page for page, _, _ in SECTIONS])
@pytest.mark.skipif(
    (sys.platform, sys.version_info[:2]) != ("linux", (3, 11)),
    reason="the sections are written on Linux with Python 3.11; elsewhere the lock gives other packages",
)
def test_a_generated_section_is_fresh(page, name, fresh):
    found = between((DOCS / page).read_text(encoding="utf-8"), name)

    assert found == fresh(), f"docs/{page} is stale; write it anew: python -m tests.docs.write"


def test_every_table_of_the_site_file_is_in_the_reference():
    told = {table for _, table in site_keys.TABLES}
    to_see, seen = [Site], set()
    while to_see:
        table = to_see.pop()
        seen.add(table)
        inner = [t for field in table.model_fields.values() for t in site_keys.tables_in(field.annotation)]
        to_see += [t for t in inner if t not in seen]

    assert seen - told <= {Site, site_keys.Secret}


def test_a_section_that_is_not_there_is_said():
    with pytest.raises(ValueError, match="no section 'x'"):
        between("text", "x")


def test_every_package_that_runs_with_wheeltapper_has_its_licence_in_the_list():
    listed = dict(re.findall(r"^\| (\S+) \| [^|]* \| ([^|]+) \|$", (DOCS / "licences.md").read_text("utf-8"), re.M))

    assert set(licence_list.runtime()) <= set(listed)
    assert licence_list.declared() <= set(listed)
    assert "not said" not in listed.values()


def test_a_licence_that_asks_for_its_source_is_told_of_in_words():
    text = (DOCS / "licences.md").read_text("utf-8").split("<!-- licences: begin -->")[0]
    copyleft = [name for name in licence_list.runtime() if "GPL" in (licence_list.licence_of(name) or "")]

    assert copyleft
    assert all(f"**{name} is {licence_list.licence_of(name)}.**" in text for name in copyleft)
