// What is listed, for other programs: CSV, BibTeX, JSON, or the ids, which `explorer find-similar --like @file` takes.

const DOI = /^10\.\d{4,}\/[^\s{}\\]+$/;

function recordOf(row) {
  const split = (name) => read(name, row).split("\n").filter(Boolean);
  const known = {
    id: idOf(row),
    title: titleOf(row),
    authors: split("authors"),
    date: dateOf(row),
    categories: papers.categories ? listOf("categories", row) : [valueOf("category", row)].filter(Boolean),
    topic: topicLabel(row),
    url: addressOf(row),
    doi: read("doi", row),
    abstract: read("abstract", row),
  };
  // A column of the user's own may have the name of one of these.
  const own = papers.own.map((column) => [Object.hasOwn(known, column.name) ? `${column.name} (own)` : column.name, ownValue(column, row)]);
  return { ...known, ...Object.fromEntries(own) };
}

// Numbers to as many decimals as their steps are fine: whole numbers as they were.
function ownValue({ kind, values, low, high, steps, codes }, row) {
  if (kind === "names") return values[codes[row]];
  if (!codes[row] || low === high) return codes[row] ? low : "";
  const step = (high - low) / steps;
  return withDecimals(low + (codes[row] - 1) * step, Math.floor(-Math.log10(step)));
}

// A spreadsheet takes what begins with = + - @ for a formula, and a formula can run programs.
function cell(value) {
  const text = String(Array.isArray(value) ? value.join("; ") : value).replace(/\s+/g, " ").trim();
  const safe = typeof value !== "number" && /^'*[=+@＝＋－＠-]/.test(text) ? `'${text}` : text;
  return /[",]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function asCsv(rows) {
  const records = rows.map(recordOf);
  const columns = Object.keys(records[0]).filter((name) => name !== "abstract");
  return [columns.map(cell), ...records.map((record) => columns.map((name) => cell(record[name])))]
    .map((line) => `${line.join(",")}\r\n`).join("");
}

const asJson = (rows) => rows.map((row) => `${JSON.stringify(recordOf(row))}\n`).join("");
const asIds = (rows) => rows.map((row) => `${idOf(row)}\n`).join("");

const SPECIAL = { "\\": "\\textbackslash{}", "{": "\\{", "}": "\\}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}" };
const forBibtex = (text) => text.replace(/[\\{}~^]/g, (sign) => SPECIAL[sign]).replace(/[&%$#_]/g, "\\$&").replace(/\s+/g, " ");

function asBibtex(rows) {
  const taken = new Set();
  return rows.map((row) => bibtexEntry(row, taken)).join("\n");
}

function bibtexEntry(row, taken) {
  const record = recordOf(row), [year, month] = record.date.split("-");
  const isArxiv = /^(\d{4}\.\d{4,5}|[a-z-]+(\.[A-Z]{2})?\/\d{7})$/.test(record.id);
  const names = {
    title: record.title && `{${forBibtex(record.title)}}`,
    author: record.authors.map((name) => (/ and /i.test(` ${name} `) ? `{${forBibtex(name)}}` : forBibtex(name))).join(" and "),
    year,
    month: month && String(Number(month)),
    eprint: isArxiv && record.id,
    archiveprefix: isArxiv && "arXiv",
    primaryclass: isArxiv && forBibtex(record.categories[0] ?? ""),
    doi: DOI.test(record.doi) && record.doi,
    url: webAddress(record.url)?.href.replace(/[{}\\]/g, encodeURIComponent),
  };
  const lines = Object.entries(names).filter(([, value]) => value).map(([name, value]) => `  ${name} = {${value}}`);
  return `@misc{${keyOf(record.id, taken)},\n${lines.join(",\n")}\n}\n`;
}

// Keys of BibTeX hold letters, digits and few signs, and each stands once.
function keyOf(id, taken) {
  const plain = fold(id).replace(/[^a-z0-9.:/+-]+/g, "-") || "paper";
  let key = plain;
  for (let number = 2; taken.has(key); number += 1) key = `${plain}-${number}`;
  taken.add(key);
  return key;
}

const FORMATS = {
  csv: { name: "papers.csv", type: "text/csv", write: asCsv },
  bibtex: { name: "papers.bib", type: "application/x-bibtex", write: asBibtex },
  json: { name: "papers.jsonl", type: "application/json", write: asJson },
};

function save(format) {
  const { name, type, write } = FORMATS[format];
  const address = URL.createObjectURL(new Blob([write(listed)], { type: `${type};charset=utf-8` }));
  const made = element("a");
  made.href = address;
  made.download = name;
  made.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
  announce(`${papersIn(listed.length)} written to ${name}`);
}

async function copyIds() {
  const text = asIds(listed);
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    copyTheOldWay(text);
  }
  part("copied").textContent = `${papersIn(listed.length)} copied: explorer find-similar --like @file takes them.`;
  announce(part("copied").textContent);
}

// Browsers keep the clipboard from some pages that are opened as files.
function copyTheOldWay(text) {
  const focused = document.activeElement, box = element("textarea", "unseen");
  box.value = text;
  document.body.append(box);
  box.select();
  document.execCommand("copy");
  box.remove();
  focused.focus({ preventScroll: true });
}

function listenToExports() {
  for (const format of Object.keys(FORMATS)) part(`save-${format}`).addEventListener("click", () => save(format));
  part("copy-ids").addEventListener("click", () => void copyIds());
}
