"""Arithmetic of the cyclic sequence numbers 1..32767 (docs/plc/contract.md, rule 9)."""

from connectors.plc.port import SEQUENCE_MAX

_HALF = 16383  #: a number is newer if it lies at most half a turn ahead


def in_domain(number: int) -> bool:
    """Whether a PLC may use this as a sequence or boot id; 0 means never, the rest is a negative INT."""
    return 1 <= number <= SEQUENCE_MAX


def ahead(old: int, new: int) -> int:
    """Count the steps from `old` to `new`, 0..32766; both in the domain."""
    return (new - old) % SEQUENCE_MAX


def newer(old: int, new: int) -> bool:
    """Whether `new` follows `old` within one connection; `new` in the domain.

    After a quiet start TrigSeq stands at 0, and a retained counter goes on anywhere: everything is newer than 0.
    """
    return old == 0 or 1 <= ahead(old, new) <= _HALF


def skipped(old: int, new: int, skip: frozenset[int]) -> int:
    """Triggers between `old` and `new` that were never seen, without the numbers the PLC must skip (rule 10)."""
    if old == 0:
        return 0
    between = ahead(old, new) - 1
    return between - sum(1 for number in skip if in_domain(number) and 1 <= ahead(old, number) <= between)


def pass_key(trig_seq: int, plc_boot_id: int) -> int:
    """Give the key of an OK: (NOT TrigSeq) XOR PlcBootId, 16 bit.

    With both in the domain it lies in 32768..65535, so it is never 0 and never a sequence; 65535 needs
    TrigSeq = PlcBootId, which rule 10 forbids.
    """
    return (~trig_seq & 0xFFFF) ^ plc_boot_id
