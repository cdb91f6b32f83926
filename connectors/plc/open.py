"""Which class speaks which protocol: a new one is a file of its own and a line here."""

from collections.abc import Callable

from connectors.plc.modbus import ModbusPlc, ModbusSettings
from connectors.plc.modbus_server import ModbusServerPlc, ModbusServerSettings
from connectors.plc.opcua import OpcUaPlc
from connectors.plc.opcua_session import OpcUaSettings
from connectors.plc.port import PlcPort

PlcSettings = OpcUaSettings | ModbusSettings | ModbusServerSettings

_KINDS: dict[type, Callable[..., PlcPort]] = {
    OpcUaSettings: OpcUaPlc,
    ModbusSettings: ModbusPlc,
    ModbusServerSettings: ModbusServerPlc,
}


def open_port(settings: PlcSettings) -> PlcPort:
    """Make a new, closed port for these settings; its `open` connects."""
    return _KINDS[type(settings)](settings)
