-- What people say of a part: the last label counts, all stay, and the verdict is never changed.

CREATE TABLE labels (
    id INTEGER PRIMARY KEY,
    wall TEXT NOT NULL,
    part INTEGER NOT NULL,          -- of parts, which may be gone by age
    station TEXT NOT NULL,
    part_id TEXT NOT NULL,
    said TEXT NOT NULL,             -- good | bad
    class TEXT NOT NULL,            -- of a bad part; empty where it was not said
    who TEXT NOT NULL,
    via TEXT NOT NULL
) STRICT;
CREATE INDEX labels_by_part ON labels (part, id);
CREATE INDEX labels_by_station ON labels (station, id);

CREATE TABLE proposals (            -- every attempt at a next version, refused ones too
    id INTEGER PRIMARY KEY,
    wall TEXT NOT NULL,
    station TEXT NOT NULL,
    part_type INTEGER NOT NULL,
    who TEXT NOT NULL,
    based_on TEXT NOT NULL,         -- the version that was in use
    version INTEGER,                -- NULL where it was refused
    sentence TEXT NOT NULL,
    figures TEXT NOT NULL           -- JSON
) STRICT;
CREATE INDEX proposals_by_station ON proposals (station, id);

CREATE TABLE feedback (             -- what maintenance found, by the failure code of a closed order
    incident TEXT PRIMARY KEY REFERENCES incidents (id),
    wall TEXT NOT NULL,
    code TEXT NOT NULL,
    said TEXT NOT NULL              -- confirmed | false alarm
) STRICT;
