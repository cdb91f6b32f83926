-- What a machine's station learned outlives a restart; minutes carry all an hour is made of; hours are for the centre.

ALTER TABLE conditions ADD COLUMN bearing TEXT NOT NULL DEFAULT '';
ALTER TABLE conditions ADD COLUMN named TEXT NOT NULL DEFAULT '{}';       -- JSON: named indicator -> dB over normal
ALTER TABLE conditions ADD COLUMN covariates TEXT NOT NULL DEFAULT '{}';  -- JSON: name -> mean
ALTER TABLE conditions ADD COLUMN wear TEXT NOT NULL DEFAULT 'null';      -- JSON: the minute's last

CREATE TABLE hours (                -- one row a machine and hour in which it was heard of
    id INTEGER PRIMARY KEY,
    wall TEXT NOT NULL,             -- of the hour's first minute
    station TEXT NOT NULL,
    last_minute INTEGER NOT NULL,   -- id of the last row of conditions that is in it
    record TEXT NOT NULL            -- JSON: docs/condition-record.md
) STRICT;
CREATE INDEX hours_by_station ON hours (station, id);

CREATE TABLE machine_states (
    station TEXT PRIMARY KEY,
    wall TEXT NOT NULL,
    kept TEXT NOT NULL              -- JSON: normal, wear, lasting episodes; only the station reads it
) STRICT;
