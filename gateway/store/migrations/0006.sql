-- What people are told of incidents: how far each telling is, and every message that must still reach a channel.

CREATE TABLE alerts (
    incident TEXT PRIMARY KEY REFERENCES incidents (id),
    round INTEGER NOT NULL,         -- a telling of the incident; a machine's has one
    severity TEXT NOT NULL,         -- as people know it; empty = nobody was told in this round
    confidence REAL NOT NULL,       -- 0..1; 0.5 = nobody has a figure
    told_at TEXT,
    quiet_since TEXT,
    over_at TEXT,
    held TEXT NOT NULL              -- why nobody is told now
) STRICT;
-- Incidents of before are not news: people know of them, or have let them be.
INSERT INTO alerts (incident, round, severity, confidence, told_at, quiet_since, over_at, held)
    SELECT id, 1, severity, 0.5, raised_at, cleared_at, ended_at, '' FROM incidents;

CREATE TABLE notices (              -- the outbox to people
    id INTEGER PRIMARY KEY,
    incident TEXT NOT NULL REFERENCES incidents (id),
    round INTEGER NOT NULL,
    channel TEXT NOT NULL,          -- name of the [notify.*]
    act TEXT NOT NULL,              -- raised | graver | escalated | acknowledged | resolved
    state TEXT NOT NULL,            -- waiting | sending | done | rejected | void
    payload TEXT NOT NULL,          -- JSON
    urgent INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    why TEXT NOT NULL,
    created_at TEXT NOT NULL,
    changed_at TEXT NOT NULL,
    -- However often a batch is tried again, a channel hears each thing once.
    UNIQUE (incident, round, channel, act)
) STRICT;
CREATE INDEX notices_open ON notices (channel, state);
CREATE INDEX notices_by_time ON notices (created_at);
