// What a page can do beyond being read: draw its pictures, move through layers, sort and search its tables.

const PRINTED_WIDTH = 680;
const NEAR = "800px";
const SETTLED_MS = 150;
const [LOWEST, AROUND, BESIDE] = [180, 110, 150];
const CONFIG = {
  displaylogo: false,
  showSendToCloud: false, // plotly would offer to upload the picture
  plotlyServerURL: "",
  toImageButtonOptions: { format: "svg" },
};
const BUTTONS = { axes: [["toImage"], ["zoom2d", "pan2d"], ["resetScale2d"]], none: [["toImage"]] };

const root = document.documentElement;
const drawn = new Map();

// Tables

function sortable(table) {
  const heads = [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  const asWritten = [...body.rows];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const order = { ascending: "descending", descending: "none" }[head.ariaSort] ?? "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      if (order !== "none") head.ariaSort = order;
      body.append(...(order === "none" ? asWritten : [...asWritten].sort(by(column, order === "ascending" ? 1 : -1))));
    });
  });
}

// Cells without a value come last either way.
function by(column, sign) {
  const key = (row) => row.cells[column].dataset.value;
  return (one, other) => {
    const [a, b] = [key(one), key(other)];
    if (a !== undefined && b !== undefined) return sign * (a - b);
    if (a !== undefined || b !== undefined) return a === undefined ? 1 : -1;
    const texts = [one, other].map((row) => row.cells[column].textContent);
    if (!texts[0] || !texts[1]) return !texts[0] - !texts[1];
    return sign * texts[0].localeCompare(texts[1], "en", { numeric: true });
  };
}

