"""Pages in a real browser: they ask for nothing, their pictures are drawn, their tables sort and search, keys suffice, they print."""

from __future__ import annotations

import itertools
import json
import re
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import programs
import pytest
from commands import BASE
from pages import FIFTY, FOUR, TINY, data, parsed, simulation, text
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Playwright, Request, sync_playwright

from hyperdrive_sim.outputs import page as pages
from hyperdrive_sim.outputs.page.run import simulated
from hyperdrive_sim.reports.derived.layer_spans import layer_spans
from hyperdrive_sim.scenario.scenario import Scenario

pytestmark = [pytest.mark.slow, pytest.mark.needs("chromium")]

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
PATIENCE_MS = 120_000
"""Nobody waits so long; a busy machine may."""

ALL_DRAWN = """async () => {
  for (const figure of [...document.querySelectorAll("figure")].filter((one) => one.checkVisibility())) {
    scrollTo(0, figure.getBoundingClientRect().top + scrollY); // scrollIntoView would have the next tab stop looked for from there on
    while (!figure.querySelector(".main-svg")) await new Promise((done) => setTimeout(done, 20));
  }
}"""


class Seen:
    """A page that was opened, what it asked for besides itself and what it complained about."""

    def __init__(self, page: Page, file: Path) -> None:
        self.page, self.url = page, file.as_uri()
        self.requests: list[str] = []
        self.complaints: list[str] = []
        page.on("request", self._asked)
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.set_default_timeout(PATIENCE_MS)

    def _asked(self, request: Request) -> None:
        if request.url != self.url and not request.url.startswith("data:"):
            self.requests.append(request.url)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def opened(self) -> Page:
        self.page.goto(self.url)
        return self.page


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture
def browser(playwright: Playwright, tmp_path: Path) -> Iterator[Any]:
    """Opens a page with a browser that has never been used before."""
    contexts: list[BrowserContext] = []

    def opened(html: str, **options: Any) -> Seen:
        file = tmp_path / f"page{len(contexts)}.html"
        file.write_text(html, "utf-8")
        wanted = {"viewport": {"width": 1280, "height": 1000}, **options}
        context = playwright.chromium.launch_persistent_context(
            str(tmp_path / f"user{len(contexts)}"), executable_path=programs.find("chromium"), headless=True, args=list(FLAGS), **wanted
        )
        contexts.append(context)
        return Seen(context.new_page(), file)

    yield opened
    for context in contexts:
        context.close()


def until(page: Page, expression: str) -> None:
    """Wait until it holds. Playwright's own way evaluates text inside the page, which the page's policy forbids."""
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, f"never: {expression}"
        page.wait_for_timeout(20)


def texts(page: Page, selector: str) -> list[str]:
    return [one.strip() for one in page.locator(selector).all_inner_texts()]


def drawn(page: Page) -> int:
    """How many pictures there are once everything has been looked at; each without words in its place."""
    until(page, "Boolean(window.Plotly)")
    page.evaluate(ALL_DRAWN)
    assert page.locator("figure:visible .instead").count() == 0
    return page.locator("figure:visible .main-svg >> nth=0").count() and page.locator("figure:visible").count()


def unfold(page: Page) -> None:
    """Open all sections that are folded."""
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")


@pytest.mark.parametrize(
    ("names", "pictures", "scheme"),
    [
        ((TINY,), 7, "light"),
        ((TINY,), 7, "dark"),
        (("xnorbin/binary_alexnet",), 7, "light"),
        (("nandnet_sram/binary_alexnet",), 7, "dark"),
        (FOUR, 4, "light"),
    ],
    ids=str,
)
def test_it_asks_for_nothing_and_complains_of_nothing(browser: Any, names: tuple[str, ...], pictures: int, scheme: str) -> None:
    seen = browser(text(*names), color_scheme=scheme)
    page = seen.opened()
    unfold(page)
    assert drawn(page) == pictures + 7 * (len(names) if len(names) > 1 else 0)
    assert (seen.requests, seen.complaints) == ([], [])


def test_a_browser_that_asks_is_seen(browser: Any, tmp_path: Path) -> None:
    """The watch itself: a page that wants a picture from elsewhere and one that its own policy keeps from it."""
    (tmp_path / "other.png").write_bytes(b"")
    plain = '<!doctype html><title>x</title><img src="other.png">'
    seen = browser(plain)
    seen.opened()
    assert [Path(url).name for url in seen.requests] == ["other.png"]
    policy = re.search(r"<meta http-equiv.*?>", text(TINY))
    assert policy
    kept = browser(plain.replace("<title>", f"{policy[0]}<title>") + "<script>document.title = 'ran'</script>")
    page = kept.opened()
    assert page.title() == "x"
    assert len(kept.complaints) == 2
    assert all("Content Security Policy" in complaint for complaint in kept.complaints)


