"""The contract's tags as one table: type, range, who writes, where they stand in the Modbus block.

docs/plc/contract.md says what each is for; `wheeltapper check --full` prints this table; docs/plc/tags.csv is compared
with it.
"""

from dataclasses import dataclass

from connectors.plc.port import SEQUENCE_MAX
from connectors.plc.registers import G_OFFSET


@dataclass(frozen=True, slots=True)
class ContractTag:
    """One tag of a station."""

    name: str
    type: str
    writer: str  #: PLC | gateway
    offset: int  #: holding register behind the station's base, counted from 0
    length: int
    range: str
    meaning: str


def _plc(name: str, offset: int, span: str, meaning: str, *, type: str = "UInt16", length: int = 1) -> ContractTag:  # noqa: A002
    return ContractTag(name, type, "PLC", offset, length, span, meaning)


def _gateway(name: str, offset: int, span: str, meaning: str, *, type: str = "UInt16", length: int = 1) -> ContractTag:  # noqa: A002
    return ContractTag(name, type, "gateway", G_OFFSET + offset, length, span, meaning)


_WORD, _SEQUENCE = "0..65535", f"1..{SEQUENCE_MAX}, 0 = never"

CONTRACT: tuple[ContractTag, ...] = (
    _plc("PlcHeartbeat", 0, _WORD, "+1 every 100 to 250 ms"),
    _plc("PlcBootId", 1, f"1..{SEQUENCE_MAX}, 0 = starting", "changes at every STOP->RUN"),
    _plc("Mode", 2, "0..4", "0 off, 1 automatic, 2 bypass, 3 teach, 4 dry run"),
    _plc("ResultAck", 3, _SEQUENCE, "ResultSeq that was consumed"),
    _plc("AbortSeq", 4, _SEQUENCE, "this part is withdrawn"),
    _plc("TrigHead", 5, _SEQUENCE, "guard word, written first"),
    _plc("PartType", 6, _WORD, "which recipe"),
    _plc("DeadlineMs", 7, "1..65535, 0 = site file", "last useful result after the trigger"),
    _plc("PartId", 8, "32 ASCII characters", "serial, optional", type="String", length=16),
    _plc("TrigSeq", 24, _SEQUENCE, "commit word, written last: a part is at the station"),
    _gateway("GwHeartbeat", 0, _WORD, "+1 every 100 to 250 ms while the judging loop turns"),
    _gateway("GwBootId", 1, "1..65535", "changes with every life of the judge"),
    _gateway("GwState", 2, "0..6", "0 init, 1 ready, 2 busy, 3 degraded, 4 fault, 5 locked out, 6 bypass"),
    _gateway("TrigAck", 3, _SEQUENCE, "the recording of this trigger has started"),
    _gateway("ResultHead", 4, _SEQUENCE, "guard word, written first"),
    _gateway("Verdict", 5, "0..3", "0 Undefined, 1 OK, 2 NotOK, 3 NotDecidable"),
    _gateway("QualityCode", 6, "0..32767", "bits: what was wrong with the sound"),
    _gateway("DefectCode", 7, "0..32767", "0 none, 1 unknown, 2 and up a taught class"),
    _gateway("Score", 8, "0 and up, 1.0 = the limit", "one number everywhere", type="Float", length=2),
    _gateway("LatencyMs", 10, _WORD, "trigger seen to result written"),
    _gateway("PassKey", 11, "32768..65534, 0 = none", "the only key that passes this very part"),
    _gateway("ResultSeq", 12, _SEQUENCE, "commit word, written last: equals TrigSeq"),
    _gateway("MapVersion", 13, "1", "layout; a PLC refuses one it does not know"),
)
