// The view: which part of the plane is on the screen, and how it moves. `scale` is pixels a step.

let resting = null; // the view before Plotly is there
let atHome = true; // the whole map is shown, and is fitted again when the window changes
let isReady = false; // Plotly has drawn its axes

// Read from the axes, not from what was last asked for: while the map is dragged or zoomed only they are up to date.
function view() {
  if (!isReady) return (resting ??= wholeMap());
  const { xaxis, yaxis } = plot._fullLayout;
  return { left: xaxis.range[0], top: yaxis.range[1], scale: xaxis._length / (xaxis.range[1] - xaxis.range[0]) };
}

function project(row) {
  const { left, top, scale } = view();
  return { x: (xs[row] - left) * scale, y: (top - ys[row]) * scale };
}

function placeAt({ x, y }) {
  const { left, top, scale } = view();
  return { x: left + x / scale, y: top - y / scale };
}

function onScreen({ x, y }) {
  const { left, top } = stage.getBoundingClientRect();
  return { x: x + left, y: y + top };
}

function onStage(event) {
  const { left, top } = stage.getBoundingClientRect();
  return { x: event.clientX - left, y: event.clientY - top };
}

// The rectangle of the plane that is seen, a share of its sides wider on all of them.
function seen(wider = 0) {
  const { left, top, scale } = view();
  const width = stage.clientWidth / scale, height = stage.clientHeight / scale;
  return [left - wider * width, top - (1 + wider) * height, left + (1 + wider) * width, top + wider * height];
}

// The part of the stage, in its pixels, that panel, list and legend leave free; on a phone they lie over the map.
function freeArea() {
  const { clientWidth: width, clientHeight: height } = stage;
  const isWide = width > 900;
  const beside = [part("drawer"), part("legend")].filter((card) => isWide && !card.hidden);
  const left = Math.max(0, ...beside.map((card) => card.offsetLeft + card.offsetWidth));
  if (panel.hidden) return { left, right: width, width: width - left, height };
  const isSheet = panel.offsetWidth >= width;
  const right = isSheet ? width : panel.offsetLeft;
  return { left, right, width: right - left, height: isSheet ? panel.offsetTop : height };
}

function ranges({ left, top, scale }) {
  const { clientWidth: width, clientHeight: height } = stage;
  return { "xaxis.range": [left, left + width / scale], "yaxis.range": [top - height / scale, top] };
}

function centered(x, y, scale) {
  const { left, width, height } = freeArea();
  return { left: x - (left + width / 2) / scale, top: y + height / 2 / scale, scale };
}

function bounds(values) {
  let low = Infinity, high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return { middle: (low + high) / 2, span: high - low };
}

const boundsX = bounds(xs), boundsY = bounds(ys);

function wholeMap() {
  const { width, height } = freeArea();
  const border = Math.min(48, width / 8, height / 8);
  const fits = Math.min((width - 2 * border) / boundsX.span, (height - 2 * border) / boundsY.span);
  const scale = Number.isFinite(fits) && fits > 0 ? fits : Math.min(width, height) / 4;
  return centered(boundsX.middle, boundsY.middle, scale);
}

// Closer than a step a pixel there is nothing more to see.
const CLOSEST = 16;
let flight = 0; // a newer movement ends the older one

async function moveTo(target, { jump = false } = {}) {
  flight += 1;
  atHome = false;
  if (!isReady) {
    resting = target;
    emit("view");
  } else if (!jump && !calm.matches && count <= 50_000) await glide(view(), target, flight);
  else await Plotly.relayout(plot, ranges(target));
}

async function glide(start, target, number) {
  const began = performance.now();
  for (let done = 0; done < 1 && number === flight; ) {
    done = Math.min(1, (performance.now() - began) / 300);
    const eased = 1 - (1 - done) ** 3;
    const between = (from, to) => from + (to - from) * eased;
    // Going through the widths, not the scales, keeps the target straight ahead.
    const scale = 1 / between(1 / start.scale, 1 / target.scale);
    await Plotly.relayout(plot, ranges({ left: between(start.left, target.left), top: between(start.top, target.top), scale }));
    await new Promise(requestAnimationFrame);
  }
}