def test_pictures_offer_nothing_but_what_stays_here(browser: Any, tmp_path: Path) -> None:
    """plotly's own buttons: some versions would upload a picture."""
    seen = browser(text(TINY), accept_downloads=True)
    page = seen.opened()
    assert drawn(page) == 6
    offered = page.locator(".modebar-btn").evaluate_all("(all) => all.map((one) => one.dataset.title)")
    assert {one.removesuffix(" as a SVG") for one in offered} == {"Download plot", "Zoom", "Pan", "Reset axes"}
    with page.expect_download() as saved:
        page.locator("figure", has_text="Roofline").locator("[data-title^=Download]").dispatch_event("click")
    saved.value.save_as(tmp_path / "picture.svg")
    assert (tmp_path / "picture.svg").read_text("utf-8").startswith("<svg")
    assert (seen.requests, seen.complaints) == ([], [])


def test_it_opens_soon(browser: Any, record_property: Any) -> None:
    """How long is written down, and asserted for nothing but a page that never gets there."""
    seen = browser(text(FIFTY))
    begun = time.perf_counter()
    page = seen.opened()
    readable = time.perf_counter() - begun
    page.wait_for_selector("figure .main-svg", state="attached")
    record_property("readable_s", readable)
    record_property("first_picture_s", time.perf_counter() - begun)
    assert page.locator("#layers tbody tr").count() == len(simulation(FIFTY).report.layers)


# --- the slider ---


@cache
def names(name: str) -> list[str]:
    return ["whole run", *simulation(name).report.tiles_by_layer]


def heat(page: Page) -> list[list[float]]:
    return page.evaluate("document.querySelector('[data-picture=tiles-picture-data] .drawing').data[0].z")  # type: ignore[no-any-return]


def test_the_slider_moves_by_keys(browser: Any) -> None:
    page = browser(text(FIFTY)).opened()
    drawn(page)
    slider, said = page.get_by_label("Layer", exact=True), page.locator(".slider output")
    slider.focus()
    assert said.inner_text() == "whole run"
    whole = heat(page)
    for position in range(1, 4):
        page.keyboard.press("ArrowRight")
        assert said.inner_text() == slider.get_attribute("aria-valuetext") == names(FIFTY)[position]
    page.keyboard.press("End")
    last = names(FIFTY)[-1]
    assert said.inner_text() == last
    tiles = simulation(FIFTY).report.tiles_by_layer[last]
    shown = heat(page)
    assert shown != whole
    for number, one in enumerate(tiles.values()):
        row, column = divmod(number, 10)
        for r in range(7):
            assert shown[7 * row + r][7 * column : 7 * column + 7] == pytest.approx(list(one[r]), abs=6e-4)
    page.keyboard.press("Home")
    assert heat(page) == whole


def test_a_tile_says_whose_it_is(browser: Any) -> None:
    page = browser(text(FIFTY)).opened()
    drawn(page)
    said = page.evaluate("document.querySelector('[data-picture=tiles-picture-data] .drawing').data[0].customdata")
    assert (len(said), len(said[0])) == (35, 70)
    assert said[15][69] == "chip[2,9], row 1, column 6 of its tiles"


# --- what is seen first, and what folds ---


@pytest.mark.parametrize("width", [1440, 900, 420])
@pytest.mark.parametrize("names", [(FIFTY,), FOUR], ids=str)
def test_the_first_screen_has_figures_and_a_picture(browser: Any, names: tuple[str, ...], width: int) -> None:
    """Without scrolling: the title, the figures, and the axes of the picture of where the time goes, or on a phone the most of it."""
    page = browser(text(*names), viewport={"width": width, "height": 900}).opened()
    page.wait_for_selector(".first .main-svg", state="attached")
    boxes = [page.locator(part).first.bounding_box() for part in ("h1", ".first .glance, .first table", ".first .drawing .bglayer")]
    assert all(box and box["y"] >= 0 for box in boxes)
    (*above, picture) = (box["y"] + box["height"] for box in boxes if box)
    assert max(above) < 600
    assert picture < 900 if width > 420 else picture < 1000


