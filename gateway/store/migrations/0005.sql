-- Quiet for a time, what an incident was told by, the spectrum it rests on, and parts by time for the statistics.

ALTER TABLE incidents ADD COLUMN shelved_until TEXT;              -- rings nobody, opens no order until then; null = it may
ALTER TABLE incidents ADD COLUMN shelved_by TEXT NOT NULL DEFAULT '';

CREATE TABLE windows (              -- maintenance going on; the row goes when it is over, the events stay
    station TEXT PRIMARY KEY,
    who TEXT NOT NULL,
    since TEXT NOT NULL,
    until TEXT NOT NULL,
    noted TEXT NOT NULL             -- JSON: ids of the episodes heard meanwhile
) STRICT;

ALTER TABLE events ADD COLUMN incident TEXT NOT NULL DEFAULT '';
CREATE INDEX events_by_incident ON events (incident) WHERE incident != '';
CREATE INDEX events_by_place ON events (place, id);

CREATE TABLE spectra (              -- what a diagnosis rests on, as it was when an incident was raised
    id INTEGER PRIMARY KEY,
    wall TEXT NOT NULL,
    station TEXT NOT NULL,
    incident TEXT NOT NULL,         -- empty where the episode joined none
    title TEXT NOT NULL,
    kind TEXT NOT NULL,             -- envelope | sound
    band_low_hz REAL NOT NULL,
    band_high_hz REAL NOT NULL,
    rpm REAL,
    lines TEXT NOT NULL,            -- JSON: [name, Hz] to be marked
    frequency_hz BLOB NOT NULL,     -- float32, little-endian
    level BLOB NOT NULL,            -- float32, little-endian
    sha256 TEXT NOT NULL            -- of all of the above, so that a picture can be held against what was heard
) STRICT;
CREATE INDEX spectra_by_station ON spectra (station, id);

CREATE INDEX parts_by_wall ON parts (wall);
