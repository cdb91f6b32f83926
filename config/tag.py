"""A plain tag of a PLC in the site file."""

from typing import Literal

from pydantic import Field

from config.table import Name, Table


class Tag(Table):
    """A plain tag of a PLC."""

    plc: Name = Field(description="Which [plc.NAME] holds it.")
    tag: str = Field("", description="OPC UA node id.")
    address: int | None = Field(None, ge=0, le=65535, description="Modbus holding register, counted from 0.")
    type: Literal["uint16", "int16", "float", "bool"] = Field("uint16", description="Modbus: what the register holds.")
