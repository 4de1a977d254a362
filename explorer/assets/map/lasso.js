// Selecting by hand: a line drawn around papers, or a box. Shift and drag draws a line at any time.

const sheet = part("sheet"); // lies over the map while something is drawn
let tool = ""; // "lasso", "box" or none
let drawn = null; // corners, in pixels of the stage

const isLassoOn = () => tool !== "" || drawn !== null;

function take(name) {
  tool = tool === name ? "" : name;
  sheet.classList.toggle("active", tool !== "");
  for (const kind of ["lasso", "box"]) part(kind).setAttribute("aria-pressed", String(tool === kind));
}

function beginDrawing(event) {
  if (event.button !== 0) return;
  event.preventDefault();
  event.stopPropagation();
  drawn = [onStage(event)];
  sheet.classList.add("active");
  sheet.setPointerCapture(event.pointerId);
}

function goOnDrawing(event) {
  if (!drawn) return;
  const place = onStage(event);
  if (tool === "box") {
    const [start] = drawn;
    drawn = [start, { x: place.x, y: start.y }, place, { x: start.x, y: place.y }];
  } else if (apart(place, drawn[drawn.length - 1]) > 3) drawn.push(place);
  paintSheet();
}

function stopDrawing() {
  drawn = null;
  paintSheet();
  sheet.classList.toggle("active", tool !== "");
}

function endDrawing(event) {
  if (!drawn) return;
  const corners = drawn.map(placeAt);
  const isShape = drawn.length > 2;
  stopDrawing();
  if (!isShape || !papers) return;
  const rows = rowsInside(corners);
  // More with Shift and a tool in hand: added to what is selected already.
  const added = event.shiftKey && tool !== "" ? [...new Set([...selection, ...rows])].sort((a, b) => a - b) : rows;
  if (tool !== "") take(tool);
  select(added);
}

function paintSheet() {
  const { ratio, width, height } = fitted(sheet);
  const pen = sheet.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  if (!drawn) return;
  pen.beginPath();
  drawn.forEach(({ x, y }) => pen.lineTo(x, y));
  pen.closePath();
  pen.fillStyle = pen.strokeStyle = colors.accent;
  pen.globalAlpha = 0.12;
  pen.fill();
  pen.globalAlpha = 1;
  pen.lineWidth = 1.5;
  pen.stroke();
}

function listenToLasso() {
  for (const kind of ["lasso", "box"]) part(kind).addEventListener("click", () => take(kind));
  sheet.addEventListener("pointerdown", beginDrawing);
  sheet.addEventListener("pointermove", goOnDrawing);
  sheet.addEventListener("pointerup", endDrawing);
  sheet.addEventListener("pointercancel", stopDrawing);
  // The sheet must lie there before Plotly hears of the press.
  window.addEventListener("keydown", (event) => event.key === "Shift" && isOverMap && sheet.classList.add("active"));
  window.addEventListener("keyup", (event) => event.key === "Shift" && !drawn && sheet.classList.toggle("active", tool !== ""));
  window.addEventListener("blur", () => !drawn && sheet.classList.toggle("active", tool !== ""));
  stage.addEventListener("pointerenter", (event) => {
    isOverMap = true;
    if (event.shiftKey && !event.buttons) sheet.classList.add("active");
  });
  stage.addEventListener("pointerleave", () => (isOverMap = false));
}

let isOverMap = false;
