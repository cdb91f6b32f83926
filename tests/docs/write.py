"""Writes the generated sections of the documents anew: ``python -m tests.docs.write`` from the repository's root."""

from tests.docs import command_list, licence_list, metric_table, site_keys, tag_tables
from tests.docs.pages import DOCS, between

#: page, section, what prints it
SECTIONS = (
    ("site-file.md", "keys", site_keys.section),
    ("scada.md", "tags", tag_tables.section),
    ("metrics.md", "metrics", metric_table.section),
    ("commands.md", "commands", command_list.section),
    ("licences.md", "licences", licence_list.section),
)

if __name__ == "__main__":
    for page, name, fresh in SECTIONS:
        path = DOCS / page
        path.write_text(between(path.read_text(encoding="utf-8"), name, fresh()), encoding="utf-8")
