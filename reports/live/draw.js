// Numbers as calibrate/words/language.py writes them, charts as reports/live/charts.py draws them: a test holds them together.

const root = document.getElementById("live");
const one = (query, from = root) => from.querySelector(query), all = (query, from = root) => [...from.querySelectorAll(query)];
const data = JSON.parse(one("script.data").textContent), { rules, words, marks } = data;

const MINUS = "\u2212", formats = new Map(), MARKS = { ",": marks.thousands, ".": marks.decimal, "-": MINUS };

/** A number with so many decimals, in the marks of the page's language; 0 has no sign. */
function fixed(value, digits) {
  if (!formats.has(digits)) {
    const options = { minimumFractionDigits: digits, maximumFractionDigits: digits, roundingMode: "halfEven" };
    formats.set(digits, new Intl.NumberFormat("en", options));
  }
  const english = formats.get(digits).format(value);
  return (/[1-9]/.test(english) ? english : english.replace("-", "")).replace(/[-.,]/g, (mark) => MARKS[mark]);
}

const count = (value) => fixed(value, 0);
const signed = (value) => (value > 0 ? "+" : "") + count(value);
const placed = (text, values) => text.replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
const filled = (key, values) => placed(words[key], values);
const inPercent = (value, digits) => placed(marks.percent, { value: fixed(value, digits) });

function percent(share) {
  const value = 100 * share, room = Math.min(Math.abs(value), Math.abs(100 - value));
  return inPercent(value, room === 0 ? 0 : room >= 1 ? 1 : room >= 0.01 ? 2 : 4);
}

const wholePercent = (share) => (share >= 0.01 && share <= 0.99 ? inPercent(100 * share, 0) : percent(share));
const onePlace = (value) => fixed(value, 1);
const few = (leads) => (leads < 10 && leads !== Math.round(leads) ? onePlace(leads) : count(leads));
const inPoints = (value) => filled("points_of_percent", { value: onePlace(100 * value) });

const volume = data.months === null ? "leads" : "leads_a_month";
const FIGURES = {
  [volume]: { value: few, change: few, better: 0 },
  rate: { value: percent, change: inPoints, better: 1 },
  reached: { value: percent, change: inPoints, better: 1 },
  right_order: { value: (share) => onePlace(100 * share), change: (share) => onePlace(100 * share), better: 1 },
};
const written = (key, value) => (value === null ? words.unknown : FIGURES[key].value(value));
const moved = (key, change) => `${change > 0 ? "▲" : "▼"} ${FIGURES[key].change(Math.abs(change))}`;
const ofSign = (key, change) => (change < 0 ? MINUS : change > 0 ? "+" : "") + FIGURES[key].change(Math.abs(change));

const WIDE = 400, HIGH = 200, FOOT = 176, LETTER = 6, DIGIT = 7, GAP = 3, LINE = 13;
const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;" };
const escaped = (text) => String(text).replace(/[&<>"']/g, (letter) => ENTITIES[letter]);
const place = (value) => (typeof value === "string" ? escaped(value) : Math.floor(value * 10 + 0.5) / 10);
const element = (name, attributes, inside = "") =>
  `<${name}${Object.entries(attributes).map(([key, value]) => ` ${key}="${place(value)}"`).join("")}>${inside}</${name}>`;
const line = (look, x1, x2, y1, y2) => element("line", { class: look, x1, x2, y1, y2 });
const text = (look, x, y, anchor, inside) => element("text", { class: look, x, y, "text-anchor": anchor }, escaped(inside));
const lines = (look, x, y, anchor, inside) => inside.map((part, at) => text(look, x, y + LINE * at, anchor, part));
const drawing = (parts, label) =>
  element("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": label }, parts.join(""));

function tenthsChart(bands, overall) {
  if (!bands.length) return "";
  const everybody = filled("all_leads", { rate: percent(overall) }).split("\n");
  const right = WIDE - 8 - LETTER * Math.max(...everybody.map((part) => part.length));
  const wide = (right - 8) / bands.length, top = Math.max(overall, ...bands.map((band) => band.rate_high)) * 1.12;
  const height = (rate) => FOOT - (rate / top) * (FOOT - 20);
  const scores = bands.map((band) => count(band.score_from));
  const every = Math.ceil((DIGIT * Math.max(...scores.map((score) => score.length)) + GAP) / wide);
  const parts = bands.flatMap((band, at) => {
    const look = at > 0 && band.rate > bands[at - 1].rate ? "bar disordered" : "bar";
    const left = 4 + at * wide, middle = 4 + (at + 0.5) * wide, level = height(band.rate);
    const box = { x: left + 2, y: level, width: wide - 4, height: FOOT - level };
    return [
      element("rect", { class: look, ...box }),
      element("rect", { class: "handed", ...box, width: (wide - 4) * band.handed }),
      line("range", middle, middle, height(band.rate_high), height(band.rate_low)),
      text("value", middle, height(band.rate_high) - 4, "middle", wholePercent(band.rate)),
      ...(at % every ? [] : [text("quiet", middle, FOOT + 16, "middle", scores[at])]),
    ];
  });
  parts.push(line("overall", 0, right, height(overall), height(overall)));
  parts.push(...lines("quiet", right + 4, height(overall), "start", everybody));
  const items = bands.map((band) => filled("tenths_item", { low: count(band.score_from), rate: percent(band.rate) }));
  return drawing(parts, filled("tenths_label", { bands: items.join(", ") }));
}

function gainsChart(reached, other, mark) {
  if (!reached.length) return "";
  const across = (share) => 36 + share * (WIDE - 54), up = (share) => FOOT - share * (FOOT - 12);
  const point = ([leads, customers]) => `${place(across(leads))},${place(up(customers))}`;
  const curve = (points) => [[0, 0], ...points].map(point).join(" ");
  const parts = [0, 0.25, 0.5, 0.75, 1].flatMap((share) => [
    line("grid", across(0), across(1), up(share), up(share)),
    text("quiet", across(0) - 4, up(share) + 4, "end", inPercent(100 * share, 0)),
    text("quiet", across(share), FOOT + 16, "middle", inPercent(100 * share, 0)),
  ]);
  const x = across(mark[0]), y = up(mark[1]), turned = mark[0] > 0.6;
  const texts = { leads: wholePercent(mark[0]), customers: wholePercent(mark[1]) };
  parts.push(
    element("polyline", { class: "random", points: `${point([0, 0])} ${point([1, 1])}` }),
    element("polyline", { class: "other", points: curve(other) }),
    element("polyline", { class: "reached", points: curve(reached) }),
    line("range", x, x, up(0), y),
    element("circle", { class: "above", cx: x, cy: y, r: 4 }),
    ...lines("value", x + (turned ? -8 : 8), FOOT - 2 * LINE + 4, turned ? "end" : "start", filled("gains_mark", texts).split("\n")),
  );
  return drawing(parts, filled("gains_label", texts));
}
