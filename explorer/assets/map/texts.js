// The texts in the page: each a row of numbers of one dictionary, whose entries are words and what stands between them.

let dictionary = [], isBetween = new Uint8Array(), fields = {};

const unescaped = (entry) => entry.replace(/\\(.)/g, (_, sign) => (sign === "n" ? "\n" : sign));

async function readTexts() {
  if (!hasBlob("words")) return false;
  const names = ["title", "url", "abstract", "authors", "links", "doi"].filter((name) => hasBlob(`${name}.entries`));
  const [words, betweens, ...blobs] = await Promise.all([
    textOf("words"), numbersOf("betweens"),
    ...names.flatMap((name) => [numbersOf(`${name}.counts`), numbersOf(`${name}.entries`)]),
  ]);
  dictionary = words === "" ? [] : words.split("\n").map((entry) => (entry.includes("\\") ? unescaped(entry) : entry));
  isBetween = betweens;
  fields = Object.fromEntries(names.map((name, i) => [name, { ends: sums(blobs[2 * i]), entries: blobs[2 * i + 1] }]));
  return true;
}

function sums(counts) {
  const ends = new Uint32Array(counts.length + 1);
  for (let i = 0; i < counts.length; i += 1) ends[i + 1] = ends[i] + counts[i];
  return ends;
}

const hasField = (name) => name in fields;

// Between two words that nothing else stands between is a blank.
function read(name, row) {
  const field = fields[name];
  if (!field) return "";
  let text = "", afterWord = false;
  for (let at = field.ends[row]; at < field.ends[row + 1]; at += 1) {
    const entry = field.entries[at], isWord = !isBetween[entry];
    text += isWord && afterWord ? ` ${dictionary[entry]}` : dictionary[entry];
    afterWord = isWord;
  }
  return text;
}

const UNMARKED = { "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i" };
const GREEK = {
  "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "η": "eta", "θ": "theta", "κ": "kappa",
  "λ": "lambda", "μ": "mu", "π": "pi", "ρ": "rho", "σ": "sigma", "τ": "tau", "φ": "phi", "ϕ": "phi", "χ": "chi",
  "ψ": "psi", "ω": "omega",
};

// As words are compared: without case and accents.
function fold(text) {
  if (/^[\x20-\x7e]*$/.test(text)) return text.toLowerCase();
  const bare = text.normalize("NFKD").replace(/\p{M}+/gu, "").toLowerCase();
  return GREEK[bare] ?? bare.replace(/[ßæœøłđðþı]/g, (letter) => UNMARKED[letter]);
}

let foldedDictionary = null; // made when first needed

function foldedWords() {
  foldedDictionary ??= dictionary.map((entry, i) => (isBetween[i] ? "" : fold(entry)));
  return foldedDictionary;
}
