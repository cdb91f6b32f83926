-- What a station learned of its microphone and of how its parts score outlives a restart.

CREATE TABLE station_states (
    station TEXT NOT NULL,
    kind TEXT NOT NULL,             -- ear | drift
    wall TEXT NOT NULL,
    kept TEXT NOT NULL,             -- JSON; only the station reads it
    PRIMARY KEY (station, kind)
) STRICT;
