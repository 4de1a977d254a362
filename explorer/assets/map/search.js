// Search as the reader types: words and their beginnings in titles, authors and abstracts, "quoted phrases", cat:cs.CV
// and year:2019-2021. A search looks up the dictionary once, and then only compares numbers.

const search = part("search"), results = part("results"), options = part("options");
const RESULTS = 50;
const WORDS = 10; // of a search; more are not looked at
const ROWS = 2 ** 25; // more than any page has
const FIELDS = [["title", 4], ["authors", 2], ["abstract", 1]];
let found = { query: "", rows: [], isPartial: false };
let active = -1; // position of the marked result

// Split before they are folded, as the texts were: a letter of Greek is a word by itself only then.
const wordsIn = (text) => (text.normalize("NFC").match(/[\p{L}\p{N}_]+/gu) ?? []).map(fold);

// Returns {phrases: [[word, ...], ...], filters: [(row) => boolean, ...]}: each phrase one or more words that stand
// beside each other.
function parsed(query) {
  const phrases = [], filters = [];
  for (const [, quoted, plain] of query.matchAll(/"([^"]*)"?|(\S+)/g)) {
    const [, kind, value] = /^(cat|year):(.+)$/i.exec(plain ?? "") ?? [];
    const filter = kind && (kind.toLowerCase() === "cat" ? categoryFilter(value) : yearFilter(value));
    if (filter) filters.push(filter);
    else if (wordsIn(quoted ?? plain).length) phrases.push(wordsIn(quoted ?? plain));
  }
  return { phrases, filters };
}

function categoryFilter(wanted) {
  const name = wanted.toLowerCase();
  const isMeant = (value) => value.split("\n").some((one) => one.toLowerCase() === name || one.toLowerCase().startsWith(`${name}.`));
  const masks = ["category", "categories", "listed"].filter((column) => papers[column]).map((column) => {
    const meant = papers[column].values.map(isMeant);
    return (row) => meant[papers[column].codes[row]];
  });
  return (row) => masks.some((mask) => mask(row));
}

function yearFilter(wanted) {
  const [, single, first, last] = /^(?:(\d{4})|(\d{4})?-(\d{4})?)$/.exec(wanted) ?? [];
  if (!single && !first && !last) return null;
  const low = Number(single ?? first ?? 0), high = Number(single ?? last ?? 9999);
  const meant = (papers.date?.values ?? []).map((date) => date !== "" && Number(date.slice(0, 4)) >= low && Number(date.slice(0, 4)) <= high);
  return (row) => meant[papers.date?.codes[row]] ?? false;
}

// For each entry of the dictionary, a bit for each word of the search that it begins with or, of four letters or more,
// holds; and a bit for each that it is.
function entriesLike(words) {
  const like = new Uint16Array(dictionary.length), same = new Uint16Array(dictionary.length);
  const folded = foldedWords();
  words.forEach((word, i) => {
    const bit = 1 << i, isWithin = word.length >= 4 || !/^[a-z0-9_]+$/.test(word);
    for (let entry = 0; entry < folded.length; entry += 1) {
      const text = folded[entry];
      if (text.length < word.length) continue;
      if (text === word) {
        like[entry] |= bit;
        same[entry] |= bit;
      } else if (text.startsWith(word) || (isWithin && text.includes(word))) like[entry] |= bit;
    }
  });
  return { like, same };
}

function find(query) {
  const { phrases, filters } = parsed(query);
  const words = [...new Set(phrases.flat())].slice(0, WORDS);
  const passes = (row) => isShown(row) && filters.every((filter) => filter(row));
  const byId = rowsWithId(query.trim()).filter(passes);
  if (!words.length) return { rows: filters.length ? allRows().filter(passes) : byId, isPartial: false };
  const entries = entriesLike(words);
  const { masks, same } = scan(entries);
  const whole = (1 << words.length) - 1;
  let rows = [];
  for (let row = 0; row < count; row += 1) if (masks[row] === whole && passes(row)) rows.push(row);
  const long = phrases.filter((phrase) => phrase.length > 1);
  if (long.length) rows = rows.filter((row) => long.every((phrase) => FIELDS.some(([field]) => stands(phrase, field, row))));
  const isPartial = rows.length === 0 && byId.length === 0 && words.length > 1 && long.length === 0;
  if (isPartial) for (let row = 0; row < count; row += 1) if (masks[row] && passes(row)) rows.push(row);
  const ranked = rankedBy(rows, words, masks, same, phrases.flat());
  const first = new Set(byId);
  return { rows: [...byId, ...ranked.filter((row) => !first.has(row))], isPartial: isPartial && rows.length > 0 };
}

const allRows = () => Array.from({ length: count }, (_, row) => row);

function rowsWithId(query) {
  const name = query.toLowerCase();
  if (name.length < 3 || !/^\S*\d\S*$/.test(name)) return [];
  return allRows().filter((row) => idOf(row).toLowerCase().includes(name));
}

// Which words of the search each paper has anywhere, and by field the ones it has exactly or at least alike.
function scan({ like, same }) {
  const masks = new Uint16Array(count), fieldMasks = [];
  for (const [name, weight] of FIELDS) {
    if (!hasField(name)) continue;
    const { ends, entries } = fields[name], alike = new Uint16Array(count), equal = new Uint16Array(count);
    for (let row = 0, at = 0; row < count; row += 1) {
      let mask = 0, exact = 0;
      for (const end = ends[row + 1]; at < end; at += 1) {
        const entry = entries[at];
        if (like[entry]) {
          mask |= like[entry];
          exact |= same[entry];
        }
      }
      alike[row] = mask;
      equal[row] = exact;
      masks[row] |= mask;
    }
    fieldMasks.push({ weight, alike, equal });
  }
  return { masks, same: fieldMasks };
}

