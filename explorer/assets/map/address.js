// The view in the page's address, so that it can be shared: #q=words&paper=ID&color=category.

function written() {
  const parts = [];
  if (found.query) parts.push(`q=${encodeURIComponent(whole(found.query.trim()))}`);
  if (chosen >= 0) parts.push(`paper=${encodeURIComponent(whole(idOf(chosen)))}`);
  if (startColoring && coloring.key !== startColoring) parts.push(`color=${encodeURIComponent(coloring.key)}`);
  return parts.length ? `#${parts.join("&")}` : "";
}

// Half of a surrogate pair cannot be written in an address.
const whole = (text) => text.toWellFormed?.() ?? text;
let startColoring = "";

function note(how) {
  try {
    history[how](null, "", written() || location.pathname + location.search);
  } catch {
    // Inside a frame without an address of its own there is nothing to note.
  }
}

const remember = () => note("pushState"); // a step back leads to the paper before
const noteNow = () => note("replaceState");
const noteSearch = later(() => note("replaceState"), 250);

function addressed(name) {
  for (const pair of location.hash.slice(1).split("&")) {
    const [key, ...value] = pair.split("=");
    try {
      if (key === name) return decodeURIComponent(value.join("="));
    } catch {
      return null; // a "%" that belongs to no code
    }
  }
  return null;
}

function followAddress() {
  const paper = addressed("paper"), query = addressed("q") ?? "", color = addressed("color");
  if (query !== found.query.trim()) searchFor(query);
  if ((color ?? startColoring) !== coloring.key) colorBy(color) || colorBy(startColoring);
  const row = paper === null ? -1 : rowOf(paper);
  if (row !== chosen) show(row);
}

function listenToAddress() {
  startColoring = coloring.key;
  window.addEventListener("hashchange", followAddress);
  window.addEventListener("popstate", followAddress);
  on("matches", noteSearch);
}
