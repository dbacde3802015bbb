// The page of the meeting: what is typed becomes points, points become figures, figures are drawn.

const root = document.getElementById("live");
const one = (query, from = root) => from.querySelector(query), all = (query, from = root) => [...from.querySelectorAll(query)];
const data = JSON.parse(one("script.data").textContent), { rules, words } = data;

// ---- words and numbers, as reports/numbers.py writes them ----------------------------------------------------------

const MINUS = "\u2212", formats = new Map();

function fixed(value, digits) {
  if (!formats.has(digits)) {
    const options = { minimumFractionDigits: digits, maximumFractionDigits: digits, roundingMode: "halfEven" };
    formats.set(digits, new Intl.NumberFormat("en", options));
  }
  return formats.get(digits).format(value).replace("-", MINUS);
}

const count = (value) => fixed(value, 0);
const signed = (value) => (value > 0 ? "+" : "") + count(value);
const filled = (key, values) => words[key].replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);

function percent(share) {
  const value = 100 * share, room = Math.min(Math.abs(value), Math.abs(100 - value));
  return `${fixed(value, room === 0 ? 0 : room >= 1 ? 1 : room >= 0.01 ? 2 : 4)}%`;
}

const wholePercent = (share) => (share >= 0.01 && share <= 0.99 ? `${fixed(100 * share, 0)}%` : percent(share));
const onePlace = (value) => fixed(value, 1).replace(`${MINUS}0.0`, "0.0");
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

// ---- charts, as reports/live_charts.py draws them ------------------------------------------------------------------

const WIDE = 400, HIGH = 200, FOOT = 176;
const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;" };
const escaped = (text) => String(text).replace(/[&<>"']/g, (letter) => ENTITIES[letter]);
const place = (value) => (typeof value === "string" ? escaped(value) : Math.floor(value * 10 + 0.5) / 10);
const element = (name, attributes, inside = "") =>
  `<${name}${Object.entries(attributes).map(([key, value]) => ` ${key}="${place(value)}"`).join("")}>${inside}</${name}>`;
const line = (look, x1, x2, y1, y2) => element("line", { class: look, x1, x2, y1, y2 });
const text = (look, x, y, anchor, inside) => element("text", { class: look, x, y, "text-anchor": anchor }, escaped(inside));
const drawing = (parts, label) =>
  element("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": label }, parts.join(""));

function tenthsChart(bands, overall) {
  if (!bands.length) return "";
  const wide = (WIDE - 8) / bands.length, top = Math.max(overall, ...bands.map((band) => band.rate_high)) * 1.12;
  const height = (rate) => FOOT - (rate / top) * (FOOT - 20);
  const parts = bands.flatMap((band, at) => {
    const look = at > 0 && band.rate > bands[at - 1].rate ? "bar disordered" : "bar";
    const left = 4 + at * wide, middle = 4 + (at + 0.5) * wide, level = height(band.rate);
    const box = { x: left + 2, y: level, width: wide - 4, height: FOOT - level };
    return [
      element("rect", { class: look, ...box }),
      element("rect", { class: "handed", ...box, width: (wide - 4) * band.handed }),
      line("range", middle, middle, height(band.rate_high), height(band.rate_low)),
      text("value", middle, height(band.rate_high) - 4, "middle", wholePercent(band.rate)),
      text("quiet", middle, FOOT + 16, "middle", count(band.score_from)),
    ];
  });
  parts.push(line("overall", 0, WIDE, height(overall), height(overall)));
  parts.push(text("quiet", WIDE, height(overall) - 4, "end", filled("all_leads", { rate: percent(overall) })));
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
    text("quiet", across(0) - 4, up(share) + 4, "end", `${fixed(100 * share, 0)}%`),
    text("quiet", across(share), FOOT + 16, "middle", `${fixed(100 * share, 0)}%`),
  ]);
  const x = across(mark[0]), y = up(mark[1]), turned = mark[0] > 0.5;
  const texts = { leads: wholePercent(mark[0]), customers: wholePercent(mark[1]) };
  parts.push(
    element("polyline", { class: "random", points: `${point([0, 0])} ${point([1, 1])}` }),
    element("polyline", { class: "other", points: curve(other) }),
    element("polyline", { class: "reached", points: curve(reached) }),
    line("range", x, x, up(0), y),
    element("circle", { class: "above", cx: x, cy: y, r: 4 }),
    text("value", x + (turned ? -8 : 8), y + 16, turned ? "end" : "start", filled("gains_mark", texts)),
  );
  return drawing(parts, filled("gains_label", texts));
}

// ---- state: points by rule and outcome, the threshold, the reasons -------------------------------------------------

