// The panel of one paper: what is known of it, and its related papers, to click through.

const AUTHORS = 40;
const ARXIV = /(^|\.)arxiv\.org$/i;
let isUnfolded = false; // abstracts are shown at full length

function fillPanel(row) {
  const content = part("paper");
  const title = element("h2", "", nameOf(row));
  title.id = "paper-title";
  title.tabIndex = -1;
  content.replaceChildren(
    element("p", "meta", [aboutOf(row), noveltyOf(row)].filter(Boolean).join(" · ")), title, ...credits(row), ...chips(row), ...addresses(row), ...abstract(row),
    ...truth(row), ...nearestList(row),
  );
  content.scrollTop = 0;
  panel.hidden = false;
  foldAbstract();
  title.focus({ preventScroll: true });
}

function credits(row) {
  const authors = read("authors", row).split("\n").filter(Boolean);
  if (!authors.length) return [];
  const more = authors.length > AUTHORS ? ` and ${authors.length - AUTHORS} more` : "";
  return [element("p", "authors", authors.slice(0, AUTHORS).join(", ") + more)];
}

function chips(row) {
  const own = papers.categories ? listOf("categories", row) : [valueOf("category", row)].filter(Boolean);
  const listed = listOf("listed", row).map((name) => `listed in ${name}`);
  const topics = topicsOf(row).map((position) => header.topics[position].label);
  if (!own.length && !listed.length && !topics.length) return [];
  const list = element("ul", "chips");
  list.append(...[...new Set(topics)].map((name) => element("li", "topic", name)));
  list.append(...[...own, ...listed].map((name) => element("li", "", name)));
  return [list];
}

function addresses(row) {
  const made = [];
  const page = webAddress(addressOf(row));
  if (page) {
    const paragraph = element("p");
    paragraph.append(link(page.href, "open", ARXIV.test(page.hostname) ? "Open on arXiv ↗" : "Open ↗"));
    made.push(paragraph);
  }
  const links = read("links", row).split("\n").filter(webAddress);
  if (links.length) {
    const list = element("ul", "links");
    for (const address of links) {
      const item = element("li");
      item.append(link(address, "", address.replace(/^https?:\/\/(www\.)?/i, "")));
      list.append(item);
    }
    made.push(list);
  }
  return made;
}

function abstract(row) {
  if (!hasField("abstract")) return [element("p", "meta", "The library is too large for this page to hold the abstracts.")];
  const words = read("abstract", row);
  if (!words) return [element("p", "meta", "No abstract is known.")];
  const text = element("div", "abstract");
  text.id = "abstract";
  text.append(...words.split(/\n{2,}/).map((paragraph) => element("p", "", paragraph)));
  return [text];
}

// Folds a long abstract, so that the related papers are in sight, and adds the button that unfolds it.
function foldAbstract() {
  const text = part("abstract");
  if (!text) return;
  text.classList.add("folded");
  const isLong = text.scrollHeight > text.clientHeight + 4;
  text.classList.toggle("folded", isLong && !isUnfolded);
  if (!isLong) return;
  const name = () => (isUnfolded ? "Show less" : "Show the whole abstract");
  const fold = button("fold", name(), () => {
    isUnfolded = !text.classList.toggle("folded");
    fold.textContent = name();
    fold.setAttribute("aria-expanded", String(isUnfolded));
  });
  fold.setAttribute("aria-expanded", String(isUnfolded));
  fold.setAttribute("aria-controls", "abstract");
  text.after(fold);
}

// How far the picture is right around this paper.
function truth(row) {
  const share = faithOf(row);
  if (Number.isNaN(share)) return [];
  const kept = `${percent(share)} of its ${header.measured?.k ?? 15} nearest papers are its nearest on the map`;
  const far = lines.filter((line) => line.isFar).length;
  return [element("p", "meta truth", far ? `${kept}; dotted lines lead to related papers that it shows far away.` : `${kept}.`)];
}

function nearestList(row) {
  const rows = nearest(row);
  if (!rows.length) {
    const why = count > 1 ? "This page does not hold the related papers." : "There is no other paper to compare it with.";
    return [element("p", "meta", why)];
  }
  const list = element("ol", "neighbors");
  list.append(...rows.map((other, i) => neighborItem(other, similarityAt(row, i), lines[i].isFar)));
  const heading = element("h3", "", "Related papers");
  heading.append(element("span", "meta", "cosine similarity"));
  return [heading, list];
}

function neighborItem(row, similarity, isFar) {
  const item = element("li"), bar = element("span", "measure"), filled = element("span");
  const made = button("", "", () => choose(row));
  made.dataset.row = String(row);
  made.classList.toggle("far", isFar);
  filled.style.width = `${Math.max(0, Math.min(1, similarity)) * 100}%`;
  bar.append(filled);
  const value = element("span", "similarity", similarity.toFixed(3));
  value.title = "cosine similarity";
  made.append(element("span", "clamp", nameOf(row)), value, bar);
  if (isFar) made.append(element("span", "meta", "far away on the map"));
  pointsAt(made, row);
  item.append(made);
  return item;
}

// ---- Choosing

// What a person does: shows the paper and leaves a trace in the address, for the back button and for bookmarks.
function choose(row, { isCentered = false } = {}) {
  if (!papers) return;
  const isOther = row !== chosen;
  if (isOther) noteNow(); // a step back leads to the search as it is now, not as it was a moment ago
  show(row);
  if (isOther) remember();
  if (isCentered) center(row);
}

let cameFrom = null; // what had the focus before the panel took it

function show(row) {
  if (!(row >= 0)) return hide();
  if (!panel.contains(document.activeElement)) cameFrom = document.activeElement;
  chosen = row;
  lines = linesOf(row);
  point(-1);
  fillPanel(row);
  reveal(row);
  if (coloring.follows === "chosen") colorBy(coloring.key);
  emit("chosen");
}

const canTakeFocus = (one) => Boolean(one?.isConnected && one !== document.body && one.offsetParent);

function hide() {
  const hadFocus = panel.contains(document.activeElement);
  chosen = -1;
  lines = [];
  panel.hidden = true;
  if (atHome) showAll();
  point(-1);
  if (hadFocus) (canTakeFocus(cameFrom) ? cameFrom : plot).focus({ preventScroll: true });
  if (coloring.follows === "chosen") colorBy(coloring.key);
  emit("chosen");
}

function close() {
  if (chosen < 0) return;
  hide();
  remember();
}