def test_a_link_opens_its_section(browser: Any) -> None:
    page = browser(text(TINY)).opened()
    until(page, "Boolean(window.Plotly)")
    kept = page.locator("#kept")
    assert not kept.is_visible()
    page.locator("nav a", has_text="Memories").click()
    assert kept.is_visible()
    page.wait_for_selector("#kept .main-svg", state="attached")
    page.locator("summary", has_text="Memories").focus()
    page.keyboard.press("Enter")
    assert not kept.is_visible()
    page.keyboard.press("Space")
    assert kept.is_visible()


def test_an_address_with_a_section_opens_it(browser: Any) -> None:
    """Of a run among several, the run and the section in it."""
    seen = browser(text(*FOUR))
    seen.page.goto(f"{seen.url}#run2-again")
    until(seen.page, "document.querySelector('#run2-again').checkVisibility()")
    assert not seen.page.locator("#run1-summary").is_visible()
    seen.page.goto(f"{seen.url}#run1-kept")
    until(seen.page, "document.querySelector('#run1-kept').checkVisibility()")
    assert seen.complaints == []


def test_one_button_folds_and_unfolds_all(browser: Any) -> None:
    page = browser(text(TINY)).opened()
    button = page.locator("nav button")
    assert button.inner_text() == "Fold all"
    button.click()
    assert page.locator("details[open]").count() == 0
    assert button.inner_text() == "Unfold all"
    page.keyboard.press("Enter")
    assert page.locator("details:not([open])").count() == 0
    assert button.inner_text() == "Fold all"


def test_a_picture_that_was_folded_has_the_width_of_the_page(browser: Any) -> None:
    page = browser(text(TINY)).opened()
    drawn(page)
    page.locator("summary", has_text="Energy").click()
    page.set_viewport_size({"width": 700, "height": 900})
    until(page, "!document.querySelector('#spent .main-svg')")
    page.locator("summary", has_text="Energy").click()
    until(page, "document.querySelector('[data-picture=power-picture-data] .main-svg')?.clientWidth === 652")


# --- names in pictures ---

NAMES = """(picture) => [...document.querySelectorAll(`[data-picture=${picture}-picture-data] .annotation-text`)]
    .map((one) => [one.textContent, one.getBoundingClientRect()])
    .map(([text, { left, right, top, bottom }]) => [text, left, right, top, bottom])"""
MANY = "chewbaccann/groupnet_resnet18"


def apart(boxes: list[list[Any]]) -> bool:
    """None of them covers another, but for a pixel."""
    pairs = itertools.combinations([box[1:] for box in boxes], 2)
    return not any(a[0] + 1 < b[1] and b[0] + 1 < a[1] and a[2] + 1 < b[3] and b[2] + 1 < a[3] for a, b in pairs)


@pytest.mark.parametrize(("name", "width", "least"), [(TINY, 1440, 4), (MANY, 1440, 40), (MANY, 420, 8), (FIFTY, 900, 20)])
@pytest.mark.parametrize("picture", ["timeline", "power"])
def test_layers_are_named_along_the_time_where_there_is_room(browser: Any, name: str, width: int, least: int, picture: str) -> None:
    page = browser(text(name), viewport={"width": width, "height": 900}).opened()
    drawn(page)
    boxes = page.evaluate(NAMES, picture)
    assert len(boxes) >= least
    assert apart(boxes)
    room = page.locator(f"[data-picture={picture}-picture-data] .drawing").bounding_box()
    assert room
    assert all(room["x"] <= left and right <= room["x"] + room["width"] for _, left, right, _, _ in boxes)


def test_closer_up_more_layers_are_named(browser: Any) -> None:
    page = browser(text(MANY), viewport={"width": 420, "height": 900}).opened()
    drawn(page)
    end = simulation(MANY).report.trace.makespan_ps * 1e-12
    spans = layer_spans(simulation(MANY).report)
    before = {text for text, *_ in page.evaluate(NAMES, "timeline")}
    zoom = "(range) => Plotly.relayout(document.querySelector('[data-picture=timeline-picture-data] .drawing'), {'xaxis.range': range})"
    page.evaluate(zoom, [0, end / 20])
    after = {text for text, *_ in page.evaluate(NAMES, "timeline")}
    assert after - before
    assert after <= {span.layer for span in spans if span.start_ps * 1e-12 < end / 20}


@pytest.mark.parametrize("width", [1440, 420])
@pytest.mark.parametrize("name", [TINY, MANY, FIFTY])
def test_points_of_a_roofline_are_named_apart(browser: Any, name: str, width: int) -> None:
    page = browser(text(name), viewport={"width": width, "height": 900}).opened()
    drawn(page)
    boxes = page.evaluate(NAMES, "roofline")
    wanted = [text for _, _, text in dict(data(parsed(name)))["roofline"]["names"]["points"]]
    assert {text for text, *_ in boxes} <= set(wanted)
    assert len(boxes) >= min(3, len(wanted))
    assert wanted[0] in {text for text, *_ in boxes}
    assert apart(boxes)


