-- A part can be judged again: by its sound where that was kept, else by its numbers.

ALTER TABLE parts ADD COLUMN cut TEXT NOT NULL DEFAULT '';        -- JSON: where the part lies in its sound, who judged it
ALTER TABLE parts ADD COLUMN front_end TEXT NOT NULL DEFAULT '';  -- JSON: how the sound became numbers
ALTER TABLE parts ADD COLUMN features BLOB;                       -- float32, little-endian
ALTER TABLE parts ADD COLUMN embedding BLOB;                      -- float32, little-endian
ALTER TABLE parts ADD COLUMN clip_sha256 TEXT NOT NULL DEFAULT '';  -- of the clip's samples as they were judged
