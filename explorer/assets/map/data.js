// The numbers in the page: a header, and blobs of whole numbers in planes of bytes. Row i of everything is paper i.

const header = JSON.parse(part("header").textContent);
const count = header.count;

function islandBytes(name) {
  const island = part(`blob-${name}`);
  const text = island.textContent;
  island.remove(); // read once: a million titles need not be kept twice
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i += 1) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

async function inflated(name) {
  const stream = new Blob([islandBytes(name)]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function fromPlanes(bytes, width, length) {
  if (width === 1) return bytes.subarray(0, length);
  const values = width === 2 ? new Uint16Array(length) : new Uint32Array(length);
  for (let plane = 0; plane < width; plane += 1) {
    const start = plane * length, shift = 8 * plane;
    for (let i = 0; i < length; i += 1) values[i] |= bytes[start + i] << shift;
  }
  return values;
}

const hasBlob = (name) => name in header.blobs;
const decoder = new TextDecoder("utf-8", { ignoreBOM: true }); // a text may begin with U+FEFF

async function numbersOf(name) {
  const { width, count: length } = header.blobs[name];
  return fromPlanes(await inflated(name), width, length);
}

const textOf = async (name) => decoder.decode(await inflated(name));

function numbersAtOnce(name) {
  const { width, count: length } = header.blobs[name];
  return fromPlanes(islandBytes(name), width, length);
}

// Places are in steps of the larger side of the map, y upward.
const xs = numbersAtOnce("x"), ys = numbersAtOnce("y");
const topicOf = numbersAtOnce("topics"); // 1 + the position of the paper's finest topic; 0 for none
const LAST = 65535;

// What is read later. `papers` is null until then.
let papers = null;
let neighbors = new Uint8Array(), similarities = new Uint16Array(), perPaper = 0;
let newcomers = new Set(); // rows that the last addition brought
let faithfulness = null; // 254 steps, 1 for none of its neighbors kept; 0 for unknown

async function columnOf(name) {
  const [values, codes] = await Promise.all([textOf(`${name}.values`), numbersOf(name)]);
  return { values: JSON.parse(values), codes };
}

async function readRest() {
  const has = (name, read) => (hasBlob(name) ? read(name) : null);
  const names = ["date", "category", "categories", "listed"];
  const [ids, near, similar, faithful, directions, added, texts, ...columns] = await Promise.all([
    textOf("ids"), has("neighbors", numbersOf), has("similarities", numbersOf), has("faithfulness", numbersOf),
    has("directions", numbersOf), has("newcomers", numbersOf), readTexts(), ...names.map((name) => has(name, columnOf)),
    ...header.columns.map((column) => numbersOf(column.blob)),
  ]);
  if (near) [neighbors, similarities, perPaper] = [near, similar, header.perPaper];
  faithfulness = faithful;
  newcomers = new Set(added ?? []);
  papers = { ids: ids.split("\n"), directions, ...Object.fromEntries(names.map((name, i) => [name, columns[i]])) };
  papers.own = header.columns.map((described, i) => ({ ...described, codes: columns[names.length + i] }));
  papers.texts = texts;
}

const valueOf = (name, row) => papers[name]?.values[papers[name].codes[row]] ?? "";
const listOf = (name, row) => valueOf(name, row).split("\n").filter(Boolean);
const idOf = (row) => papers.ids[row];
const rowOf = (id) => papers.ids.indexOf(id);
const dateOf = (row) => valueOf("date", row);
const titleOf = (row) => read("title", row);
const nameOf = (row) => titleOf(row) || idOf(row);
const aboutOf = (row) => [idOf(row), dateOf(row)].filter(Boolean).join(" · ");
const noveltyOf = (row) => (newcomers.has(row) ? "new" : "");
const faithOf = (row) => (faithfulness?.[row] ? (faithfulness[row] - 1) / 254 : NaN);

function addressOf(row) {
  const written = read("url", row);
  return written === "=" ? header.address + idOf(row) : written;
}

const nearest = (row) => (row < 0 || !perPaper ? [] : Array.from(neighbors.subarray(row * perPaper, (row + 1) * perPaper)));
const similarityAt = (row, place) => similarities[row * perPaper + place] / 1000 - 1;

// The topics that a paper is in, the coarse one first.
const ancestors = header.topics.map((topic, position) => {
  const line = [position];
  while (header.topics[line[0]].parent >= 0) line.unshift(header.topics[line[0]].parent);
  return line;
});
const topicsOf = (row) => (topicOf[row] ? ancestors[topicOf[row] - 1] : []);
const topicLabel = (row) => {
  const line = topicsOf(row);
  return line.length ? header.topics[line[line.length - 1]].label : "";
};