# --- tables ---


def order(page: Page, column: int) -> list[str]:
    return texts(page, f"#layers tbody tr > :nth-child({column})")


def test_layers_sort_by_click_and_by_key(browser: Any) -> None:
    page = browser(text(FIFTY)).opened()
    rows = simulation(FIFTY).report.layers
    head = page.locator("#layers thead th", has_text="energy")
    button = head.get_by_role("button")
    written = order(page, 1)
    assert written == [row.name for row in rows]
    button.click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert order(page, 1) == [row.name for row in sorted(rows, key=lambda row: row.energy_j)]
    button.focus()
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    assert order(page, 1) == [row.name for row in sorted(rows, key=lambda row: -row.energy_j)]
    page.keyboard.press("Space")
    assert head.get_attribute("aria-sort") is None
    assert order(page, 1) == written
    page.locator("#layers thead th", has_text="layer").get_by_role("button").click()
    assert head.get_attribute("aria-sort") is None
    assert order(page, 1) == sorted(written)
    for _ in range(2):
        page.locator("#layers thead th", has_text="Op per bit").get_by_role("button").click()
        assert order(page, 1)[-1] == "maxpool", "what has no value comes last either way"


def test_names_sort_as_people_count(browser: Any) -> None:
    page = browser(text("hyperdrive/resnet34_narrow_weights")).opened()
    page.evaluate("""() => ["conv10", "conv9", "conv2"].forEach((name, row) => {
        document.querySelectorAll("#layers tbody th")[row].textContent = name; })""")
    page.locator("#layers thead th", has_text="layer").get_by_role("button").click()
    assert order(page, 1)[:3] == ["conv2", "conv9", "conv10"]


def test_layers_are_searched(browser: Any) -> None:
    page = browser(text(FIFTY)).opened()
    rows = simulation(FIFTY).report.layers
    search, said = page.get_by_label("Show layers with"), page.locator(".tools output")
    assert said.inner_text() == f"{len(rows)} of {len(rows)} layers"
    search.press_sequentially("LAYER3 add")
    wanted = [row.name for row in rows if "layer3" in row.name and "add" in row.kind]
    assert texts(page, "#layers tbody tr:visible > :first-child") == wanted != []
    assert said.inner_text() == f"{len(wanted)} of {len(rows)} layers"
    page.locator("#layers thead th", has_text="time").get_by_role("button").click()
    assert sorted(texts(page, "#layers tbody tr:visible > :first-child")) == sorted(wanted), "sorted, and still only these"
    search.fill("nothing of that name")
    assert said.inner_text() == f"0 of {len(rows)} layers"
    search.fill("")
    assert page.locator("#layers tbody tr:visible").count() == len(rows)


