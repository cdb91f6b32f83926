-- Where an incident was heard, and quick ways to count what rang people.

ALTER TABLE incidents ADD COLUMN zone TEXT NOT NULL DEFAULT '';     -- of the station that raised it
CREATE INDEX events_of_alarms ON events (wall) WHERE kind = 'alarm-raised';
CREATE INDEX events_kept_back ON events (place, wall) WHERE kind IN ('episode-kept-back', 'window-heard');
