// What the points are colored by. A coloring gives each paper the number of a group, and each group a color: a slot of
// the palette for kinds of things, a step of the ramp (0 to 1) for more or less of something, else gray.

const colorings = []; // in the order of the menu: {key, name, isThere(), make()}, make returning {codes, groups, hint}
const STEPS = 9; // of the ramp
const SLOTS = 12; // of the palette
let colors = {}; // of the style sheet
let coloring = { key: "plain", name: "Nothing", codes: new Uint8Array(count), groups: [{ name: "Papers", isPlain: true }] };

function register(described) {
  colorings.push(described);
}

function readColors() {
  const style = getComputedStyle(document.documentElement);
  const names = ["ground", "point", "point-edge", "accent", "ink", "soft", "surface"];
  colors = Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  colors.palette = header.palette[dark.matches ? "dark" : "light"];
}

function paintOf(group) {
  const { groups, steps, other } = colors.palette;
  if (group.isPlain) return colors.point;
  if (group.slot !== undefined) return groups[group.slot % groups.length];
  if (group.step !== undefined) return steps[Math.round(group.step * (steps.length - 1))];
  return other;
}

function rgbOf(color) {
  const value = parseInt(color.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

function colorBy(key) {
  const chosen = colorings.find((candidate) => candidate.key === key && candidate.isThere());
  if (!chosen) return false;
  coloring = { key, name: chosen.name, follows: chosen.follows, ...chosen.make() };
  emit("coloring");
  return true;
}

const counted = (codes, length) => {
  const sizes = new Uint32Array(length);
  for (const code of codes) sizes[code] += 1;
  return sizes;
};

// The commonest values get colors, the others share one gray; what is absent, too.
function byValue(values, codes) {
  const sizes = counted(codes, values.length);
  const common = Array.from(sizes.keys()).filter((code) => values[code] !== "").sort((a, b) => sizes[b] - sizes[a] || a - b);
  const colored = common.length > SLOTS ? common.slice(0, SLOTS - 1) : common;
  const groups = colored.map((code, slot) => ({ name: values[code], slot }));
  const place = new Uint8Array(values.length).fill(groups.length);
  colored.forEach((code, group) => (place[code] = group));
  const rest = common.length - colored.length;
  const hasNone = values.some((value, code) => value === "" && sizes[code]);
  const restName = [rest ? `${inEnglish(rest)} others` : "", hasNone ? "none" : ""].filter(Boolean).join(", ");
  if (restName) groups.push({ name: restName });
  return { codes: Uint8Array.from(codes, (code) => place[code]), groups };
}

// Numbers in steps from low to high; `level` says which step, or -1, and the last group is what has none.
function byStep(level, names) {
  const codes = new Uint8Array(count);
  let hasNone = false;
  for (let row = 0; row < count; row += 1) {
    const step = level(row);
    codes[row] = step < 0 ? names.length : step;
    hasNone ||= step < 0;
  }
  const groups = names.map((name, i) => ({ name, step: names.length > 1 ? i / (names.length - 1) : 1 }));
  if (hasNone) groups.push({ name: "unknown" });
  return { codes, groups };
}

register({
  key: "topic",
  name: "Topic",
  isThere: () => header.topics.length > 0,
  make: () => {
    const coarse = header.topics.flatMap((topic, position) => (topic.level === 0 ? [position] : []));
    const place = header.topics.map((_, position) => coarse.indexOf(ancestors[position][0]));
    const groups = coarse.map((position) => ({ name: header.topics[position].label, slot: header.topics[position].color, topic: position }));
    const codes = Uint8Array.from(topicOf, (topic) => (topic ? place[topic - 1] : groups.length));
    if (codes.includes(groups.length)) groups.push({ name: "none" });
    return { codes, groups };
  },
});

register({
  key: "category",
  name: "Category",
  isThere: () => papers?.category?.values.some(Boolean) ?? false,
  make: () => byValue(papers.category.values, papers.category.codes),
});

// Years, or months where all is of one year, or days; neighboring ones together where there are more than steps.
function unitsOfTime() {
  const { values, codes } = papers.date;
  for (const length of [4, 7, 10]) {
    const units = [...new Set(values.filter(Boolean).map((date) => date.slice(0, length)))];
    if (units.length > 1 || length === 10) return { units, codes, unitOf: values.map((date) => units.indexOf(date.slice(0, length))) };
  }
  return null;
}

register({
  key: "date",
  name: "Date",
  isThere: () => papers?.date?.values.some(Boolean) ?? false,
  make: () => {
    const { units, codes, unitOf } = unitsOfTime();
    const sizes = new Uint32Array(units.length);
    for (const code of codes) if (unitOf[code] >= 0) sizes[unitOf[code]] += 1;
    const all = sizes.reduce((sum, size) => sum + size, 0);
    const steps = Math.min(STEPS, units.length);
    const stepOf = [];
    for (let unit = 0, before = 0; unit < units.length; unit += 1) {
      const even = units.length === steps ? unit : Math.min(steps - 1, Math.floor((steps * (before + sizes[unit] / 2)) / all));
      stepOf.push(even);
      before += sizes[unit];
    }
    const used = [...new Set(stepOf)];
    const names = used.map((step) => {
      const [first, last] = [units[stepOf.indexOf(step)], units[stepOf.lastIndexOf(step)]];
      return first === last ? first : `${first} – ${last}`;
    });
    return byStep((row) => (unitOf[codes[row]] < 0 ? -1 : used.indexOf(stepOf[unitOf[codes[row]]])), names);
  },
});

register({
  key: "similarity",
  name: "Similarity to a paper",
  follows: "chosen",
  isThere: () => Boolean(papers?.directions || perPaper),
  make: () => {
    if (chosen < 0) return { ...byStep(() => -1, []), hint: "Choose a paper on the map." };
    const known = similaritiesTo(chosen);
    let low = Infinity, high = -Infinity;
    known.forEach((value, row) => {
      if (Number.isNaN(value) || row === chosen) return;
      low = Math.min(low, value);
      high = Math.max(high, value);
    });
    if (!(low <= high)) return byStep(() => -1, []);
    const width = (high - low) / STEPS || 1;
    const names = Array.from({ length: STEPS }, (_, i) => `${(low + i * width).toFixed(2)} – ${(low + (i + 1) * width).toFixed(2)}`);
    const level = (row) => (Number.isNaN(known[row]) ? -1 : Math.max(0, Math.min(STEPS - 1, Math.floor((known[row] - low) / width))));
    const hint = papers.directions
      ? "Cosines, computed from a part of each vector; those of the ten related papers are exact."
      : "This page knows the cosines of the ten related papers only.";
    return { ...byStep(level, names), hint };
  },
});

// Cosines of all papers with one, as far as the page knows them; NaN elsewhere.
function similaritiesTo(row) {
  const known = new Float32Array(count).fill(NaN);
  if (papers.directions) {
    const width = papers.directions.length / count, steps = header.direction_steps ** 2;
    const own = Array.from(papers.directions.subarray(row * width, (row + 1) * width), (value) => value - 128);
    for (let other = 0, at = 0; other < count; other += 1) {
      let sum = 0;
      for (let i = 0; i < width; i += 1, at += 1) sum += own[i] * (papers.directions[at] - 128);
      known[other] = sum * steps;
    }
  }
  nearest(row).forEach((other, place) => (known[other] = similarityAt(row, place)));
  known[row] = 1;
  return known;
}

register({
  key: "faithfulness",
  name: "Faithfulness",
  isThere: () => Boolean(faithfulness),
  make: () => {
    const names = ["0 – 20 %", "20 – 40 %", "40 – 60 %", "60 – 80 %", "80 – 100 %"];
    // Half a step more: 60 % is stored as a little less, and belongs above the limit.
    const level = (row) => (faithfulness[row] ? Math.min(4, Math.floor(((faithfulness[row] - 0.5) / 254) * 5)) : -1);
    return { ...byStep(level, names), hint: "How many of a paper's true neighbors are its neighbors here." };
  },
});

// The user's own columns, known when the texts are.
function registerOwn({ name, kind, values, low, high, steps, codes }, position) {
  const make = () => {
    if (kind === "names") return byValue(values, codes);
    const width = (high - low) / STEPS;
    const at = (step) => withDecimals(low + width * step, Math.ceil(-Math.log10(width)));
    if (low === high) return byStep((row) => (codes[row] ? 0 : -1), [String(low)]);
    const names = Array.from({ length: STEPS }, (_, i) => `${at(i)} – ${at(i + 1)}`);
    return byStep((row) => (codes[row] ? Math.min(STEPS - 1, Math.floor(((codes[row] - 1) / steps) * STEPS)) : -1), names);
  };
  register({ key: `column-${position}`, name, isThere: () => true, make });
}
