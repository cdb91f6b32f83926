"""A running demo and a browser that looks at its page; what the tests of the page share."""

import re
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from analytics.decision.verdict import Evaluation
from analytics.synthesis.parts import part_truth
from gateway.cli.demo import SEED
from gateway.serve.people import People, PeopleFile, Role, User, hashed
from gateway.store.read import PartRow, Reader

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PASSWORD = "a few plain words"
STARTS_S = 120.0  #: the whole plant, on a busy PC
WAITED_S = 100.0  #: for what the line does by itself


@dataclass(slots=True)
class Demo:
    """The plant of `wheeltapper demo`: its address, its folder, and its truth, which the gateway never has."""

    address: str
    folder: Path
    process: subprocess.Popen[str]
    said: list[str] = field(default_factory=list)

    @property
    def store(self) -> Path:
        """Folder of its store."""
        return self.folder / "data"

    def parts(self, last: int = 500) -> list[PartRow]:
        """The last castings that were judged, oldest first."""
        with Reader(self.store) as reader:
            rows = reader.parts(last, station="ring")
        return [row for row in rows if row.outcome == "judged" and row.evaluation is not Evaluation.NOT_DECIDABLE]

    def truth(self, part: PartRow) -> str:
        """What is wrong with a casting; empty where nothing is."""
        return part_truth("castings", SEED, part.part_id).defect or ""

    def until(self, found, what: str, within_s: float = WAITED_S):
        """Ask until something is found."""
        until = time.monotonic() + within_s
        while not (answer := found()):
            assert self.process.poll() is None, f"the demo has ended: {self.said[-5:]}"
            assert time.monotonic() < until, f"{what}: not within {within_s:.0f} s"
            threading.Event().wait(0.2)
        return answer


def start_demo(folder: Path) -> Demo:
    """Start one, with people: ana may all, otto is an operator."""
    command = [str(Path(sys.executable).with_name("wheeltapper")), "demo", "--keep", str(folder), "--port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    said: list[str] = []
    found = None
    while found is None:
        assert process.poll() is None, f"the demo has ended: {said}"
        said.append(process.stderr.readline())
        found = re.search(r"page: (http://\S+)", said[-1])
    # Whatever else it says is read, or it would wait for a full pipe.
    threading.Thread(target=lambda: said.extend(process.stderr), daemon=True).start()
    people = (("ana", Role.ADMIN), ("otto", Role.OPERATOR))
    users = tuple(User(name=name, role=role, password=hashed(PASSWORD)) for name, role in people)
    PeopleFile(folder / "data").write(People(users=users))
    return Demo(found[1], folder, process, said)


def end_demo(demo: Demo) -> None:
    """End it in order."""
    demo.process.terminate()
    demo.process.wait(timeout=60)


def logged_in(browser, demo: Demo, name: str):
    """Open a page for somebody; a fault of a script or of the policy is kept in its `faults`."""
    page = browser.new_context(base_url=demo.address, viewport={"width": 1024, "height": 768}).new_page()
    page.set_default_timeout(60_000)
    page.faults = []
    page.on("pageerror", lambda fault: page.faults.append(str(fault)))
    page.on("console", lambda said: page.faults.append(said.text) if said.type == "error" else None)
    demo.until(lambda: _opens(page), "the page", STARTS_S)
    page.fill("input[name=name]", name)
    page.fill("input[name=password]", PASSWORD)
    page.click("main button")
    page.wait_for_selector("#card-ring")
    return page


def _opens(page) -> bool:
    from playwright.sync_api import Error

    try:
        page.goto("/login")
    except Error:
        return False
    page.faults.clear()  # of the tries before it listened
    return True
