"""The site file's tables of a CMMS."""

from typing import Annotated, Literal

from pydantic import Field

from config.table import Table
from config.values import Duration, OptionalPath, Secret

Structure = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{1,30}$")]


class MaximoSettings(Table):
    """An IBM Maximo Manage, by its REST API."""

    kind: Literal["maximo"]
    url: str = Field(pattern=r"^https?://.+", description="Root of the API, as in https://host/maximo/api.")
    key: Secret = Field(description="API key of the gateway's own Maximo user.")
    site: str = Field(min_length=1, max_length=8, description="SITEID of the orders.")
    creates: Literal["work order", "service request"] = Field("work order", description="A work order starts as WAPPR.")
    per_week: int = Field(10, ge=0, le=1000, description="Automatic orders a week for the site; then a person decides.")
    priority: dict[Literal["critical", "warning"], int] = Field(
        default_factory=dict, description="No default: sites differ on which end is urgent."
    )
    work_type: str = Field("", max_length=5, description="WORKTYPE of the orders; empty = the site's default.")
    timeout: Duration = Field(20.0, description="Longest wait for one answer.")
    ca_file: OptionalPath = Field(None, description="PEM file of an authority to trust beside the operating system's.")
    proxy: str = Field(
        "",
        pattern=r"^(http://[^/@?#\s]+:\d{1,5})?$",
        description="On the way to Maximo; empty = none, whatever the PC says.",
    )
    work_order_structure: Structure = Field("MXAPIWODETAIL", description="Object structure of work orders.")
    request_structure: Structure = Field("MXAPISR", description="Object structure of service requests.")
    asset_structure: Structure = Field("MXAPIASSET", description="Object structure assets are looked up in.")
    owner: str = Field(
        "WHEELTAP", min_length=1, max_length=10, description="OWNERSYSID of our orders, which tells them from people's."
    )
    peoples_orders: Literal["corrective", "problem code", "none"] = Field(
        "corrective", description="Which open orders of people on the asset stand for a new one."
    )
    corrective_worktypes: tuple[Annotated[str, Field(min_length=1, max_length=5)], ...] = Field(
        ("CM", "EM"), description='peoples_orders = "corrective": these WORKTYPEs, and orders without one.'
    )
    problem_codes: dict[str, Annotated[str, Field(min_length=1, max_length=8)]] = Field(
        default_factory=dict, description='peoples_orders = "problem code": PROBLEMCODE by failure mode.'
    )
    failure_codes: dict[str, Literal["confirmed", "false alarm"]] = Field(
        default_factory=dict, description="What the PROBLEMCODE of a done order says of its incident."
    )
    page_link: str = Field(
        "", pattern=r"^(https?://\S+)?$", description="Put into the order with its key behind it; empty = no link."
    )


Cmms = MaximoSettings