def test_keys_reach_everything_in_order(browser: Any) -> None:
    """First the skip link, which leads past the contents; then the links; every stop can be seen."""
    page = browser(text(TINY)).opened()
    drawn(page)
    page.evaluate("scrollTo(0, 0)")
    page.keyboard.press("Tab")
    first = page.locator(":focus")
    assert first.inner_text() == "Skip to the contents"
    box = first.bounding_box()
    assert box
    assert box["x"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    stops = []
    while True:
        page.keyboard.press("Tab")
        tag, name, style, width = page.evaluate("""() => { const one = document.activeElement, style = getComputedStyle(one);
            const name = one.id || one.ariaLabel || one.getAttribute("aria-labelledby") || one.textContent.trim();
            return [one.tagName, name, style.outlineStyle, parseFloat(style.outlineWidth)]; }""")
        if tag == "BODY":
            break
        assert (style, width) == ("solid", 3), name
        stops.append(name)
    sorts = [words for words in stops if words in texts(page, "#layers thead button")]
    assert sorts == texts(page, "#layers thead button")
    fields = ["tiles-picture-slider", "layers-search"]
    assert [name for name in stops if name in fields] == fields
    page.set_viewport_size({"width": 400, "height": 900})
    until(page, "document.querySelector('[aria-labelledby=layers-caption]').tabIndex === 0")
    page.evaluate("document.querySelector('#again').parentElement.open = true")
    assert page.locator("[aria-labelledby=versions-caption]").evaluate("(one) => one.tabIndex") == -1, "nothing to scroll there"


# --- other ways to read it ---


def test_without_javascript_all_is_there_but_the_pictures(browser: Any) -> None:
    seen = browser(text(TINY), java_script_enabled=False)
    page = seen.opened()
    rows = simulation(TINY).report.layers
    assert order(page, 1) == [row.name for row in rows]
    assert page.locator(".summary").is_visible()
    assert page.locator(".instead:visible").count() == 6
    page.locator("summary", has_text="Memories").click()
    assert page.locator(".instead:visible").count() == 7, "sections fold without it"
    assert "The picture needs JavaScript." in page.locator(".instead").first.inner_text()
    assert page.locator("button, input:visible").count() == 0, "what would do nothing is not there"
    assert seen.requests == []


def test_pictures_that_cannot_be_drawn_leave_their_words(browser: Any) -> None:
    """A browser of before 2020 cannot unpack plotly; the rest of the page works."""
    seen = browser(text(TINY))
    seen.page.add_init_script("delete window.DecompressionStream")
    page = seen.opened()
    until(page, "document.querySelector('.instead').textContent.startsWith('It could not be drawn.')")
    assert page.locator("#layers thead button").count() > 8
    assert len(seen.complaints) == 1


@pytest.mark.parametrize(("names", "least"), [((TINY,), 6), (FOUR, 20)], ids=str)
def test_it_prints(browser: Any, names: tuple[str, ...], least: int, tmp_path: Path) -> None:
    seen = browser(text(*names), color_scheme="dark")
    page = seen.opened()
    until(page, "Boolean(window.Plotly)")
    for event in ("beforeprint", "afterprint"):
        page.evaluate(
            f"addEventListener('{event}', () => {{ window.{event} = [...document.querySelectorAll('figure .main-svg:first-child')]"
            ".map((one) => [one.clientWidth, one.style.background]); })"
        )
    folded = page.locator("details:not([open])").count()
    file = tmp_path / "page.pdf"
    page.pdf(path=file, prefer_css_page_size=True)
    assert file.read_bytes().startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", file.read_bytes())) >= least
    printed = page.evaluate("window.beforeprint")
    assert len(printed) == page.locator("figure").count() > 0, "those further down too, and those of sections that are folded"
    assert page.locator("details:not([open])").count() == folded > 0, "which are folded again"
    assert all(width <= 680 and background == "rgb(255, 255, 255)" for width, background in printed), "on paper, as wide as a page"
    assert {background for _, background in page.evaluate("window.afterprint")} == {"rgb(20, 24, 28)"}
    assert seen.complaints == []


@pytest.mark.parametrize(("names", "width"), [((FIFTY,), 400), ((TINY,), 1600), (FOUR, 400)], ids=str)
def test_nothing_sticks_out(browser: Any, names: tuple[str, ...], width: int) -> None:
    """Wide tables and pictures scroll within themselves."""
    page = browser(text(*names), viewport={"width": width, "height": 900}).opened()
    drawn(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.set_viewport_size({"width": 700, "height": 900})
    until(
        page,
        "document.querySelector('[data-picture$=roofline-picture-data], [data-picture=rooflines-picture-data]')"
        ".querySelector('.main-svg').clientWidth < 701 && scrollX === 0",
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= 700


def test_colours_follow_the_readers_scheme(browser: Any) -> None:
    page = browser(text(TINY), color_scheme="light").opened()
    drawn(page)
    backgrounds = "[...document.querySelectorAll('figure .main-svg:first-child')].map((one) => one.style.background)"
    assert set(page.evaluate(backgrounds)) == {"rgb(255, 255, 255)"}
    page.emulate_media(color_scheme="dark")
    until(page, f"{backgrounds}.every((one) => one === 'rgb(20, 24, 28)')")


HOSTILE = "<script>document.title = 'ran'</script><img src=x onerror=\"document.title = 'ran'\"></script><b>bold</b>"


def test_nothing_that_a_scenario_says_is_run(browser: Any) -> None:
    base = BASE.split("\n", 2)[2]
    runs = [simulated(Scenario.parse(f"schema_version: 1\ntitle: {json.dumps(f'{HOSTILE} {number}')}\n{base}")) for number in (1, 2)]
    seen = browser(pages.page(runs))
    page = seen.opened()
    drawn(page)
    assert page.title() == "2 runs compared"
    assert HOSTILE in page.locator("#figures thead").inner_text()
    legend = page.locator("[data-picture=trade_off-picture-data] .legendtext").first
    assert "<script>" in (legend.text_content() or "")
    assert page.locator("figure img, figure b, main script:not([type])").count() == 0
    assert (seen.requests, seen.complaints) == ([], [])
