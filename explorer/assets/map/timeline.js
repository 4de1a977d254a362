// When papers are from: a histogram whose two ends can be moved.

const timeline = part("timeline"), bars = part("bars"), from = part("from"), until = part("until");
let time = null; // {units, unitOf, codes}: names of the bars, which bar each date is in, each paper's date

function startTimeline() {
  const made = papers.date ? unitsOfTime() : null;
  timeline.hidden = !made || made.units.length < 2;
  if (timeline.hidden) return;
  time = made;
  for (const input of [from, until]) {
    input.max = String(time.units.length - 1);
    input.addEventListener("input", onRange);
  }
  from.value = "0";
  until.value = until.max;
  showRange();
  paintBars();
}

const range = () => [Math.min(from.valueAsNumber, until.valueAsNumber), Math.max(from.valueAsNumber, until.valueAsNumber)];

function onRange() {
  const [low, high] = range();
  const isAll = low === 0 && high === time.units.length - 1;
  const meant = time.unitOf.map((unit) => unit >= low && unit <= high);
  showRange();
  setCondition("time", isAll ? null : maskOf((row) => meant[time.codes[row]]));
}

function showRange() {
  const [low, high] = range(), [first, last] = [time.units[low], time.units[high]];
  part("range").textContent = first === last ? first : `${first} – ${last}`;
  from.setAttribute("aria-valuetext", time.units[from.valueAsNumber]);
  until.setAttribute("aria-valuetext", time.units[until.valueAsNumber]);
}

function setRange(low, high) {
  from.value = String(low);
  until.value = String(high);
  onRange();
}

// A bar a unit of time: all papers, and over it those that are shown.
function paintBars() {
  if (!time) return;
  const all = new Uint32Array(time.units.length), now = new Uint32Array(time.units.length);
  for (let row = 0; row < count; row += 1) {
    const unit = time.unitOf[time.codes[row]];
    if (unit < 0) continue;
    all[unit] += 1;
    now[unit] += shown[row];
  }
  const most = Math.max(...all, 1), ratio = devicePixelRatio || 1;
  const width = bars.clientWidth || 240, height = bars.clientHeight || 48;
  [bars.width, bars.height] = [width * ratio, height * ratio];
  const pen = bars.getContext("2d"), wide = width / all.length;
  pen.scale(ratio, ratio);
  const column = (number, unit) => {
    const tall = number ? Math.max(1.5, (number / most) * height) : 0;
    pen.fillRect(unit * wide + 0.5, height - tall, Math.max(1, wide - 1), tall);
  };
  pen.fillStyle = colors.soft;
  pen.globalAlpha = 0.3;
  all.forEach(column);
  pen.fillStyle = colors.point;
  pen.globalAlpha = 1;
  now.forEach(column);
  bars.dataset.shown = now.join(" "); // what is drawn, for those who cannot see it
}

function listenToTimeline() {
  on("loaded", startTimeline);
  on("filter", paintBars);
  on("coloring", paintBars);
  on("cleared", () => time && setRange(0, time.units.length - 1));
  bars.addEventListener("click", (event) => {
    const unit = Math.floor((event.offsetX / bars.clientWidth) * time.units.length);
    setRange(unit, unit);
  });
}
