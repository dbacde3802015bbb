// Which leads the figures are of, all or those of one level, and the worked leads that change side.
// The same as calibrate/meeting/segments.py and sides.py: a test compares both.

const ofRule = one(".segment-rule"), ofLevel = one(".segment-level");
const sameSegment = (one, other) => one?.rule === other?.rule && one?.way === other?.way;
const rowOf = (rule, way) => rules.rules[rule].rows.find((row) => row.way === way);

/** The levels of a rule that counted leads have, with how many. */
function levelsOf(all, rule) {
  const sums = new Map();
  all.ways[rule].forEach((way, i) => sums.set(way, (sums.get(way) ?? 0) + all.leads[i]));
  return rules.rules[rule].rows.filter(({ way }) => sums.get(way)).map((row) => ({ ...row, leads: sums.get(row.way) }));
}

function offerRules(all) {
  rules.rules.forEach(({ name }, rule) => {
    if (levelsOf(all, rule).length) ofRule.append(new Option(name, rule));
  });
}

/** Whose figures these are, in words. */
function whose(all, counted, segment) {
  const total = count(summed(all.leads));
  if (segment === null) return filled("whose", { leads: total });
  const names = { rule: rules.rules[segment.rule].name, level: rowOf(segment.rule, segment.way).level };
  return filled("whose_segment", { leads: count(summed(counted.leads)), all: total, ...names });
}

function paintSegment(all, counted, segment) {
  ofRule.value = segment === null ? "" : segment.rule;
  one(".level-label").hidden = segment === null;
  if (segment !== null && ofLevel.dataset.rule !== String(segment.rule)) {
    const levels = levelsOf(all, segment.rule);
    ofLevel.replaceChildren(...levels.map(({ level, way, leads }) => new Option(filled("segment_level", { level, leads: count(leads) }), way)));
    ofLevel.dataset.rule = segment.rule;
  }
  if (segment !== null) ofLevel.value = segment.way;
  const text = whose(all, counted, segment);
  for (const place of root.querySelectorAll(".whose")) place.textContent = text;
}

/** The leads that were chosen; the level that comes first where only the rule was. */
function chosenSegment(all, target) {
  if (target === ofLevel) return { rule: Number(ofRule.value), way: Number(ofLevel.value) };
  return ofRule.value === "" ? null : { rule: Number(ofRule.value), way: levelsOf(all, Number(ofRule.value))[0].way };
}

const { worked } = data;
const workedScores = (points) => new Scorer({ ...worked, leads: worked.names }, rules, points).scores();

/** Worked leads on another side of the threshold than proposed, with the points that changed for them. */
function changedSides(proposal, state) {
  const before = workedScores(proposal.points), after = workedScores(state.points);
  return worked.names.flatMap((_, lead) => {
    const handed = after[lead] >= state.threshold;
    if (before[lead] >= proposal.threshold === handed) return [];
    const ways = worked.gates[lead] >= 0 ? [] : worked.ways.map((of, rule) => [rule, of[lead]]);
    const reasons = ways.filter(([rule, way]) => proposal.points[rule][way] !== state.points[rule][way]);
    return [{ lead, before: before[lead], after: after[lead], handed, reasons }];
  });
}

function sideText({ lead, before, after, handed, reasons }, proposal, state) {
  const told = reasons.map(([rule, way]) => filled("side_reason", {
    rule: rules.rules[rule].name, level: rowOf(rule, way).level, to: signed(state.points[rule][way]), from: signed(proposal.points[rule][way]),
  }));
  const score = before === after ? count(after) : `${count(before)} → ${count(after)}`;
  return filled(handed ? "side_in" : "side_out", { lead: worked.names[lead], score, reasons: told.length ? filled("side_reasons", { reasons: told.join("; ") }) : "" });
}

function paintSides(sides, proposal, state) {
  one(".sides").hidden = sides.length === 0;
  one(".changed-sides").replaceChildren(...sides.map((side) => Object.assign(document.createElement("li"), { textContent: sideText(side, proposal, state) })));
}
