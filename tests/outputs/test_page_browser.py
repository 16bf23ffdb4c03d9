"""Pages in a real browser: they ask for nothing, their pictures are drawn, their tables sort and search, keys suffice, they print."""

from __future__ import annotations

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
from pages import FIFTY, FOUR, TINY, simulation, text
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Playwright, Request, sync_playwright

from hyperdrive_sim.outputs import page as pages
from hyperdrive_sim.outputs.page.run import simulated
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
    figure.scrollIntoView();
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


@pytest.mark.parametrize(
    ("names", "pictures", "scheme"),
    [
        ((TINY,), 5, "light"),
        ((TINY,), 5, "dark"),
        (("xnorbin/binary_alexnet",), 5, "light"),
        (("nandnet_sram/binary_alexnet",), 5, "dark"),
        (FOUR, 3, "light"),
    ],
    ids=str,
)
def test_it_asks_for_nothing_and_complains_of_nothing(browser: Any, names: tuple[str, ...], pictures: int, scheme: str) -> None:
    seen = browser(text(*names), color_scheme=scheme)
    page = seen.opened()
    assert drawn(page) == pictures
    for details in page.locator("details").all():
        details.locator("summary").click()
    assert drawn(page) == pictures + 5 * (len(names) if len(names) > 1 else 0)
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
    assert drawn(page) == 5
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
    page.locator("figure").first.scroll_into_view_if_needed()  # below the published figures; pictures are drawn as they come into view
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
    assert page.locator("[aria-labelledby=versions-caption]").evaluate("(one) => one.tabIndex") == -1, "nothing to scroll there"


# --- other ways to read it ---


def test_without_javascript_all_is_there_but_the_pictures(browser: Any) -> None:
    seen = browser(text(TINY), java_script_enabled=False)
    page = seen.opened()
    rows = simulation(TINY).report.layers
    assert order(page, 1) == [row.name for row in rows]
    assert page.locator(".summary").is_visible()
    assert page.locator(".instead:visible").count() == 5
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


@pytest.mark.parametrize(("names", "least"), [((TINY,), 5), (FOUR, 3)], ids=str)
def test_it_prints(browser: Any, names: tuple[str, ...], least: int, tmp_path: Path) -> None:
    seen = browser(text(*names), color_scheme="dark")
    page = seen.opened()
    until(page, "Boolean(window.Plotly)")
    for event in ("beforeprint", "afterprint"):
        page.evaluate(
            f"addEventListener('{event}', () => {{ window.{event} = [...document.querySelectorAll('figure .main-svg:first-child')]"
            ".map((one) => [one.clientWidth, one.style.background]); })"
        )
    file = tmp_path / "page.pdf"
    page.pdf(path=file, prefer_css_page_size=True)
    assert file.read_bytes().startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", file.read_bytes())) >= least
    printed = page.evaluate("window.beforeprint")
    assert len(printed) == page.locator("figure:visible").count() > 0, "those further down too"
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
