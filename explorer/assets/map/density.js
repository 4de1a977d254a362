// The picture without WebGL: what is there before Plotly is, what a large library shows while it is seen from afar, and
// all there is in a browser that has no WebGL. Few points are dots; of many, each pixel shows how many there are and
// the mean of their colors.

const density = part("density");
const DOTS = 5_000; // papers that are drawn one by one
const markerSize = Math.min(11, Math.max(2, 10.5 * (55 / count) ** (1 / 6)));
const markerOpacity = Math.min(0.9, Math.max(0.25, 0.9 * (2_000 / count) ** 0.25)); // crowds are no blots
const ASIDE = 0.16; // opacity of the papers that are not shown

function fitted(canvas) {
  const ratio = Math.min(devicePixelRatio || 1, count > 200_000 ? 1 : 3);
  const { clientWidth: width, clientHeight: height } = stage;
  const size = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))];
  if (canvas.width !== size[0]) canvas.width = size[0];
  if (canvas.height !== size[1]) canvas.height = size[1];
  return { ratio, width, height };
}

function paintDensity() {
  const { ratio, width, height } = fitted(density);
  const pen = density.getContext("2d");
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.clearRect(0, 0, density.width, density.height);
  if (count <= DOTS) {
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    paintDots(pen, width, height);
  } else paintPixels(pen, ratio);
}

function paintDots(pen, width, height) {
  const radius = markerSize / 2, { left, top, scale } = view();
  const paints = coloring.groups.map(paintOf);
  const groups = [paints.length, ...paints.keys()]; // those aside first, below all others
  pen.strokeStyle = colors["point-edge"];
  for (const group of groups) {
    pen.globalAlpha = group === paints.length ? ASIDE : markerOpacity;
    pen.fillStyle = group === paints.length ? colors.soft : paints[group];
    for (let row = 0; row < count; row += 1) {
      if ((isShown(row) ? coloring.codes[row] : paints.length) !== group) continue;
      const x = (xs[row] - left) * scale, y = (top - ys[row]) * scale;
      if (x < -radius || y < -radius || x > width + radius || y > height + radius) continue;
      pen.beginPath();
      pen.arc(x, y, radius, 0, 2 * Math.PI);
      pen.fill();
      if (count < 2_000) pen.stroke();
    }
  }
  pen.globalAlpha = 1;
}

let sums4 = new Float32Array(0); // of each pixel: red, green, blue, number

function paintPixels(pen, ratio) {
  const { width, height } = density, { left, top, scale } = view();
  const size = width * height * 4;
  if (sums4.length !== size) sums4 = new Float32Array(size);
  else sums4.fill(0);
  const dot = count > 200_000 ? 1 : Math.max(1, Math.round(markerSize * ratio * 0.8));
  const paints = coloring.groups.map((group) => rgbOf(paintOf(group)));
  const most = addUp({ left, top, scale: scale * ratio, width, height, dot, paints });
  const image = pen.createImageData(width, height), bytes = image.data;
  const opacity = opacities(Math.ceil(most), dot);
  for (let i = 0; i < size; i += 4) {
    const number = sums4[i + 3];
    if (!number) continue;
    bytes[i] = sums4[i] / number;
    bytes[i + 1] = sums4[i + 1] / number;
    bytes[i + 2] = sums4[i + 2] / number;
    bytes[i + 3] = opacity[Math.max(1, Math.round(number))];
  }
  pen.putImageData(image, 0, 0);
}

// Adds the colors of all points in sight to the pixels of their dots; returns how many the fullest pixel has.
function addUp({ left, top, scale, width, height, dot, paints }) {
  const aside = rgbOf(colors.palette.other), before = Math.floor(dot / 2);
  let most = 1;
  eachRun(...seen(0.02), (start, end) => {
    for (let i = start; i < end; i += 1) {
      const row = grid.order[i], isAside = shown[row] === 0;
      const x0 = Math.round((xs[row] - left) * scale) - before, y0 = Math.round((top - ys[row]) * scale) - before;
      const [red, green, blue] = isAside ? aside : paints[coloring.codes[row]];
      const weight = isAside ? ASIDE : 1;
      for (let y = Math.max(0, y0); y < Math.min(height, y0 + dot); y += 1) {
        for (let x = Math.max(0, x0); x < Math.min(width, x0 + dot); x += 1) {
          const at = 4 * (y * width + x);
          sums4[at] += weight * red;
          sums4[at + 1] += weight * green;
          sums4[at + 2] += weight * blue;
          const number = (sums4[at + 3] += weight);
          if (number > most) most = number;
        }
      }
    }
  });
  return most;
}

// What so many points on one another let through; for great crowds the logarithm, else all would be one blot.
function opacities(most, dot) {
  const table = new Uint8ClampedArray(most + 1);
  for (let number = 1; number <= most; number += 1) {
    const overlaid = 1 - (1 - markerOpacity) ** number;
    const graded = 0.2 + 0.8 * (Math.log1p(number) / Math.log1p(most));
    table[number] = 255 * (dot > 1 ? overlaid : graded);
  }
  return table;
}
