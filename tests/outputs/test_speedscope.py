"""A Chrome timeline in a viewer that people use: speedscope in Chromium shows every track, with the times of the trace."""

from __future__ import annotations

import re
import shutil
import threading
from collections import Counter
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any, NamedTuple

import programs
import pytest
import simulated
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from hyperdrive_sim.outputs import timelines
from hyperdrive_sim.outputs.timelines.slices import Track
from hyperdrive_sim.outputs.timelines.timeline import of_report
from hyperdrive_sim.outputs.timelines.window import of_run

pytestmark = [pytest.mark.slow, pytest.mark.needs("chromium", "speedscope")]

ALONE = ("disable-gpu", "no-first-run", "disable-background-networking", "disable-component-update", "disable-sync")
PATIENCE_MS = 60_000

TITLE = re.compile(r"\(1/\d+\)$")
WEIGHT = re.compile(r"(\d+\.\d\d)(ns|µs|ms|s)")
PS = {"ns": 10**3, "µs": 10**6, "ms": 10**9, "s": 10**12}
CONCERNS = re.compile(r"Tried to end .* Ending .* instead\.|GL Driver Message", re.DOTALL)
"""What speedscope says of every slice whose end has more arguments than its begin, and a browser without graphics hardware of itself."""


class Shown(NamedTuple):
    """A page with a timeline open, what should be there, and what the browser said."""

    page: Page
    tracks: tuple[Track, ...]
    said: list[tuple[str, str]]


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Nothing on stderr."""


@pytest.fixture(
    scope="module", params=[("tiny_2x2", ":", "unit"), ("tiny_2x2", "30us:90us", "unit"), ("resnet34_2048x1024", ":", "machine")]
)
def shown(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    name, window, level = request.param
    folder = shutil.copytree(programs.find("speedscope"), tmp_path_factory.mktemp("speedscope") / "site")
    report = simulated.report(f"hyperdrive/{name}")
    timelines.write(report, timelines.request(folder / "t.json", window, level))
    tracks = of_report(report, of_run(window, report.trace.makespan_ps), level).tracks
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server, sync_playwright() as playwright:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        profile = tmp_path_factory.mktemp("profile")
        options = ["--no-sandbox", *(f"--{option}" for option in ALONE)]
        browser = programs.find("chromium")
        context = playwright.chromium.launch_persistent_context(profile, executable_path=browser, headless=True, args=options)
        page, said = context.new_page(), []
        page.on("console", lambda message: said.append((message.type, message.text)))
        page.on("pageerror", lambda error: said.append(("error", str(error))))
        page.goto(f"http://127.0.0.1:{server.server_port}/index.html#profileURL=/t.json")
        page.get_by_text(TITLE).wait_for(timeout=PATIENCE_MS)
        yield Shown(page, tracks, said)
        context.close()
        server.shutdown()


def near(text: str, ps: int) -> bool:
    """Whether a weight of two decimals is a time."""
    number, unit = WEIGHT.match(text).groups()
    return abs(float(number) * PS[unit] - ps) <= 0.00501 * PS[unit]


def test_every_track_is_a_profile(shown: Shown) -> None:
    """Each lasts from the first to the last slice of its track."""
    shown.page.get_by_text(TITLE).click()
    shown.page.get_by_text("Total Weight").wait_for()
    rows = re.findall(r"^\d+\t.+ \(pid \d+\), (.+) \(tid \d+\)\t(\S+)$", shown.page.inner_text("body"), re.MULTILINE)
    shown.page.keyboard.press("Escape")
    lasting = {track.name: list(track.slices()) for track in shown.tracks}
    assert [name for name, _ in rows] == [name for name, slices in lasting.items() if slices]
    assert all(near(weight, lasting[name][-1].end - lasting[name][0].start) for name, weight in rows)


def test_times_are_those_of_the_trace(shown: Shown) -> None:
    """Added up by layer and by what was waited for, in the table that speedscope makes of a track."""
    shown.page.get_by_text("Sandwich").click()
    shown.page.get_by_text("Symbol Name").wait_for()
    text = shown.page.inner_text("body").partition("Symbol Name")[2]
    rows = re.findall(r"^(\S+) \(.+\)\n\t(\S+) \(.+\)\n\t(.+)$", text, re.MULTILINE)
    spent: Counter[str] = Counter()
    for one in shown.tracks[0].slices():
        spent[one.name] += one.end - one.start
    assert len(rows) > 5
    assert {name for _, _, name in rows} <= set(spent)
    assert len(rows) == len(spent) or len(rows) >= 20, "a long table shows what there is room for"
    assert all(near(total, spent[name]) and near(own, spent[name]) for total, own, name in rows)


def test_slices_are_drawn(shown: Shown) -> None:
    """Along the row of the first track at least four colours that are not black or white."""
    shown.page.get_by_text("Time Order").click()
    shown.page.wait_for_timeout(500)
    picture = Image.open(BytesIO(shown.page.screenshot())).convert("RGB")
    colours = {picture.getpixel((x, 147)) for x in range(picture.width)}
    assert sum(max(colour) - min(colour) > 20 for colour in colours) >= 4


def test_the_browser_has_no_complaints(shown: Shown) -> None:
    kinds = {kind for kind, _ in shown.said}
    assert not kinds & {"error", "assert"}, [text for kind, text in shown.said if kind in ("error", "assert")][:3]
    assert any("Importing as Trace Event Format" in text for _, text in shown.said)
    assert [text for kind, text in shown.said if kind == "warning" and not CONCERNS.search(text)] == []
