"use strict";
// From points to figures, on counted combinations of what the rules say of a lead.
// The same arithmetic, in the same order, as calibrate/meeting/figures.py and calibrate/statistics: a test compares both.

const DENSE = 1 << 20;

/** The file counts.json as typed arrays. */
async function unpacked(counts) {
  const packed = Uint8Array.from(atob(counts.data), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const size = counts.combinations;
  let at = size;
  const ways = counts.columns.map(({ bytes: wide }) => {
    const part = bytes.slice(at, at += size * wide);
    return wide === 1 ? part : Uint16Array.from({ length: size }, (_, i) => part[2 * i] + 256 * part[2 * i + 1]);
  });
  const varint = () => {
    let value = 0, factor = 1, byte;
    do {
      byte = bytes[at++];
      value += (byte & 127) * factor;
      factor *= 128;
    } while (byte > 127);
    return value;
  };
  return {
    ways,
    gates: Int16Array.from(bytes.subarray(0, size), (byte) => byte - 1),
    leads: Float64Array.from({ length: size }, varint),
    won: Float64Array.from({ length: size }, varint),
  };
}

/** The combinations of the leads that have one outcome of a rule. */
function only(counted, rule, way) {
  const places = [], of = counted.ways[rule];
  for (let i = 0; i < of.length; i++) if (of[i] === way) places.push(i);
  const picked = (values) => values.constructor.from(places, (i) => values[i]);
  return { ways: counted.ways.map(picked), gates: picked(counted.gates), leads: picked(counted.leads), won: picked(counted.won) };
}

/** Scores of combinations under points that change one rule at a time; sums per group are kept. */
class Scorer {
  constructor(counted, rules, points) {
    Object.assign(this, { counted, rules });
    const size = counted.leads.length, Sums = rules.rules.length > 2000 ? Float64Array : Int32Array; // points are a million at most
    this.points = rules.rules.map((rule) => rule.points.map(() => 0));
    this.free = new Sums(size).fill(rules.base);
    this.capped = rules.groups.map(([low, high]) => (low === null && high === null ? null : new Sums(size)));
    this.total = new Sums(size);
    points.forEach((of, rule) => this.set(rule, of));
  }

  set(rule, points) {
    const change = Float64Array.from([...points, 0], (value, way) => value - (this.points[rule][way] ?? 0));
    this.points[rule] = [...points];
    if (change.every((value) => value === 0)) return;
    const sum = this.capped[this.rules.rules[rule].group] ?? this.free, ways = this.counted.ways[rule];
    for (let i = 0; i < sum.length; i++) sum[i] += change[ways[i]];
  }

  /** The score of every combination; the next call writes over it. */
  scores() {
    const { total, rules, counted: { gates } } = this;
    total.set(this.free);
    this.capped.forEach((sum, place) => {
      if (sum === null) return;
      const low = rules.groups[place][0] ?? -Infinity, high = rules.groups[place][1] ?? Infinity;
      for (let i = 0; i < total.length; i++) total[i] += sum[i] < low ? low : sum[i] > high ? high : sum[i];
    });
    if (rules.min === null && rules.max === null && !rules.gates.length) return total;
    const low = rules.min ?? -Infinity, high = rules.max ?? Infinity, decided = rules.gates.map((gate) => gate.score);
    for (let i = 0; i < total.length; i++) {
      const score = total[i];
      total[i] = gates[i] >= 0 ? decided[gates[i]] : score < low ? low : score > high ? high : score;
    }
    return total;
  }

  histogram() {
    return histogram(this.scores(), this.counted.leads, this.counted.won);
  }
}

/** Leads and won leads of every score that leads have, ascending. */
function histogram(total, leads, won) {
  let low = Infinity, high = -Infinity;
  for (let i = 0; i < total.length; i++) {
    if (total[i] < low) low = total[i];
    if (total[i] > high) high = total[i];
  }
  if (high - low >= DENSE) return sparse(total, leads, won);
  const size = total.length ? high - low + 1 : 0, ofLeads = new Float64Array(size), ofWon = new Float64Array(size);
  for (let i = 0; i < total.length; i++) {
    ofLeads[total[i] - low] += leads[i];
    ofWon[total[i] - low] += won[i];
  }
  const found = { scores: [], leads: [], won: [] };
  for (let i = 0; i < size; i++) if (ofLeads[i]) push(found, low + i, ofLeads[i], ofWon[i]);
  return found;
}

function sparse(total, leads, won) {
  const places = new Map();
  total.forEach((score, i) => {
    const sums = places.get(score) ?? places.set(score, [0, 0]).get(score);
    sums[0] += leads[i];
    sums[1] += won[i];
  });
  const found = { scores: [], leads: [], won: [] };
  for (const score of [...places.keys()].sort((a, b) => a - b)) push(found, score, ...places.get(score));
  return found;
}

function push(found, score, leads, won) {
  if (!leads) return;
  found.scores.push(score);
  found.leads.push(leads);
  found.won.push(won);
}

const summed = (values) => values.reduce((sum, value) => sum + value, 0);

/** Share of won-lost pairs in the right order, a tie half; null without both. */
function rightOrder({ leads, won }) {
  const allWon = summed(won), allLost = summed(leads) - allWon;
  let below = 0, beaten = 0;
  for (let i = 0; i < leads.length; i++) {
    const lost = leads[i] - won[i];
    beaten += won[i] * (2 * below + lost);
    below += lost;
  }
  return allWon && allLost ? beaten / (2 * allWon * allLost) : null;
}

/** What the leads from a threshold up bring. */
function figures(counts, threshold, months) {
  let leads = 0, won = 0;
  counts.scores.forEach((score, i) => {
    if (score >= threshold) {
      leads += counts.leads[i];
      won += counts.won[i];
    }
  });
  const allWon = summed(counts.won);
  return {
    threshold, leads, won,
    leads_a_month: months === null ? null : leads / months,
    rate: leads ? won / leads : null,
    reached: allWon ? won / allWon : null,
    right_order: rightOrder(counts),
  };
}

/** The lowest score from which up there are at most so many leads a month; one above the best where even it has more. */
function thresholdFor(counts, months, capacity) {
  let leads = 0, threshold = (counts.scores.at(-1) ?? 0) + 1;
  for (let i = counts.scores.length - 1; i >= 0; i--) {
    leads += counts.leads[i];
    if (leads / (months ?? 1) > capacity) break;
    threshold = counts.scores[i];
  }
  return threshold;
}

/** Lower and upper end of Wilson's score interval. */
function wilson(won, leads, quantile) {
  const square = quantile ** 2, centre = won + square / 2;
  const half = Math.sqrt(square * (won * (leads - won) / Math.max(leads, 1) + square / 4));
  return [won === 0 ? 0 : (centre - half) / (leads + square), won === leads ? 1 : (centre + half) / (leads + square)];
}

/** Ten bands of about as many leads each, best first; ties stay together. */
function tenths(counts, threshold, quantile) {
  const size = counts.scores.length, total = summed(counts.leads), above = [0];
  for (let i = size - 1; i >= 0; i--) above.push(above.at(-1) + counts.leads[i]);
  const starts = new Set([0]);
  for (let place = 1; place < 10; place++) {
    let best = 0;
    const far = (i) => Math.abs(above[i] * 10 - place * total);
    for (let i = 1; i <= size; i++) if (far(i) < far(best)) best = i;
    if (best && best < size) starts.add(size - best);
  }
  const order = [...starts].sort((a, b) => a - b);
  const bands = (size ? order : []).map((start, place) => {
    const end = order[place + 1] ?? size, leads = summed(counts.leads.slice(start, end));
    const won = summed(counts.won.slice(start, end)), [low, high] = wilson(won, leads, quantile);
    const handed = summed(counts.leads.slice(start, end).filter((_, i) => counts.scores[start + i] >= threshold));
    return {
      score_from: counts.scores[start], score_to: counts.scores[end - 1], leads, won, rate: won / leads,
      rate_low: low, rate_high: high, handed: handed / leads,
    };
  });
  return bands.reverse();
}

/** Leads of the bands with a name. gated: leads and won leads that every gate decides. */
function namedBands(counts, rules, gated, quantile) {
  const found = rules.bands.map(({ name, from }) => ({ name, score_from: from, leads: 0, won: 0 }));
  const place = (score) => rules.bands.findIndex(({ name, from, only }) => !only && (from === null || score >= from));
  const add = (at, leads, won) => {
    if (at < 0) return;
    found[at].leads += leads;
    found[at].won += won;
  };
  counts.scores.forEach((score, i) => add(place(score), counts.leads[i], counts.won[i]));
  rules.gates.forEach((gate, number) => {
    if (gate.band === null) return;
    add(place(gate.score), -gated[number][0], -gated[number][1]);
    add(rules.bands.findIndex(({ name }) => name === gate.band), ...gated[number]);
  });
  return found.map((band) => {
    const [low, high] = wilson(band.won, band.leads, quantile);
    const known = band.leads > 0;
    return { ...band, rate: known ? band.won / band.leads : null, rate_low: known ? low : null, rate_high: known ? high : null };
  });
}

/** Share of leads and share of customers reached, from the best score down. */
function gains(counts) {
  const total = summed(counts.leads), allWon = summed(counts.won), found = [];
  let leads = 0, won = 0;
  for (let i = counts.scores.length - 1; allWon && i >= 0; i--) {
    leads += counts.leads[i];
    won += counts.won[i];
    found.push([leads / total, won / allWon]);
  }
  return found;
}

/** Right order that each rule keeps, by leaving its points out. Works on a scorer of its own. */
function* worths(scorer) {
  const whole = rightOrder(scorer.histogram());
  for (let rule = 0; rule < scorer.points.length; rule++) {
    const points = scorer.points[rule];
    scorer.set(rule, points.map(() => 0));
    const rest = rightOrder(scorer.histogram());
    scorer.set(rule, points);
    yield whole === null || rest === null ? null : whole - rest;
  }
}

/** Numbers from 0 to 1, the same every time. Source: mulberry32, Tommy Ettinger, public domain. */
function generator(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** A Poisson number; from a mean of 30 up by the normal one with the same mean and variance. */
function poisson(mean, random) {
  if (mean >= 30) {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal));
  }
  const limit = Math.exp(-mean);
  let number = 0, product = random();
  while (product > limit) {
    number++;
    product *= random();
  }
  return number;
}

