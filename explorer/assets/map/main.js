// Start, keys, and what scripts and tests may use: window.explorerMap, read-only.
//   ready            promise, fulfilled when the papers can be read and the map is drawn
//   drawn            promise, fulfilled when the first points are in sight
//   select(id)       shows that paper; close() shows none; selected is the id shown, or null
//   position(id)     where that paper is, as {x, y} in pixels of the window
//   lines()          the lines now drawn, as [{from: {x, y}, to: {x, y}, far}, ...] in pixels of the window
//   matches()        the ids that the search has found; find(query) searches
//   shown            how many papers pass the filters; selection() the ids selected
//   colorBy(key)     colors the points; coloring is the key now
//   labels()         the labels painted, as [{text, level, x, y, width, height}, ...] in pixels of the window
//   rings()          the ids of the new papers that are ringed on the map
//   picture          "points" or "density": what is seen now

function escape(event) {
  event.preventDefault();
  // The nearest thing first: what is being drawn, the search while it is in use, the panel, a selection, the list.
  if (drawn) stopDrawing();
  else if (tool) take(tool);
  else if (document.activeElement === search && !search.value) search.blur();
  else if (document.activeElement === search) clearSearch();
  else if (chosen >= 0) close();
  else if (selection.length) select([]);
  else if (isListOpen()) openList(false);
  else clearSearch();
}

function clearSearch() {
  searchFor("");
  openResults(false);
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

// On the map, arrows walk from paper to paper, plus and minus zoom, Enter opens.
function onMapKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (ARROWS[event.key]) walk(...ARROWS[event.key]);
  else if (event.key === "Enter" && pointed >= 0) choose(pointed);
  else if (event.key === "+" || event.key === "=") zoomBy(1.6);
  else if (event.key === "-") zoomBy(1 / 1.6);
  else if (event.key === "0") showAll();
  else return;
  event.preventDefault();
}

function walk(dx, dy) {
  if (!papers || !shownCount) return;
  const start = pointed >= 0 ? pointed : chosen;
  const { left: edge, right, width, height } = freeArea();
  const { x, y } = placeAt({ x: edge + width / 2, y: height / 2 });
  const next = start < 0 ? rowAt(x, y, 4 * LAST, isShown) : rowToward(start, dx, dy);
  if (next < 0) return announce("No paper in this direction");
  const { x: across, y: down } = project(next);
  if (across < edge + 20 || down < 20 || across > right - 20 || down > height - 20) center(next);
  point(next, true);
  announce([nameOf(next), aboutOf(next), topicLabel(next), noveltyOf(next)].filter(Boolean).join(", "));
}

function onKey(event) {
  const isTyping = event.target.matches?.("input:not([type=range]), textarea, select");
  const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.isComposing;
  if (event.key === "Escape" && !event.isComposing) escape(event);
  if (!isPlain || isTyping) return;
  if (event.key === "/") {
    event.preventDefault();
    search.focus();
    search.select();
  } else if (event.key === "l") openList(!isListOpen());
}

function listen() {
  listenToSearch();
  listenToList();
  listenToExports();
  listenToAddress();
  part("close").addEventListener("click", close);
  part("zoom-in").addEventListener("click", () => zoomBy(1.6));
  part("zoom-out").addEventListener("click", () => zoomBy(1 / 1.6));
  part("zoom-all").addEventListener("click", () => showAll());
  plot.addEventListener("keydown", onMapKey);
  document.addEventListener("keydown", onKey);
}

async function start() {
  const parsed = document.readyState === "loading" ? new Promise((done) => document.addEventListener("DOMContentLoaded", done)) : null;
  try {
    await parsed;
    await drawnFirst; // else Plotly's second of preparation would come before the first picture
    await Promise.all([startPlotly(), readRest()]);
  } catch (error) {
    tell("This page cannot be read here: it needs a browser of 2023 or later, and the whole file.");
    throw error;
  }
  emit("loaded");
  listen();
  for (const made of [search, opener]) made.disabled = false;
  followAddress();
  if (!hasWebgl && chosen < 0) openList(true);
}

// The first picture needs no library and no text, so it is there while the rest of the file is still being read.
function firstPicture() {
  readColors();
  listenToLegend();
  listenToNewcomers();
  listenToTimeline();
  listenToLasso();
  listenToMouse();
  if (!colorBy("topic")) emit("coloring");
  if (header.measured) {
    const { kept, trustworthiness, k, rows } = header.measured;
    part("measured").textContent =
      `The map keeps ${percent(kept)} of each paper's ${k} nearest (${rows < count ? `${inEnglish(rows)} papers looked at` : "all papers"}); trustworthiness ${trustworthiness.toFixed(3)}.`;
  }
  new ResizeObserver(() => refit()).observe(stage);
  dark.addEventListener("change", () => {
    readColors();
    emit("coloring");
  });
  showRightPicture();
  const drawn = new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  return Promise.race([drawn, new Promise((done) => setTimeout(done, 300))]); // tabs in the background draw nothing
}

const drawnFirst = firstPicture();
const ready = start();

Object.defineProperty(window, "explorerMap", {
  value: Object.freeze({
    ready,
    drawn: drawnFirst,
    select: (id) => rowOf(id) >= 0 && choose(rowOf(id)),
    close,
    get selected() {
      return chosen < 0 ? null : idOf(chosen);
    },
    position: (id) => onScreen(project(rowOf(id))),
    lines: () => lines.map(({ row, isFar }) => ({ from: onScreen(project(chosen)), to: onScreen(project(row)), far: isFar })),
    find: searchFor,
    matches: () => found.rows.map(idOf),
    get shown() {
      return shownCount;
    },
    selection: () => selection.map(idOf),
    colorBy,
    get coloring() {
      return coloring.key;
    },
    labels: () => labels.map(({ x, y, ...label }) => ({ ...label, ...onScreen({ x, y }) })),
    rings: () => ringed.map(idOf),
    get picture() {
      return isPartDrawn() && density.hidden ? "points" : "density";
    },
  }),
});
