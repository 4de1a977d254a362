// What is marked on the map: the new papers, the papers found, the chosen one and the lines to its neighbors, the one pointed at.

const overlay = part("overlay");
let chosen = -1; // row of the paper in the panel
let pointed = -1; // row under the mouse, on the map or in a list
let selection = []; // rows that the reader has selected
let lines = []; // of the chosen paper: {row, isFar}
const MARKED = 20_000; // papers that are marked at most: more take too long, and say nothing

const repaint = soon(() => {
  const { ratio, width, height } = fitted(overlay);
  const pen = overlay.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  stage.classList.toggle("dimmed", chosen >= 0 || found.rows.length > 0 || selection.length > 0);
  paintNewcomers(pen, width, height, ratio);
  paintLabels(pen, width, height);
  paintMarks(pen, width, height, selection, colors.ink);
  paintMarks(pen, width, height, found.rows, colors.accent);
  paintChosen(pen);
  if (pointed >= 0) paintRing(pen, project(pointed), dotRadius() + 4);
});

for (const happening of ["view", "filter", "coloring", "matches", "chosen", "pointed", "selection", "loaded"]) on(happening, repaint);

const dotRadius = () => Math.max(4, markerSize / 2 + 0.5);

function paintMarks(pen, width, height, rows, color) {
  const radius = Math.max(2, markerSize / 2 + 0.5), { left, top, scale } = view();
  pen.fillStyle = color;
  pen.globalAlpha = chosen >= 0 ? 0.45 : 0.9;
  pen.beginPath();
  for (const row of rows.length > MARKED ? rows.slice(0, MARKED) : rows) {
    const x = (xs[row] - left) * scale, y = (top - ys[row]) * scale;
    if (x < -radius || y < -radius || x > width + radius || y > height + radius) continue;
    pen.moveTo(x + radius, y);
    pen.arc(x, y, radius, 0, 2 * Math.PI);
  }
  pen.fill();
  pen.globalAlpha = 1;
}

// A neighbor is far in the picture when more than a hundredth of all papers, or fifteen, lie nearer than it.
function linesOf(row) {
  const rows = nearest(row);
  const far = rows.map((other) => (xs[other] - xs[row]) ** 2 + (ys[other] - ys[row]) ** 2);
  const nearer = new Uint32Array(rows.length); // the paper itself among them
  for (let other = 0; other < count; other += 1) {
    const distance = (xs[other] - xs[row]) ** 2 + (ys[other] - ys[row]) ** 2;
    for (let i = 0; i < far.length; i += 1) if (distance < far[i]) nearer[i] += 1;
  }
  const most = Math.max(15, count / 100);
  return rows.map((other, i) => ({ row: other, isFar: nearer[i] - 1 > most }));
}

function paintChosen(pen) {
  if (chosen < 0) return;
  const here = project(chosen);
  pen.strokeStyle = colors.accent;
  for (const { row, isFar } of lines) {
    const there = project(row);
    pen.setLineDash(isFar ? [2, 6] : []);
    pen.lineWidth = isFar ? 1.25 : 2;
    pen.globalAlpha = isFar ? 0.75 : 0.6;
    pen.beginPath();
    pen.moveTo(here.x, here.y);
    pen.lineTo(there.x, there.y);
    pen.stroke();
  }
  pen.setLineDash([]);
  pen.globalAlpha = 1;
  for (const { row, isFar } of lines) paintDot(pen, project(row), dotRadius(), isFar);
  paintDot(pen, here, dotRadius() + 2.5, false);
  paintRing(pen, here, dotRadius() + 7);
}

function paintDot(pen, { x, y }, radius, isHollow) {
  pen.fillStyle = isHollow ? colors.ground : colors.accent;
  pen.strokeStyle = isHollow ? colors.accent : colors.ground;
  pen.lineWidth = 1.5;
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.fill();
  pen.stroke();
}

function paintRing(pen, { x, y }, radius) {
  pen.strokeStyle = colors.accent;
  pen.lineWidth = 2;
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.stroke();
}

// ---- Pointing at a paper

function point(row, isOnMap = false) {
  if (row === pointed && (row < 0 || isOnMap === !tooltip.hidden)) return;
  pointed = row;
  plot.classList.toggle("pointing", isOnMap && row >= 0);
  if (isOnMap && row >= 0 && papers) showTooltip(row);
  else tooltip.hidden = true;
  emit("pointed");
}

function showTooltip(row) {
  const about = [dateOf(row).slice(0, 4), topicLabel(row), noveltyOf(row)].filter(Boolean).join(" · ");
  tooltip.replaceChildren(element("div", "title clamp", nameOf(row)), element("div", "meta", about));
  tooltip.hidden = false;
  placeTooltip(row);
}

function placeTooltip(row) {
  const { x, y } = onScreen(project(row));
  const { offsetWidth: width, offsetHeight: height } = tooltip;
  const gap = dotRadius() + 8, border = 8;
  const left = Math.min(Math.max(border, x - width / 2), innerWidth - width - border);
  const above = y - gap - height;
  const top = above >= border ? above : Math.min(y + gap, innerHeight - height - border);
  tooltip.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
}

on("view", () => tooltip.hidden || placeTooltip(pointed));

// Lists point at the map: while the mouse or the keyboard is on an entry, its paper is ringed.
function pointsAt(made, row) {
  made.addEventListener("pointerenter", () => point(row));
  made.addEventListener("pointerleave", () => point(-1));
  made.addEventListener("focus", () => point(row));
  made.addEventListener("blur", () => point(-1));
}

// The paper that the mouse means: the nearest one shown, not farther than some pixels.
const rowUnder = (event) => {
  const { x, y } = placeAt(onStage(event));
  return rowAt(x, y, REACH / view().scale, isShown);
};

let isDragging = false;
let pressed = null; // where the mouse went down, to tell a click from a drag
let clicked = { time: -Infinity, x: 0, y: 0 };
const isOnMap = (event) => event.target instanceof Element && (plot.contains(event.target) || event.target.classList.contains("dragcover"));
const apart = (one, other) => Math.hypot(one.x - other.x, one.y - other.y);

function listenToMouse() {
  stage.addEventListener("pointermove", (event) => {
    isDragging = event.buttons !== 0;
    if (event.pointerType !== "touch" && isOnMap(event)) point(isDragging ? -1 : rowUnder(event), true);
  });
  stage.addEventListener("pointerleave", () => point(-1));
  window.addEventListener("pointerdown", (event) => (pressed = isOnMap(event) ? onStage(event) : null), { capture: true });
  window.addEventListener("pointerup", onRelease, { capture: true });
}

function onRelease(event) {
  const place = onStage(event), time = performance.now();
  if (!pressed || event.button !== 0 || apart(pressed, place) > 4 || isPinching() || isLassoOn()) return;
  pressed = null;
  const isDouble = time - clicked.time < 300 && apart(clicked, place) < 8;
  clicked = { ...place, time };
  const row = rowUnder(event);
  if (isDouble && row < 0) return void showAll();
  if (row >= 0) choose(row);
}
