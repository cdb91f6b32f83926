"""The pilot report: what labelled parts prove of a station, and what they do not."""