const proposal = { points: rules.rules.map((rule) => rule.points), threshold: data.threshold };
const key = (rule, way) => `${rules.rules[rule].id}.${way}`;
const rows = all("tr.way").map((row) => {
  const rule = Number(row.parentElement.dataset.rule), way = Number(row.dataset.way);
  const told = rules.rules[rule].rows.find((item) => item.way === way), reason = row.nextElementSibling;
  return { row, reason, rule, way, told, number: one(".number", row), why: one(".why", reason), outside: one(".outside", reason) };
});
const copied = (from) => ({ points: from.points.map((points) => [...points]), threshold: from.threshold, reasons: { ...from.reasons } });
let state = copied(proposal), past = [], typing = null;

function put(points, { rule, way, told }, value) {
  points[rule][way] = value;
  if (told.both) points[rule][way + 1] = value;
}

const changed = () => rows.filter(({ rule, way }) => state.points[rule][way] !== proposal.points[rule][way]);
const beyond = ({ rule, way, told }) => {
  const value = state.points[rule][way];
  return told.support !== null && value !== told.points && (value < told.support[0] || value > told.support[1]);
};

/** Remembers the state once for all that is typed into one field before it is left. */
function remember(field = null) {
  if (field !== null && field === typing) return;
  past.push(copied(state));
  if (past.length > 500) past.shift();
  typing = field;
}

function address() {
  const kept = new URLSearchParams({ of: `${data.id} ${data.version}` });
  if (state.threshold !== proposal.threshold) kept.set("threshold", state.threshold);
  for (const { rule, way } of changed()) {
    kept.set(key(rule, way), state.points[rule][way]);
    if (state.reasons[key(rule, way)]) kept.set(`why.${key(rule, way)}`, state.reasons[key(rule, way)]);
  }
  return [...kept].length > 1 ? `#${kept}` : "#";
}

/** The state of an address; numbers that are none and rules that are not here are passed over. */
function fromAddress() {
  const kept = new URLSearchParams(location.hash.slice(1)), found = copied(proposal);
  if (kept.get("of") !== `${data.id} ${data.version}`) return found;
  const whole = (name) => (/^-?\d{1,7}$/.test(kept.get(name) ?? "") ? Number(kept.get(name)) : null);
  found.threshold = whole("threshold") ?? found.threshold;
  for (const item of rows) {
    const name = key(item.rule, item.way), value = whole(name);
    if (value !== null && Math.abs(value) <= 1e6) put(found.points, item, value);
    if (kept.has(`why.${name}`)) found.reasons[name] = kept.get(`why.${name}`);
  }
  return found;
}

// ---- what is shown ---------------------------------------------------------------------------------------------------

let counted, gated, scorer, before, beforeScores, last, now, pause = 0;
const measured = (counts, threshold) => figures(counts, threshold, data.months);

function start(found) {
  counted = found;
  gated = rules.gates.map(() => [0, 0]);
  counted.gates.forEach((gate, i) => {
    if (gate < 0) return;
    gated[gate][0] += counted.leads[i];
    gated[gate][1] += counted.won[i];
  });
  scorer = new Scorer(counted, rules, proposal.points);
  beforeScores = scorer.scores();
  const counts = histogram(beforeScores, counted.leads, counted.won);
  before = { counts, figures: measured(counts, proposal.threshold) };
  if (data.last) {
    const then = new Scorer(counted, { ...rules, ...data.last.score }, data.last.points).histogram();
    last = { counts: then, figures: measured(then, data.last.threshold) };
  }
}

function paint(source = null) {
  state.points.forEach((points, rule) => scorer.set(rule, points));
  const counts = scorer.histogram(), bands = tenths(counts, state.threshold, data.quantile);
  now = { counts, figures: measured(counts, state.threshold), tenths: bands, gains: gains(counts) };
  now.bands = namedBands(counts, rules, gated, data.quantile);
  paintTiles();
  paintRows(source);
  paintControls(source);
  paintCharts();
  paintMinutes();
  clearTimeout(pause);
  root.removeAttribute("data-settled");
  pause = setTimeout(settle, 500);
}

function paintTiles() {
  for (const name of Object.keys(FIGURES)) {
    const tile = one(`[data-figure=${name}]`), value = now.figures[name], change = difference(name, before);
    one(".now", tile).textContent = written(name, value);
    one(".change", tile).textContent = change ? moved(name, change) : "";
    one(".change", tile).className = `change ${sideOf(change * FIGURES[name].better)}`;
    one(".range", tile).textContent = "";
    const then = one(".last", tile);
    if (then) then.textContent = lastText(name);
  }
}

const sideOf = (better) => (better > 0 ? "up" : better < 0 ? "down" : "");
const difference = (name, from) => (now.figures[name] === null || from.figures[name] === null ? 0 : now.figures[name] - from.figures[name]);

function lastText(name) {
  const change = difference(name, last), value = written(name, last.figures[name]);
  return change ? filled("last_is", { value, change: moved(name, change) }) : filled("last_same", { value });
}

