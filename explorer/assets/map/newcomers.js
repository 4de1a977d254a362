// The papers that the last addition brought: a ring around each, in whatever color, which the reader can switch off.

const showsNew = part("show-new");
const SINGLE = 1_000; // rings in sight; more become fainter, thinner and smaller, or they would hide the map
let ringed = []; // rows

function paintNewcomers(pen, width, height, ratio) {
  ringed = [];
  if (!showsNew.checked) return;
  const wide = 16, { left, top, scale } = view();
  for (const row of newcomers) {
    const x = (xs[row] - left) * scale, y = (top - ys[row]) * scale;
    if (x < -wide || y < -wide || x > width + wide || y > height + wide || !isShown(row)) continue;
    if (ringed.push(row) === MARKED) break;
  }
  const single = Math.min(1, Math.sqrt(SINGLE / ringed.length));
  const radius = markerSize / 2 + 1 + 2 * single, isDimmed = stage.classList.contains("dimmed");
  // All the outer edges first, which keep a ring apart from the points around it: else they would cut other rings.
  const edges = [["ground", 4, single ** 3], ["ink", 0.75 + single, Math.max(0.4, single)]];
  for (const [color, line, opacity] of edges) {
    const stamp = ringStamp(colors[color], radius, line, ratio), size = stamp.width / ratio;
    pen.globalAlpha = opacity * (isDimmed ? 0.4 : 1);
    for (const row of ringed) pen.drawImage(stamp, (xs[row] - left) * scale - size / 2, (top - ys[row]) * scale - size / 2, size, size);
  }
  pen.globalAlpha = 1;
}

// One ring, to be stamped: ten thousand paths would take a second.
function ringStamp(color, radius, line, ratio) {
  const stamp = element("canvas"), middle = Math.ceil((radius + line) * ratio);
  stamp.width = stamp.height = 2 * middle;
  const pen = stamp.getContext("2d");
  pen.strokeStyle = color;
  pen.lineWidth = line * ratio;
  pen.arc(middle, middle, radius * ratio, 0, 2 * Math.PI);
  pen.stroke();
  return stamp;
}

function listenToNewcomers() {
  if (!header.newcomers) return;
  const { count: brought, added } = header.newcomers;
  part("new").textContent = `New: ${papersIn(brought)} added${added ? ` ${added}` : ""}`;
  part("novelty").hidden = false;
  showsNew.addEventListener("change", repaint);
  part("list-new").addEventListener("click", () => select([...newcomers]));
  on("loaded", () => (part("list-new").disabled = false));
}
