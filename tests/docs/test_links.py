"""Every link leads somewhere: in the documents, between headings, and in the list of decisions."""

import re

import pytest

from tests.docs.pages import DOCS, README, ROOT, links, name_of, pages, prose


def anchors(page):
    """Names of a page's headings, as a forge and the documents' builder make them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_every_relative_link_of_a_page_resolves(page):
    for target in links(page):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), f"{name_of(page)}: {target} leads nowhere"
        assert there.is_relative_to(ROOT), f"{name_of(page)}: {target} leads out of the repository"
        if anchor:
            assert anchor in anchors(there), f"{name_of(page)}: {target}: no such heading"


@pytest.mark.parametrize("page", [page for page in pages() if page != README], ids=name_of)
def test_a_document_links_to_documents_alone(page):
    """The built documents hold docs/ and nothing else; files of the tree are named, not linked."""
    outside = [t for t in links(page) if not re.match(r"[a-z]+:|#", t) and not _inside(page, t)]

    assert not outside, f"{name_of(page)}: {outside}"


def _inside(page, target):
    return (page.parent / target.partition("#")[0]).resolve().is_relative_to(DOCS)


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_every_document_a_page_names_is_there(page):
    """`docs/store.md` in a code span or in plain words is a promise as well."""
    named = set(re.findall(r"\bdocs/[\w./-]+\.(?:md|st|csv)\b", page.read_text(encoding="utf-8")))

    assert not [name for name in sorted(named) if not (ROOT / name).exists()]


def test_every_document_is_in_the_index():
    listed = {(DOCS / target.partition("#")[0]).resolve() for target in links(DOCS / "index.md")}
    own = {page for page in DOCS.glob("*.md") if page.name != "index.md"} | {DOCS / "plc" / "README.md"}

    assert not sorted(name_of(page) for page in own - listed)


def test_every_decision_is_in_the_list():
    folder = DOCS / "decisions"
    listed = {(folder / target).resolve() for target in links(folder / "index.md")}

    assert not sorted(name_of(page) for page in set(folder.glob("*.md")) - {folder / "index.md"} - listed)


def test_every_document_and_file_the_code_speaks_of_is_there():
    sources = [*ROOT.glob("*.toml"), *(f for room in _ROOMS for f in (ROOT / room).rglob("*.py"))]
    named = {(f, name) for f in sources for name in _DOCUMENT.findall(f.read_text(encoding="utf-8"))}

    assert not sorted(f"{name_of(f)}: {name}" for f, name in named if not (ROOT / name).exists())


_ROOMS = ("gateway", "connectors", "analytics", "models", "config")  # benchmarks write documents of their own
_DOCUMENT = re.compile(r"\bdocs/[\w./-]+\.(?:md|st|csv)\b")