// Rare words count more, whole words more than beginnings, titles more than abstracts; then words in one row, in order.
function rankedBy(rows, words, masks, fieldMasks, sequence) {
  const having = words.map((_, i) => rows.reduce((sum, row) => sum + ((masks[row] >> i) & 1), 0));
  const rarity = having.map((number) => Math.log(1 + count / Math.max(1, number)));
  const worth = new Float32Array(1 << words.length);
  for (let mask = 1; mask < worth.length; mask += 1) rarity.forEach((value, i) => (worth[mask] += (mask >> i) & 1 ? value : 0));
  const isChecked = rows.length <= 5000 && sequence.length > 1;
  const keys = new Float64Array(rows.length);
  rows.forEach((row, i) => {
    let score = 0;
    for (const { weight, alike, equal } of fieldMasks) score += weight * (worth[alike[row]] + worth[equal[row]]);
    if (isChecked && stands(sequence, "title", row)) score += 4 * worth[worth.length - 1];
    score -= 0.02 * titleLength(row);
    keys[i] = Math.round(-score * 1000) * ROWS + row; // sorted by score, then by row
  });
  keys.sort();
  return Array.from(keys, (key) => key - Math.floor(key / ROWS) * ROWS);
}

const titleLength = (row) => (hasField("title") ? fields.title.ends[row + 1] - fields.title.ends[row] : 0);

// Whether the words stand beside each other in a text; the last may be the beginning of one.
function stands(phrase, name, row) {
  if (!hasField(name)) return false;
  const { ends, entries } = fields[name], folded = foldedWords();
  const line = [];
  for (let at = ends[row]; at < ends[row + 1]; at += 1) if (!isBetween[entries[at]]) line.push(folded[entries[at]]);
  return line.some((_, start) => phrase.every((word, i) => {
    const there = line[start + i];
    return i === phrase.length - 1 ? there?.startsWith(word) : there === word;
  }));
}

// ---- The box and its list

function runSearch() {
  if (!papers) return;
  const query = search.value;
  found = query.trim() ? { query, ...find(query) } : { query: "", rows: [], isPartial: false };
  active = -1;
  part("found").textContent = found.query ? summary() : "";
  options.replaceChildren(...found.rows.slice(0, RESULTS).map(option));
  emit("matches");
}

const announceFound = later(() => announce(found.query ? summary() : ""), 400);

function summary() {
  if (!found.rows.length) return "No paper has these words.";
  const papersFound = papersIn(found.rows.length);
  const listed = found.rows.length > RESULTS ? `, the first ${RESULTS} listed` : "";
  return found.isPartial ? `No paper has all of these words. ${papersFound} with some${listed}` : papersFound + listed;
}

function option(row, position) {
  const item = element("li");
  item.id = `option-${position}`;
  item.dataset.row = String(row);
  item.setAttribute("role", "option");
  item.setAttribute("aria-selected", "false");
  item.append(element("div", "clamp", nameOf(row)), element("div", "meta clamp", aboutOf(row)));
  item.addEventListener("click", () => pick(row));
  pointsAt(item, row);
  return item;
}

function openResults(isOpen) {
  results.hidden = !isOpen;
  search.setAttribute("aria-expanded", String(isOpen));
  if (!isOpen) mark(-1);
}

function mark(position) {
  options.children[active]?.setAttribute("aria-selected", "false");
  active = position;
  const item = options.children[position];
  item?.setAttribute("aria-selected", "true");
  item?.scrollIntoView({ block: "nearest" });
  if (item) search.setAttribute("aria-activedescendant", item.id);
  else search.removeAttribute("aria-activedescendant");
  point(item ? Number(item.dataset.row) : -1);
}

function pick(row) {
  openResults(false);
  choose(row, { isCentered: true });
}

function searchFor(query) {
  search.value = query;
  runSearch();
}

const searchKeys = {
  ArrowDown: () => mark(Math.min(active + 1, options.children.length - 1)),
  ArrowUp: () => mark(Math.max(active - 1, -1)),
  Enter: () => {
    const item = options.children[Math.max(0, active)];
    if (item) pick(Number(item.dataset.row));
  },
};

function onSearchKey(event) {
  if (event.isComposing || !searchKeys[event.key]) return;
  event.preventDefault();
  if (results.hidden) onSearchInput();
  searchKeys[event.key]();
}

function onSearchInput() {
  runSearch();
  openResults(Boolean(search.value.trim()));
  announceFound();
}

function listenToSearch() {
  search.addEventListener("input", onSearchInput);
  search.addEventListener("focus", onSearchInput);
  // Left by the keyboard; a press of the mouse on a result leaves it for nothing, and must still find the result there.
  search.addEventListener("blur", (event) => event.relatedTarget && openResults(false));
  search.addEventListener("keydown", onSearchKey);
  document.addEventListener("pointerdown", (event) => {
    if (!event.target.closest(".search")) openResults(false);
  });
  on("filter", () => found.query && runSearch());
}
