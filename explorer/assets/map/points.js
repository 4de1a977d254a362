// The points, drawn by Plotly: all of them, or of a large library those in sight once they are few enough. Until then,
// and wherever there is no WebGL, the density picture stands in.

const MOST = 120_000; // points that Plotly is given: with more, software drawing takes a second a picture
const REACH = 20; // pixels: how far from a point the mouse still means it
let hasWebgl = false;
let drawnPart = null; // the rectangle whose points Plotly has; null: none

function canDrawWebgl() {
  try {
    return Boolean(document.createElement("canvas").getContext("webgl"));
  } catch {
    return false;
  }
}

const EVERYWHERE = [-Infinity, -Infinity, Infinity, Infinity];

// The rectangle whose points should be drawn now: everything, or what is in sight and around; null: too many.
function wantedPart() {
  if (count <= MOST) return EVERYWHERE;
  for (const wider of [0.5, 0.15, 0]) {
    const rectangle = seen(wider);
    if (countNear(...rectangle) <= MOST) return rectangle;
  }
  return null;
}

const contains = (outer, inner) => outer[0] <= inner[0] && outer[1] <= inner[1] && outer[2] >= inner[2] && outer[3] >= inner[3];
const isPartDrawn = () => drawnPart !== null && contains(drawnPart, count <= MOST ? EVERYWHERE : seen());

// A trace a group, below them one of what is not shown.
function traces(rectangle) {
  const rows = [coloring.groups.length, ...coloring.groups.keys()].map(() => []);
  const last = coloring.groups.length;
  const add = (row) => rows[shown[row] ? coloring.codes[row] : last].push(row);
  if (rectangle === EVERYWHERE) for (let row = 0; row < count; row += 1) add(row);
  else if (rectangle) eachRun(...rectangle, (start, end) => grid.order.subarray(start, end).forEach(add));
  const made = coloring.groups.map((group, i) => trace(rows[i], paintOf(group), markerOpacity));
  return [trace(rows[last], colors.soft, ASIDE), ...made];
}

function trace(rows, color, opacity) {
  const x = new Float32Array(rows.length), y = new Float32Array(rows.length);
  rows.forEach((row, i) => {
    x[i] = xs[row];
    y[i] = ys[row];
  });
  const line = { width: count < 2_000 ? 1 : 0, color: colors["point-edge"] };
  const marker = { size: markerSize, color, opacity, line };
  return { type: "scattergl", mode: "markers", x, y, marker, hoverinfo: "skip", visible: rows.length > 0 };
}

function layoutNow() {
  const axis = { visible: false, zeroline: false, showgrid: false };
  const { "xaxis.range": x, "yaxis.range": y } = ranges(view());
  return {
    width: stage.clientWidth,
    height: stage.clientHeight,
    margin: { l: 0, r: 0, t: 0, b: 0 },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    dragmode: "pan",
    hovermode: false, // the grid finds what the mouse is on, in libraries of any size
    showlegend: false,
    xaxis: { ...axis, range: x },
    yaxis: { ...axis, range: y, scaleanchor: "x" },
  };
}

let drawing = null; // what is being drawn; the newest wish is taken up after it

// Only where there is WebGL: else Plotly has one trace without points, for the sake of its axes.
async function drawPoints() {
  if (drawing) return void (drawing.again = true);
  drawing = { again: false };
  const rectangle = wantedPart();
  drawnPart = null;
  await Plotly.react(plot, traces(rectangle), layoutNow());
  drawnPart = rectangle;
  const { again } = drawing;
  drawing = null;
  showRightPicture();
  if (again) await drawPoints();
}

// Shows Plotly's points where they are all there, else the density.
function showRightPicture() {
  const areThere = isPartDrawn() && drawing === null;
  plot.classList.toggle("empty", !areThere);
  density.hidden = areThere;
  if (!areThere) paintDensity();
}

const drawSoon = later(() => void drawPoints(), 150);

const canDraw = () => isReady && hasWebgl;

// While a large library moves: what is drawn may not reach as far as what is seen, or much more could be.
function onMove() {
  showRightPicture();
  if (canDraw() && count > MOST && !isPartDrawn() && wantedPart()) drawSoon();
}

on("view", soon(onMove));
on("filter", () => {
  if (canDraw() && (count <= MOST || wantedPart())) void drawPoints();
  else soonPainted();
});
on("coloring", () => void (canDraw() ? drawPoints() : soonPainted()));
const soonPainted = soon(showRightPicture);

async function startPlotly() {
  const code = element("script");
  code.textContent = decoder.decode(await inflated("plotly"));
  document.head.append(code);
  code.remove();
  hasWebgl = canDrawWebgl();
  if (!hasWebgl) tell("This browser offers no WebGL: the map is a plain picture here. Search, lists and filters work.");
  const config = { scrollZoom: true, displayModeBar: false, displaylogo: false, doubleClick: false, showTips: false };
  const rectangle = hasWebgl ? wantedPart() : null;
  await Plotly.newPlot(plot, hasWebgl ? traces(rectangle) : [{ type: "scatter", x: [], y: [] }], layoutNow(), config);
  isReady = true;
  drawnPart = rectangle;
  plot.on("plotly_relayouting", userMoved);
  plot.on("plotly_relayout", () => emit("view"));
  listenToFingers();
  showRightPicture();
  emit("view");
}