function paintRows(source) {
  for (const item of rows) {
    const { row, reason, rule, way, told, number, why, outside } = item, value = state.points[rule][way];
    const differs = value !== told.points, far = beyond(item);
    if (number !== source) number.value = value;
    if (why !== source) why.value = state.reasons[key(rule, way)] ?? "";
    row.classList.toggle("changed", differs);
    number.classList.toggle("beyond", far);
    if (far) number.setAttribute("aria-describedby", outside.id);
    else number.removeAttribute("aria-describedby");
    reason.hidden = !differs;
    outside.hidden = !far;
  }
  const many = changed().length;
  one(".count").textContent = many === 0 ? "" : many === 1 ? words.changed_one : filled("changed", { count: count(many) });
  one(".undo").disabled = past.length === 0;
}

function paintControls(source) {
  const [field, slider, capacity] = [".threshold", ".slider", ".capacity"].map((name) => one(name));
  slider.min = Math.min(now.counts.scores[0] ?? 0, state.threshold);
  slider.max = Math.max((now.counts.scores.at(-1) ?? 0) + 1, state.threshold);
  for (const control of [field, slider]) if (control !== source) control.value = state.threshold;
  if (capacity !== source) capacity.value = Math.round(now.figures[volume]);
}

const ofLeads = (band) => filled("of", { won: count(band.won), leads: count(band.leads) });
const rateRange = (band) => (band.rate === null ? "" : `${percent(band.rate)}, ${filled("to", { low: percent(band.rate_low), high: percent(band.rate_high) })}`);
const scoreRange = (band) => (band.score_from === band.score_to ? count(band.score_from) : filled("to", { low: count(band.score_from), high: count(band.score_to) }));

function paintCharts() {
  const total = summed(now.counts.leads), won = summed(now.counts.won);
  one(".tenths").innerHTML = tenthsChart(now.tenths, won / total);
  const mark = [total ? now.figures.leads / total : 0, now.figures.reached ?? 0];
  one(".gains").innerHTML = gainsChart(now.gains, gains((last ?? before).counts), mark);
  const table = (name, cells) => {
    const body = one(`.${name} tbody`);
    if (body) body.innerHTML = cells.map(([head, ...others]) => `<tr><th scope="row">${escaped(head)}</th>${others.map((cell) => `<td>${escaped(cell)}</td>`).join("")}</tr>`).join("");
  };
  const disordered = (band, at, bands) => (at > 0 && band.rate > bands[at - 1].rate ? `, ${words.out_of_order}` : "");
  table("tenths-table", now.tenths.map((band, at, bands) => [scoreRange(band), ofLeads(band), rateRange(band) + disordered(band, at, bands)]));
  table("named-table", now.bands.map((band) => [band.name, band.score_from === null ? "" : count(band.score_from), ofLeads(band), rateRange(band)]));
}

// ---- decisions -------------------------------------------------------------------------------------------------------

function decisions() {
  const threshold = state.threshold === proposal.threshold ? [] : [filled("minutes_threshold", { from: count(proposal.threshold), to: count(state.threshold) })];
  return [...threshold, ...changed().map((item) => {
    const { rule, way, told } = item, reason = (state.reasons[key(rule, way)] ?? "").trim();
    const range = beyond(item) ? filled("minutes_outside", { low: signed(told.support[0]), high: signed(told.support[1]) }) : "";
    return filled("minutes_change", {
      rule: rules.rules[rule].name, level: told.level, to: signed(state.points[rule][way]), from: signed(told.points),
      outside: range, reason: reason && filled("minutes_reason", { reason }),
    });
  })];
}

function minutes() {
  const head = filled("minutes_head", { title: data.title, version: data.version });
  const lines = Object.keys(FIGURES).map((name) =>
    filled("minutes_figure", { name: words[name], value: written(name, now.figures[name]), proposed: written(name, before.figures[name]) }));
  const taken = decisions();
  return [head, ...lines, ...(taken.length ? taken.map((item, at) => `${at + 1}. ${item}`) : [words.no_decision])].join("\n");
}

function paintMinutes() {
  const taken = decisions();
  one(".minutes").replaceChildren(...taken.map((item) => Object.assign(document.createElement("li"), { textContent: item })));
  one(".no-decision").hidden = taken.length > 0;
}

/** The file changes.json, in the order of the document. */
function changes() {
  const found = changed().flatMap(({ rule, way, told }) =>
    (told.both ? [way, way + 1] : [way]).map((place) => ({
      rule: rules.rules[rule].id, way: place, label: told.level, from: proposal.points[rule][place],
      to: state.points[rule][place], reason: (state.reasons[key(rule, way)] ?? "").trim(),
    })));
  return {
    format: "leadscore-changes/1.0", rules: { id: data.id, version: data.version },
    threshold: state.threshold === proposal.threshold ? null : state.threshold, changes: found, minutes: minutes(),
  };
}

