// Names in pictures, as many as there is room for: of layers along the time, and beside points. The most important come first.

const NAME = { size: 11, letter: 6.4, apart: 13, point: 6, edge: 2 };
const DISTANCES = [14, 20, 28, 40, 56, 80, 110];
const DIRECTIONS = 16;

function annotations(place, names) {
  if (names.along) return alongTime(place, names);
  return names.points ? besidePoints(place, names.points) : [];
}

// Upright, above the middle of what is seen of each span; the longest spans first.
function alongTime(place, { along, above }) {
  const axis = place._fullLayout.xaxis;
  const [low, high] = axis.range;
  const seen = along.filter(([start, end]) => start < high && end > low)
    .map(([start, end, text]) => ({ from: Math.max(start, low), to: Math.min(end, high), text }))
    .sort((one, other) => (other.to - other.from) - (one.to - one.from));
  const taken = [];
  return seen.flatMap(({ from, to, text }) => {
    const x = (from + to) / 2;
    const at = axis.d2p(x);
    if (taken.some((other) => Math.abs(other - at) < NAME.apart)) return [];
    taken.push(at);
    return [{ x, y: above, yref: "y2", text, textangle: -90, yanchor: "bottom", showarrow: false, borderpad: 1, font: { size: NAME.size } }];
  });
}

// Each where it covers no point, no line and no other name; one that finds no such place is left out.
function besidePoints(place, points) {
  const { xaxis, yaxis } = place._fullLayout;
  const pixel = (x, y) => [xaxis.d2p(x), yaxis.d2p(y)];
  const all = (mode) => place.data.filter((trace) => trace.mode === mode).map((trace) => trace.x.map((x, n) => pixel(x, trace.y[n])));
  const marks = all("markers").flat().map(([x, y]) => around(x, y, NAME.point, NAME.point));
  const lines = all("lines").flatMap((ends) => ends.slice(1).map((end, n) => [ends[n], end]));
  const room = { left: NAME.edge, right: xaxis._length - NAME.edge, top: NAME.edge, bottom: yaxis._length - NAME.edge };
  const written = [];
  return points.flatMap(([x, y, text]) => {
    const at = pixel(x, y);
    const [wide, high] = [NAME.letter * unescaped(text).length / 2 + 2, NAME.size / 2 + 3];
    const own = around(...at, NAME.point, NAME.point);
    for (const [right, down] of places(wide, high)) {
      const middle = [Math.min(Math.max(at[0] + right, room.left + wide), room.right - wide), at[1] + down];
      const box = around(...middle, wide, high);
      const leader = [at, middle];
      const free = within(box, room) && ![...marks, ...written].some((other) => overlap(box, other)) && !lines.some((line) => crosses(line, box))
        && ![...written, ...marks.filter((mark) => !overlap(mark, own))].some((other) => crosses(leader, other));
      if (!free) continue;
      written.push(box);
      lines.push(leader);
      const arrow = { ax: middle[0] - at[0], ay: down, arrowhead: 0, arrowwidth: 1, arrowcolor: "@soft", standoff: NAME.point };
      return [{ x: Math.log10(x), y: Math.log10(y), text, showarrow: true, borderpad: 1, font: { size: NAME.size }, ...arrow }];
    }
    return [];
  });
}

// Middles of names around a point, the nearest first.
function* places(wide, high) {
  for (const distance of DISTANCES) {
    for (let turn = 0; turn < DIRECTIONS; turn += 1) {
      const [right, down] = [Math.cos(2 * Math.PI * turn / DIRECTIONS), Math.sin(2 * Math.PI * turn / DIRECTIONS)];
      yield [right * distance + Math.sign(Math.round(right * 10)) * wide, down * distance + Math.sign(Math.round(down * 10)) * high];
    }
  }
}

const around = (x, y, wide, high) => ({ left: x - wide, right: x + wide, top: y - high, bottom: y + high });
const overlap = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
const within = (box, room) => box.left >= room.left && box.right <= room.right && box.top >= room.top && box.bottom <= room.bottom;
const unescaped = (text) => text.replace(/&\w+;/g, " ");

// Whether a straight line passes through a box: what is left of it after each of the four sides has cut off its part.
function crosses([[x0, y0], [x1, y1]], { left, right, top, bottom }) {
  let [first, last] = [0, 1];
  for (const [step, room] of [[x0 - x1, x0 - left], [x1 - x0, right - x0], [y0 - y1, y0 - top], [y1 - y0, bottom - y0]]) {
    if (step === 0 && room < 0) return false;
    if (step < 0) first = Math.max(first, room / step);
    if (step > 0) last = Math.min(last, room / step);
  }
  return first <= last;
}
