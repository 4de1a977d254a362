// The papers that the last addition brought: a ring around each, in whatever color, which the reader can switch off.

const showsNew = part("show-new");
const SINGLE = 1_000; // rings in sight; more become fainter, thinner and smaller, or they would hide the map
const rings = element("canvas"); // painted again when the map moves, not for every paper that is pointed at
let ringed = []; // rows
let ringsOf = ""; // what they were painted for

function paintNewcomers(pen, width, height, ratio) {
  const place = view(), isWanted = showsNew.checked && newcomers.size > 0;
  const wanted = isWanted ? [width, height, ratio, place.left, place.top, place.scale, shownVersion, colors.ink].join(" ") : "";
  if (wanted !== ringsOf) {
    ringsOf = wanted;
    ringed = isWanted ? newIn(place, width, height) : [];
    if (ringed.length) paintRings(place, ratio);
  }
  if (!ringed.length) return;
  pen.globalAlpha = stage.classList.contains("dimmed") ? 0.4 : 1;
  pen.drawImage(rings, 0, 0, width, height);
  pen.globalAlpha = 1;
}

// The new papers that are in sight and shown.
function newIn({ left, top, scale }, width, height) {
  const found = [], border = 16;
  for (const row of newcomers) {
    const x = (xs[row] - left) * scale, y = (top - ys[row]) * scale;
    if (x < -border || y < -border || x > width + border || y > height + border || !isShown(row)) continue;
    if (found.push(row) === MARKED) break;
  }
  return found;
}

function paintRings({ left, top, scale }, ratio) {
  fitted(rings);
  const pen = rings.getContext("2d");
  pen.clearRect(0, 0, rings.width, rings.height);
  const single = Math.min(1, Math.sqrt(SINGLE / ringed.length));
  const radius = markerSize / 2 + 1 + 2 * single;
  // All outer edges, which keep a ring apart from the points around it, before all rings: else they would cut others.
  const edges = [["ground", 4, 1], ["ink", 0.75 + single, Math.max(0.4, single)]];
  for (const [color, line, opacity] of single < 1 ? edges.slice(1) : edges) {
    const stamp = ringStamp(colors[color], radius * ratio, line * ratio), middle = stamp.width / 2;
    pen.globalAlpha = opacity;
    for (const row of ringed) pen.drawImage(stamp, (xs[row] - left) * scale * ratio - middle, (top - ys[row]) * scale * ratio - middle);
  }
}

// One ring, to be stamped: ten thousand paths would take a second.
function ringStamp(color, radius, line) {
  const stamp = element("canvas"), middle = Math.ceil(radius + line);
  stamp.width = stamp.height = 2 * middle;
  const pen = stamp.getContext("2d");
  pen.strokeStyle = color;
  pen.lineWidth = line;
  pen.arc(middle, middle, radius, 0, 2 * Math.PI);
  pen.stroke();
  return stamp;
}

let shownVersion = 0; // counts how often other papers came to be shown

function listenToNewcomers() {
  if (!header.newcomers) return;
  const { count: brought, added } = header.newcomers;
  part("new").textContent = `New: ${papersIn(brought)} added${added ? ` ${added}` : ""}`;
  part("novelty").hidden = false;
  showsNew.addEventListener("change", repaint);
  part("list-new").addEventListener("click", () => select([...newcomers]));
  on("filter", () => (shownVersion += 1));
  on("loaded", () => (part("list-new").disabled = false));
}