function searchable(tools, table) {
  const input = tools.querySelector("input");
  const output = tools.querySelector("output");
  const rows = [...table.tBodies[0].rows];
  const words = rows.map((row) => [...row.cells].filter((cell) => !cell.classList.contains("number")).map((cell) => cell.textContent).join(" ").toLowerCase());
  const show = () => {
    const wanted = input.value.trim().toLowerCase().split(/\s+/);
    rows.forEach((row, number) => { row.hidden = !wanted.every((word) => words[number].includes(word)); });
    output.textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length} ${output.dataset.noun}`;
  };
  input.addEventListener("input", show);
  tools.hidden = false;
  show();
}

// Whoever has no mouse stops at what scrolls, and only there.
function reachable() {
  for (const part of document.querySelectorAll(".window")) {
    part.tabIndex = part.scrollWidth > part.clientWidth || part.scrollHeight > part.clientHeight ? 0 : -1;
  }
}

// Pictures

// "@ink" and the like stand for the colours that the style sheet has just now.
function coloured(value, style) {
  if (typeof value === "string") return value.startsWith("@") ? style.getPropertyValue(`--${value.slice(1)}`).trim() : value;
  if (Array.isArray(value)) return typeof value[0] === "number" ? value : value.map((item) => coloured(item, style));
  if (value === null || typeof value !== "object" || ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, coloured(item, style)]));
}

function laidOut(layout) {
  const lines = { gridcolor: "@line", zerolinecolor: "@line", linecolor: "@soft", tickcolor: "@soft", ticks: "outside", automargin: true };
  const made = {
    paper_bgcolor: "@paper",
    plot_bgcolor: "@paper",
    font: { family: getComputedStyle(document.body).fontFamily, size: root.classList.contains("on-paper") ? 10 : 13, color: "@ink" },
    margin: { l: 60, r: 16, t: 16, b: 56 },
    hoverlabel: { bgcolor: "@wash", bordercolor: "@line", font: { color: "@ink" }, align: "left" },
    modebar: { bgcolor: "rgba(0,0,0,0)", color: "@soft", activecolor: "@ink" },
    ...layout,
    legend: { orientation: "h", yref: "container", y: 1, yanchor: "top", x: 0, ...layout.legend },
  };
  for (const name in layout) if (/^[xy]axis/.test(name)) made[name] = { ...lines, zeroline: false, ...layout[name], title: { standoff: 10, ...layout[name].title } };
  return made;
}

function draw(figure, room) {
  const { spec, place } = drawn.get(figure);
  const style = getComputedStyle(root);
  const [least, most] = spec.widths;
  const width = Math.min(room ?? Math.max(place.clientWidth, least), most);
  const height = spec.frames.tiles ? Math.min(spec.height, tilesHeight(spec.frames, width)) : spec.height;
  place.style.height = `${height}px`;
  const config = { ...CONFIG, modeBarButtons: BUTTONS[spec.layout.xaxis ? "axes" : "none"] };
  Plotly.react(place, coloured(spec.data, style), coloured({ ...laidOut(spec.layout), width, height }, style), config);
  const missing = Math.ceil(spec.plot - place._fullLayout._size.h); // a legend of many lines takes what it needs from the axes
  if (missing > 0) {
    place.style.height = `${height + missing}px`;
    Plotly.relayout(place, { height: height + missing });
  }
  named(place, spec, style);
  place.removeAllListeners("plotly_relayout");
  place.on("plotly_relayout", (changed) => changed.annotations || named(place, spec, style));
  place.querySelectorAll(".main-svg").forEach((svg) => { svg.ariaHidden = "true"; });
}

// Where there is room is known once the axes have been drawn.
function named(place, { names }, style) {
  if (names.along || names.points) Plotly.relayout(place, { annotations: coloured(annotations(place, names), style) });
}

// Tiles are square: where there is no room beside them, there need not be any above.
function tilesHeight({ mesh, tiles }, width) {
  return Math.max(LOWEST, Math.round((width - BESIDE) * (mesh[0] * tiles[0]) / (mesh[1] * tiles[1])) + AROUND);
}

function begin(figure) {
  if (drawn.has(figure)) return;
  const spec = JSON.parse(document.getElementById(figure.dataset.picture).textContent);
  const place = figure.querySelector(".drawing");
  drawn.set(figure, { spec, place });
  place.replaceChildren();
  if (spec.frames.tiles) slide(figure, spec);
  draw(figure);
}

// The use of tiles: every position of the slider shows one of the pictures that were packed.
function slide(figure, spec) {
  const { frames, data: [heat] } = spec;
  const [tileRows, tileColumns] = frames.tiles;
  const [rows, columns] = [frames.mesh[0] * tileRows, frames.mesh[1] * tileColumns];
  const shares = new DataView(bytes(frames.shares).buffer);
  const grid = (cell) => Array.from({ length: rows }, (_, r) => Array.from({ length: columns }, (_, c) => cell(r, c)));
  const show = (position) => {
    const first = frames.shown[position] * rows * columns;
    heat.z = grid((r, c) => shares.getUint16(2 * (first + r * columns + c), true) / frames.step);
  };
  heat.customdata = grid((r, c) => {
    const chip = frames.chips[Math.floor(r / tileRows) * frames.mesh[1] + Math.floor(c / tileColumns)];
    return `${chip}, row ${r % tileRows}, column ${c % tileColumns} of its tiles`;
  });
  const box = figure.querySelector(".slider");
  const [input, output] = [box.querySelector("input"), box.querySelector("output")];
  input.addEventListener("input", () => {
    output.textContent = input.ariaValueText = frames.names[input.value];
    show(input.value);
    draw(figure);
  });
  input.ariaValueText = frames.names[0];
  box.hidden = false;
  show(0);
}

// A loop: `Uint8Array.from` takes twenty times as long.
function bytes(base64) {
  const letters = atob(base64);
  const found = new Uint8Array(letters.length);
  for (let at = 0; at < letters.length; at += 1) found[at] = letters.charCodeAt(at);
  return found;
}

async function unpacked(id) {
  const packed = bytes(document.getElementById(id).textContent);
  return new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}

async function drawPictures() {
  const script = document.createElement("script");
  script.textContent = await unpacked("plotly");
  document.head.append(script);
  const figures = [...document.querySelectorAll("figure[data-picture]")];
  const watcher = new IntersectionObserver((entries) => {
    entries.filter((entry) => entry.isIntersecting).forEach(({ target }) => {
      watcher.unobserve(target);
      begin(target);
    });
  }, { rootMargin: NEAR });
  figures.forEach((figure) => watcher.observe(figure));
  const again = () => [...drawn.keys()].forEach((figure) => (figure.checkVisibility() ? draw(figure) : forget(figure)));
  const forget = (figure) => { // it is drawn anew when its section is unfolded
    Plotly.purge(drawn.get(figure).place);
    drawn.delete(figure);
    watcher.observe(figure);
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  let settling;
  addEventListener("resize", () => {
    clearTimeout(settling);
    settling = setTimeout(again, SETTLED_MS);
  });
  addEventListener("beforeprint", () => {
    root.classList.add("on-paper");
    figures.filter((figure) => figure.checkVisibility()).forEach((figure) => {
      begin(figure);
      Plotly.purge(drawn.get(figure).place); // or it would be printed on its way to its new size
      draw(figure, PRINTED_WIDTH);
    });
  });
  addEventListener("afterprint", () => {
    root.classList.remove("on-paper");
    again();
  });
}

for (const part of document.querySelectorAll("[data-table]")) {
  const table = part.querySelector("table");
  const tools = part.querySelector(".tools");
  if (!tools) continue;
  sortable(table);
  searchable(tools, table);
}
reachable();
addEventListener("resize", reachable);
addEventListener("toggle", reachable, true);
drawPictures().catch((error) => {
  for (const line of document.querySelectorAll(".instead")) line.prepend("It could not be drawn. ");
  console.error(error);
});
