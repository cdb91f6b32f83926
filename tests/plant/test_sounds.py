"""Real glass breaks beside a real engine: a recording as the source, one incident in the store."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from gateway.store import telling
from gateway.store.database import StoreError
from gateway.store.event_clips import event_clip
from gateway.store.read import Reader
from tests.plant.running import ROOT, RunningGateway, until

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

DATA = ROOT / "../shared/data"
RATE = 16_000

SITE = """
[line]
name = "Hall 3"
[store]
sound = "rejects"
[[station]]
name = "gate"
source = { kind = "recording", path = "night.flac", play = "stream", pace = 8.0, rate = 16000 }
[station.sounds]
kinds = "kinds"
zone = "hall 3, gate"
quiet = "5 s"
severities = { glass = "critical" }
"""


def glass(folds):
    with (DATA / "noise/labels.csv").open(newline="") as table:
        rows = [row for row in csv.DictReader(table) if row["label"] == "glass_breaking" and row["fold"] in folds]
    return [DATA / "noise" / row["file"] for row in rows]


def engine(takes):
    return sorted(path for path in (DATA / "engines/car01").rglob("*.flac") if any(t in path.name for t in takes))


def night():
    """Twenty-four seconds of an engine that was not taught with, and glass that was not either."""
    bed = np.concatenate([soundfile.read(path, dtype="float32")[0] for path in engine(("take3", "take4"))])[: 24 * RATE]
    for at_s, path in zip((8.0, 10.0), glass("4")[:2], strict=True):
        event, rate = soundfile.read(path, dtype="float32")
        event = soxr.resample(event, rate, RATE)
        start = round(at_s * RATE)
        bed[start : start + len(event)] += event * (2 * bed.std() / event.std())
    return np.clip(bed, -1, 1)


async def test_glass_breaking_beside_an_engine_opens_exactly_one_incident(tmp_path):
    if not DATA.is_dir():
        pytest.skip(f"recordings that are not here ({DATA})")
    kinds = ("--kind", *(f"glass={path}" for path in glass("12")))
    background = ("--background", *map(str, engine(("take1", "take2"))))
    teach = [sys.executable, "-m", "gateway.cli.app", "teach-sounds", str(tmp_path / "kinds"), *kinds, *background]
    done = subprocess.run([*teach, "--json"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["folder"] == str(tmp_path / "kinds")
    soundfile.write(tmp_path / "night.flac", night(), RATE, subtype="PCM_16")
    site = tmp_path / "hall.toml"
    site.write_text(SITE, encoding="utf-8")
    gateway = RunningGateway(site)
    try:
        await gateway.start()
        await until(lambda: len(told(site, "incident-cleared")), "the glass was heard and it was over")
    finally:
        await gateway.stop()

    with Reader(site.parent / "data") as reader:
        (incident,) = reader.orders(10)
        clip = event_clip(reader.db, incident.incident)
        spectrum = telling.spectrum(reader.db, "gate", incident.incident)
    assert (incident.station, incident.failure_mode, incident.severity) == ("gate", "glass", "critical")
    assert "hall 3, gate" in incident.text
    assert len(told(site, "incident-raised")) == 1
    assert spectrum.kind == "sound"
    sound = clip.sound(site.parent / "data")
    heard = soundfile.read(tmp_path / "night.flac", dtype="float32")[0]
    pieces = np.lib.stride_tricks.sliding_window_view(heard, len(sound.samples))
    assert any(np.array_equal(sound.samples[:, 0], piece) for piece in pieces[:: RATE // 4])


def told(site: Path, kind: str):
    try:
        with Reader(site.parent / "data") as reader:
            return [event for event in reader.events(1000) if event.kind == kind]
    except StoreError:  # not made yet
        return []
