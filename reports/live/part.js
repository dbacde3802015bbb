// The page of the meeting: what is typed becomes points, points become figures, figures are drawn.

// ---- state: points by rule and outcome, the threshold, the reasons -------------------------------------------------

const proposal = { points: rules.rules.map((rule) => rule.points), threshold: data.threshold };
const key = (rule, way) => `${rules.rules[rule].id}.${way}`;
const rows = all("tr.way").map((row) => {
  const rule = Number(row.parentElement.dataset.rule), way = Number(row.dataset.way);
  const told = rules.rules[rule].rows.find((item) => item.way === way), names = { rule: rules.rules[rule].name, level: told.level };
  const number = Object.assign(document.createElement("input"), { type: "number", step: 1, min: -1e6, max: 1e6, className: "number", autocomplete: "off" });
  const reason = one("template").content.firstElementChild.cloneNode(true), why = one(".why", reason), outside = one(".outside", reason);
  number.setAttribute("aria-label", filled("points_for", names));
  why.setAttribute("aria-label", filled("reason_for", names));
  outside.id = `outside-${rule}-${way}`;
  row.lastElementChild.append(number);
  row.after(reason);
  return { row, reason, rule, way, told, number, why, outside };
});
const copied = (from) => ({ points: from.points.map((points) => [...points]), threshold: from.threshold, segment: from.segment ?? null, reasons: { ...from.reasons } });
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
  if (state.segment !== null) kept.set("only", key(state.segment.rule, state.segment.way));
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
    if (name === kept.get("only") && levelsOf(everybody, item.rule).some(({ way }) => way === item.way)) found.segment = { rule: item.rule, way: item.way };
    if (value !== null && Math.abs(value) <= 1e6) put(found.points, item, value);
    if (kept.has(`why.${name}`)) found.reasons[name] = kept.get(`why.${name}`);
  }
  return found;
}

// ---- what is shown ---------------------------------------------------------------------------------------------------

let everybody, counted, segment = null, gated, scorer, before, beforeScores, last, now, pause = 0;
const measured = (counts, threshold) => figures(counts, threshold, data.months);

/** Counts the leads of the level that is chosen, or all. */
function start() {
  segment = state.segment;
  counted = segment === null ? everybody : only(everybody, segment.rule, segment.way);
  gated = rules.gates.map(() => [0, 0]);
  counted.gates.forEach((gate, i) => {
    if (gate < 0) return;
    gated[gate][0] += counted.leads[i];
    gated[gate][1] += counted.won[i];
  });
  scorer = new Scorer(counted, rules, proposal.points);
  beforeScores = scorer.scores().slice();
  const counts = histogram(beforeScores, counted.leads, counted.won);
  before = { counts, figures: measured(counts, proposal.threshold) };
  if (data.last) {
    const then = new Scorer(counted, { ...rules, ...data.last.score }, data.last.points).histogram();
    last = { counts: then, figures: measured(then, data.last.threshold) };
  }
}

function paint(source = null) {
  if (!sameSegment(segment, state.segment)) start();
  state.points.forEach((points, rule) => scorer.set(rule, points));
  const counts = scorer.histogram(), bands = tenths(counts, state.threshold, data.quantile);
  now = { counts, figures: measured(counts, state.threshold), tenths: bands, gains: gains(counts) };
  now.bands = namedBands(counts, rules, gated, data.quantile);
  now.sides = changedSides(proposal, state);
  paintSegment(everybody, counted, segment);
  paintTiles();
  paintRows(source);
  paintControls(source);
  paintCharts();
  paintSides(now.sides, proposal, state);
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
    one(".proposed", tile).textContent = filled("proposed_is", { value: written(name, before.figures[name]) });
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
  one(".count").textContent = many === 0 ? "" : filled(many === 1 ? "changed.one" : "changed.other", { n: count(many) });
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
const scoreRange = (band) => (band.score_from === band.score_to ? count(band.score_from) : filled("scores", { low: count(band.score_from), high: count(band.score_to) }));

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
  if (segment !== null) lines.unshift(whose(everybody, counted, segment));
  return [head, ...lines, ...(taken.length ? taken.map((item, at) => `${at + 1}. ${item}`) : [words.no_decision])].join("\n");
}

function paintMinutes() {
  const taken = decisions();
  one(".minutes").replaceChildren(...taken.map((item) => Object.assign(document.createElement("li"), { textContent: item })));
  one(".no-decision").hidden = taken.length > 0;
}

/** The file changes.json, in the order of the document. */
function changes() {
  const found = changed().map(({ rule, way, told }) => ({
    rule: rules.rules[rule].id, way, label: told.label ?? told.level, from: told.points, to: state.points[rule][way],
    reason: (state.reasons[key(rule, way)] ?? "").trim(),
  }));
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
  const told = filled("spoken", { leads: written(volume, shown[volume]), rate, reached });
  one(".spoken").textContent = segment === null ? told : `${whose(everybody, counted, segment)} ${told}`;
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
  if (target === ofRule || target === ofLevel) {
    remember();
    state.segment = chosenSegment(everybody, target);
    paint(target);
    return;
  }
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
  everybody = await unpacked(data.counts);
  offerRules(everybody);
  state = fromAddress();
  start();
  root.classList.add("on");
  listen();
  paint();
  root.shown = () => ({ ...now, state, changes: changes(), minutes: minutes(), before: before.figures, last: last?.figures ?? null });
  root.dataset.ready = "";
}

open();
