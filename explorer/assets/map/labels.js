// The names of topics on the map: coarse ones from afar, finer ones nearby, none over another.

let labels = []; // those painted: {text, level, x, y, width, height} in pixels of the stage, x and y their corners
const SIZES = [16, 13, 12]; // pixels of letters, by level
const PARTED = 95; // pixels: how wide a topic must be on the screen for its parts to be named
const SURROUNDING = 330; // and how wide at least when it surrounds the reader, and needs no name itself

const hasParts = header.topics.map((_, position) => header.topics.some((topic) => topic.parent === position));
// Where each label belongs, in steps, and how wide its topic is: (x, y, spread).
const labelPlaces = header.labels.map((place) => place && place.map((value, i) => (i < 2 ? (value - header.origin[i]) / header.step : value / header.step)));

function wantedLabels(scale) {
  const wide = (position) => labelPlaces[position][2] * scale;
  return header.topics.flatMap((topic, position) => {
    if (!labelPlaces[position]) return [];
    const isSurrounding = hasParts[position] && wide(position) > SURROUNDING;
    const isAPart = topic.parent >= 0 && !(labelPlaces[topic.parent] && wide(topic.parent) > PARTED);
    return isSurrounding || isAPart ? [] : [position];
  }).sort((one, other) => header.topics[one].level - header.topics[other].level || topicSizes[other] - topicSizes[one]);
}

const topicSizes = (() => {
  const sizes = new Uint32Array(header.topics.length);
  for (const topic of topicOf) if (topic) for (const position of ancestors[topic - 1]) sizes[position] += 1;
  return sizes;
})();

function paintLabels(pen, width, height) {
  const { left, top, scale } = view();
  const taken = cards();
  labels = [];
  pen.textBaseline = "middle";
  pen.textAlign = "center";
  pen.lineJoin = "round";
  pen.globalAlpha = chosen >= 0 ? 0.55 : 1;
  for (const position of wantedLabels(scale)) {
    const topic = header.topics[position], [placeX, placeY] = labelPlaces[position];
    // Beside single dots a name stands above its own; in a crowd it lies on it.
    const x = (placeX - left) * scale, y = (top - placeY) * scale - (count < 2_000 ? markerSize + 8 : 0);
    const size = SIZES[Math.min(topic.level, SIZES.length - 1)] - (narrow.matches ? 2 : 0);
    pen.font = `${topic.level === 0 ? 650 : 500} ${size}px system-ui, sans-serif`;
    const text = topic.label, wide = pen.measureText(text).width + 10, tall = size * 1.5;
    const box = { x: x - wide / 2, y: y - tall / 2, width: wide, height: tall };
    if (box.x < 0 || box.y < 0 || box.x + wide > width || box.y + tall > height) continue;
    if (taken.some((other) => overlaps(box, other))) continue;
    taken.push(box);
    labels.push({ text, level: topic.level, ...box });
    pen.strokeStyle = colors.ground;
    pen.lineWidth = 4;
    pen.strokeText(text, x, y);
    pen.fillStyle = colors.ink;
    pen.fillText(text, x, y);
  }
  pen.globalAlpha = 1;
}

// What lies over the map: a name half below a card cannot be read.
function cards() {
  const there = ["legend", "tools", "drawer", "panel"].map(part).filter((card) => !card.hidden);
  return there.map((card) => ({ x: card.offsetLeft, y: card.offsetTop, width: card.offsetWidth, height: card.offsetHeight }));
}

const overlaps = (one, other) =>
  one.x < other.x + other.width && other.x < one.x + one.width && one.y < other.y + other.height && other.y < one.y + one.height;