/** Leads by score before and after: all that a paired comparison needs, for Poisson numbers add up. */
function paired(before, after, { leads, won }) {
  const cells = new Map();
  const low = after.reduce((least, score) => Math.min(least, score), Infinity);
  const wide = after.reduce((most, score) => Math.max(most, score), -Infinity) - low + 1;
  for (let i = 0; i < leads.length; i++) {
    const key = before[i] * wide + after[i] - low;
    const cell = cells.get(key) ?? cells.set(key, [before[i], after[i], 0, 0]).get(key);
    cell[2] += won[i];
    cell[3] += leads[i] - won[i];
  }
  const found = [...cells.values()];
  const ranks = [0, 1].map((side) => {
    const distinct = [...new Set(found.map((cell) => cell[side]))].sort((a, b) => a - b);
    const places = new Map(distinct.map((score, place) => [score, place]));
    return { scores: distinct, places: found.map((cell) => places.get(cell[side])) };
  });
  return { cells: found, ranks };
}

/** After minus before for leads drawn again, one draw a step; thresholds and months as in figures. */
function* redrawn({ cells, ranks }, thresholds, months, draws, seed = 20260101) {
  const random = generator(seed);
  for (let draw = 0; draw < draws; draw++) {
    const counts = ranks.map(({ scores }) => ({ scores, leads: new Float64Array(scores.length), won: new Float64Array(scores.length) }));
    cells.forEach(([, , ofWon, ofLost], i) => {
      const won = poisson(ofWon, random), leads = won + poisson(ofLost, random);
      counts.forEach((side, which) => {
        side.leads[ranks[which].places[i]] += leads;
        side.won[ranks[which].places[i]] += won;
      });
    });
    const [before, after] = counts.map((side, which) => figures(side, thresholds[which], months));
    yield { before, after };
  }
}

/** The central 95 % of numbers. */
function central(values) {
  const sorted = Float64Array.from(values).sort(), last = sorted.length - 1;
  const quantile = (share) => {
    const place = share * last, low = Math.floor(place), high = Math.ceil(place);
    return sorted[low] + (sorted[high] - sorted[low]) * (place - low);
  };
  return [quantile(0.025), quantile(0.975)];
}
