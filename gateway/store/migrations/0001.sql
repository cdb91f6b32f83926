-- Walls are ISO 8601 UTC text, for people; order is always by id, because a wall clock may jump.

CREATE TABLE parts (
    id INTEGER PRIMARY KEY,
    wall TEXT NOT NULL,
    station TEXT NOT NULL,
    mode TEXT NOT NULL,
    plc_mode INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    part_id TEXT NOT NULL,
    part_type INTEGER NOT NULL,
    evaluation INTEGER NOT NULL,
    score REAL,
    defect TEXT,
    confidence REAL,
    reason TEXT NOT NULL,
    quality TEXT NOT NULL,          -- words, separated by blanks
    detectors TEXT NOT NULL,        -- JSON: detector -> score
    true_evaluation INTEGER,        -- the verdict that came too late for the PLC
    true_score REAL,
    true_defect TEXT,
    defect_code INTEGER NOT NULL,
    quality_code INTEGER NOT NULL,
    written INTEGER NOT NULL,
    latency_ms REAL,
    judge_ms REAL,
    answer_ms REAL,
    recipe TEXT NOT NULL,
    outcome TEXT NOT NULL,
    clip TEXT                       -- name in the evidence folder; the file may be gone by budget
) STRICT;
CREATE INDEX parts_by_station ON parts (station, id);
CREATE INDEX parts_by_part_id ON parts (part_id);

CREATE TABLE conditions (           -- one row a machine and minute
    id INTEGER PRIMARY KEY,
    wall TEXT NOT NULL,             -- of the minute's first report
    station TEXT NOT NULL,
    reports INTEGER NOT NULL,
    running REAL,                   -- share of the reports that knew, 0..1
    rpm REAL,                       -- mean of what was known
    level_mean_db REAL,
    level_max_db REAL,
    diagnosis TEXT NOT NULL,        -- the minute's last
    baseline TEXT NOT NULL,
    quality TEXT NOT NULL,          -- every word of the minute
    indicators TEXT NOT NULL        -- JSON: indicator -> mean
) STRICT;
CREATE INDEX conditions_by_station ON conditions (station, id);

CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    wall TEXT NOT NULL,
    place TEXT NOT NULL,
    kind TEXT NOT NULL,
    level TEXT NOT NULL,
    sentence TEXT NOT NULL
) STRICT;

CREATE TABLE incidents (
    id TEXT PRIMARY KEY,            -- random; the key the CMMS is searched by
    number INTEGER NOT NULL UNIQUE, -- order of raising
    station TEXT NOT NULL,
    asset TEXT NOT NULL,
    failure_mode TEXT NOT NULL,
    severity TEXT NOT NULL,
    text TEXT NOT NULL,
    raised_at TEXT NOT NULL,
    cleared_at TEXT,
    ended_at TEXT,
    ended_why TEXT NOT NULL,
    held_until TEXT,
    acknowledged_by TEXT,
    acknowledged_at TEXT,
    noted_at TEXT
) STRICT;
CREATE INDEX incidents_open ON incidents (ended_at, held_until);

CREATE TABLE episodes (
    id TEXT PRIMARY KEY,            -- random, from the worker
    incident TEXT NOT NULL REFERENCES incidents (id),
    severity TEXT NOT NULL,
    active INTEGER NOT NULL
) STRICT;
CREATE INDEX episodes_by_incident ON episodes (incident);

CREATE TABLE order_status (         -- one row an incident that was to have an order, or was refused one
    incident TEXT PRIMARY KEY REFERENCES incidents (id),
    cmms TEXT NOT NULL,
    fate TEXT NOT NULL,             -- withheld | queued | unsettled | stands | rejected
    why TEXT NOT NULL,
    wanted_at TEXT NOT NULL,
    number TEXT NOT NULL,
    href TEXT NOT NULL,
    adopted INTEGER NOT NULL,       -- a person's own order, found and noted on
    state TEXT NOT NULL,            -- the OrderState's word; empty until first read
    raw TEXT NOT NULL,
    memo TEXT NOT NULL,
    changed_at TEXT NOT NULL
) STRICT;

CREATE TABLE outbox (
    id INTEGER PRIMARY KEY,
    incident TEXT NOT NULL REFERENCES incidents (id),
    cmms TEXT NOT NULL,
    kind TEXT NOT NULL,             -- order | picture | note
    state TEXT NOT NULL,            -- drawing | waiting | sending | unknown | done | rejected | void
    payload TEXT NOT NULL,          -- JSON
    urgent INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    looked INTEGER NOT NULL,        -- look-ups since the last unread answer
    why TEXT NOT NULL,
    created_at TEXT NOT NULL,
    changed_at TEXT NOT NULL
) STRICT;
CREATE INDEX outbox_open ON outbox (cmms, state);
CREATE INDEX outbox_by_incident ON outbox (incident);
-- However often a batch is tried again, an incident has one order to send.
CREATE UNIQUE INDEX outbox_one_order ON outbox (incident) WHERE kind = 'order';

CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    wall TEXT NOT NULL,
    who TEXT NOT NULL,
    via TEXT NOT NULL,
    command TEXT NOT NULL,
    target TEXT NOT NULL,
    arguments TEXT NOT NULL,        -- JSON
    accepted INTEGER NOT NULL,
    answer TEXT NOT NULL
) STRICT;

CREATE TABLE defect_codes (         -- given once per station and name, never reused, so never deleted
    station TEXT NOT NULL,
    name TEXT NOT NULL,
    code INTEGER NOT NULL CHECK (code >= 2),
    PRIMARY KEY (station, name),
    UNIQUE (station, code)
) STRICT;

CREATE TABLE facts (                -- single values: the last wall time seen, ...
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
