"""The PLCs of the site file: how each speaks, and where it is."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from config.table import Table
from config.values import Secret


class OpcUaPlcSettings(Table):
    """A PLC with an OPC UA server."""

    kind: Literal["opcua"]
    url: str = Field(pattern=r"^opc\.tcp://.+", description="Address of its server.")
    security: Literal["None", "Sign", "SignAndEncrypt"] = Field("SignAndEncrypt", description="Message security.")
    user: str = Field("", description="User name; empty = anonymous.")
    password: Secret | None = Field(None, description="Its password.")
    certificates: Path = Field(Path("certificates"), description="Our certificate, the trusted and the refused ones.")
    poll_ms: float = Field(10, ge=2, le=1000, description="How often the trigger is looked for.")
    notice: Literal["poll", "subscribe"] = Field("poll", description="subscribe: the PLC tells of a trigger.")
    timeout_ms: float = Field(500, ge=50, le=10_000, description="Longest wait for one answer.")


class ModbusPlcSettings(Table):
    """A PLC with a Modbus TCP server: the gateway is the client."""

    kind: Literal["modbus"]
    host: str = Field(min_length=1, description="Its address.")
    port: int = Field(502, ge=1, le=65535, description="TCP port of its server.")
    unit: int = Field(1, ge=0, le=255, description="Unit identifier.")
    word_order: Literal["big", "little"] = Field("big", description="Order of the two words of a float.")
    poll_ms: float = Field(10, ge=2, le=1000, description="How often the trigger is looked for.")
    timeout_ms: float = Field(200, ge=20, le=10_000, description="Longest wait for one answer.")


class ModbusServerSettings(Table):
    """A PLC that is a Modbus TCP client: it writes to and reads from the gateway."""

    kind: Literal["modbus-server"]
    host: str = Field("127.0.0.1", description="Interface to listen on.")
    port: int = Field(502, ge=0, le=65535, description="TCP port to listen on.")
    allow: tuple[str, ...] = Field((), description="Addresses that may connect; empty = any that reach the interface.")
    word_order: Literal["big", "little"] = Field("big", description="Order of the two words of a float.")
    poll_ms: float = Field(5, ge=2, le=1000, description="How often the registers are looked at.")


Plc = Annotated[OpcUaPlcSettings | ModbusPlcSettings | ModbusServerSettings, Field(discriminator="kind")]