async function showAll(how) {
  const moved = moveTo(wholeMap(), how);
  atHome = true;
  await moved;
}

function zoomBy(factor) {
  const { scale } = view(), { left, width, height } = freeArea();
  const { x, y } = placeAt({ x: left + width / 2, y: height / 2 });
  moveTo(centered(x, y, Math.min(CLOSEST, scale * factor)));
}

const center = (row) => moveTo(centered(xs[row], ys[row], view().scale));

// Brings the paper, and its neighbors if they fit, beside the panel. A map that nobody has moved is shown whole there;
// any other is moved as little as needed and never zoomed.
function reveal(row) {
  const { left: edge, right, width, height } = freeArea();
  const border = 28;
  const all = [row, ...nearest(row)].map(project);
  const fits = (points) => extent(points, "x") <= width - 2 * border && extent(points, "y") <= height - 2 * border;
  const points = fits(all) ? all : all.slice(0, 1);
  if (atHome && !all.every(({ x, y }) => x > edge && y > 0 && x < right && y < height)) return void showAll();
  const dx = shift(points.map((point) => point.x), edge + border, right - border);
  const dy = shift(points.map((point) => point.y), border, height - border);
  if (dx === 0 && dy === 0) return;
  const { left, top, scale } = view();
  moveTo({ left: left - dx / scale, top: top + dy / scale, scale });
}

const extent = (points, key) => Math.max(...points.map((p) => p[key])) - Math.min(...points.map((p) => p[key]));

function shift(values, low, high) {
  return Math.max(0, low - Math.min(...values)) + Math.min(0, high - Math.max(...values));
}

function refit() {
  const { clientWidth: width, clientHeight: height } = stage;
  if (!isReady) {
    resting = null;
    emit("view");
    return;
  }
  const before = plot._fullLayout;
  if (before.width === width && before.height === height) return;
  const { left, top, scale } = view();
  const kept = { left: left + (before.width - width) / 2 / scale, top: top - (before.height - height) / 2 / scale, scale };
  Plotly.relayout(plot, { width, height, ...ranges(atHome ? wholeMap() : kept) });
}

function userMoved() {
  flight += 1;
  atHome = false;
  tooltip.hidden = true;
  emit("view");
}

// Plotly knows one finger only. Two fingers zoom: the places under them stay under them.
const pinch = { from: null, ended: -Infinity };

function fingers(event) {
  const { left, top } = stage.getBoundingClientRect();
  const [first, second] = event.touches;
  const x = (first.clientX + second.clientX) / 2 - left, y = (first.clientY + second.clientY) / 2 - top;
  return { x, y, apart: Math.hypot(first.clientX - second.clientX, first.clientY - second.clientY) };
}

function onTouch(event) {
  if (event.touches.length !== 2 || !isReady || !plot.contains(event.target)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const now = fingers(event);
  if (!pinch.from) {
    pinch.ended = Infinity;
    // Ends the drag that Plotly began with the first finger, which would otherwise move the map back at the end.
    document.dispatchEvent(new TouchEvent("touchend", { changedTouches: [event.touches[0]] }));
    pinch.from = { ...now, ...view() };
  }
  const { x, y, apart, left, top, scale } = pinch.from;
  const wider = scale * (now.apart / apart);
  moveTo({ left: left + x / scale - now.x / wider, top: top - y / scale + now.y / wider, scale: wider }, { jump: true });
}

function onTouchEnd(event) {
  if (!pinch.from || event.touches.length > 1) return;
  pinch.from = null;
  pinch.ended = performance.now();
}

const isPinching = () => performance.now() - pinch.ended < 400;

function listenToFingers() {
  window.addEventListener("touchstart", onTouch, { capture: true, passive: false });
  window.addEventListener("touchmove", onTouch, { capture: true, passive: false });
  window.addEventListener("touchend", onTouchEnd, { capture: true });
  window.addEventListener("touchcancel", onTouchEnd, { capture: true });
}