// ---- half a second after the last change: could it be chance, and what is each rule worth? ----------------------------

function settle() {
  const mine = pause;
  try {
    history.replaceState(null, "", address());
  } catch {
    // a viewer that keeps no addresses
  }
  const { figures: shown } = now, rate = written("rate", shown.rate), reached = written("reached", shown.reached);
  one(".spoken").textContent = filled("spoken", { leads: written(volume, shown[volume]), rate, reached });
  const steps = work();
  const turn = () => {
    const end = performance.now() + 25;
    while (performance.now() < end) {
      if (mine !== pause) return;
      if (steps.next().done) {
        root.dataset.settled = "";
        return;
      }
    }
    setTimeout(turn);
  };
  turn();
}

function* work() {
  const differs = changed().length > 0 || state.threshold !== proposal.threshold;
  if (differs) yield* chances();
  let rule = 0;
  for (const worth of worths(scorer)) {
    one(`tbody[data-rule="${rule++}"] .worth`).textContent = worth === null ? "" : filled("worth", { pairs: onePlace(100 * worth) });
    yield;
  }
}

function* chances() {
  const cells = paired(beforeScores, scorer.scores(), counted), found = Object.fromEntries(Object.keys(FIGURES).map((name) => [name, []]));
  for (const draw of redrawn(cells, [proposal.threshold, state.threshold], data.months, data.draws)) {
    for (const name of Object.keys(found)) {
      if (draw.before[name] !== null && draw.after[name] !== null) found[name].push(draw.after[name] - draw.before[name]);
    }
    yield;
  }
  now.ranges = {};
  for (const [name, values] of Object.entries(found)) {
    if (!difference(name, before) || !values.length) continue;
    const [low, high] = (now.ranges[name] = central(values));
    const ends = { low: ofSign(name, low), high: ofSign(name, high) };
    one(`[data-figure=${name}] .range`).textContent = filled(low <= 0 && high >= 0 ? "chance" : "range", ends);
  }
}

// ---- what people do ----------------------------------------------------------------------------------------------------

const wholeIn = (field) => (/^[+-]?\d+$/.test(field.value.trim()) && Math.abs(Number(field.value)) <= 1e6 ? Number(field.value) : null);

function onInput({ target }) {
  const item = rows.find(({ number, why }) => number === target || why === target);
  const threshold = target.matches(".threshold, .slider") ? wholeIn(target) : null;
  const capacity = target.matches(".capacity") && target.value !== "" && Number(target.value) >= 0 ? Number(target.value) : null;
  const value = item?.number === target ? wholeIn(target) : null;
  if (threshold === null && capacity === null && value === null && item?.why !== target) return;
  remember(target);
  if (value !== null) put(state.points, item, value);
  else if (threshold !== null) state.threshold = threshold;
  else if (capacity !== null) state.threshold = thresholdFor(now.counts, data.months, capacity);
  else state.reasons[key(item.rule, item.way)] = target.value;
  paint(target);
}

function replace({ points, threshold }) {
  remember();
  for (const item of rows) put(state.points, item, points[item.rule][item.way]);
  state.threshold = threshold;
  paint();
}

async function copyMinutes() {
  const told = minutes();
  try {
    await navigator.clipboard.writeText(told);
  } catch {
    const field = Object.assign(document.createElement("textarea"), { value: told });
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
  one(".copied").textContent = words.copied;
}

function save() {
  const file = URL.createObjectURL(new Blob([`${JSON.stringify(changes(), null, 2)}\n`], { type: "application/json" }));
  Object.assign(document.createElement("a"), { href: file, download: "changes.json" }).click();
  setTimeout(() => URL.revokeObjectURL(file), 10000);
}

function listen() {
  root.addEventListener("input", onInput);
  root.addEventListener("change", () => {
    typing = null;
    paint();
  });
  window.addEventListener("hashchange", () => {
    remember();
    state = fromAddress();
    paint();
  });
  one(".undo").onclick = () => {
    state = past.pop() ?? state;
    typing = null;
    paint();
  };
  one(".all-proposed").onclick = () => replace(proposal);
  if (data.last) one(".all-last").onclick = () => replace(data.last);
  one(".copy").onclick = copyMinutes;
  one(".save").onclick = save;
}

async function open() {
  if (!("DecompressionStream" in window)) {
    one(".too-old").hidden = false;
    return;
  }
  start(await unpacked(data.counts));
  state = fromAddress();
  root.classList.add("on");
  listen();
  paint();
  root.shown = () => ({ ...now, state, changes: changes(), minutes: minutes(), before: before.figures, last: last?.figures ?? null });
  root.dataset.ready = "";
}

open();
