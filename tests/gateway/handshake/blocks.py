"""P blocks as a PLC shows them, one event at a time."""

from dataclasses import replace

from connectors.plc.port import PlcImage
from gateway.handshake import events


def opened(rig, **p):
    """A station that is open on an image of the test's making, to be played by hand."""
    rig.feed(events.WorkerTicked())
    rig.feed(events.ReadyChanged(frozenset({1}), frozenset({9})))
    rig.feed(events.Connected())
    image = PlcImage(**{"boot_id": 5, "mode": 1, "part_type": 1, **p})
    rig.feed(events.Polled(image))
    rig.wire.clear()
    rig.feed(events.WriteDone())
    return image


def triggered(image, seq, **changes):
    return replace(image, **{"trig_head": seq, "trig_seq": seq, "heartbeat": image.heartbeat + 1, **changes})
