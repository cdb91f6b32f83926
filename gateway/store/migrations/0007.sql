-- The sound of an event, where the site file lets it be written: one clip an incident, of what raised it first.

CREATE TABLE event_clips (
    incident TEXT PRIMARY KEY REFERENCES incidents (id),
    wall TEXT NOT NULL,
    kind TEXT NOT NULL,             -- what was heard
    clip TEXT NOT NULL,             -- file in the evidence folder
    sha256 TEXT NOT NULL            -- of its samples
) STRICT;
