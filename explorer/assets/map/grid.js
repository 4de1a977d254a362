// Which papers are where: a grid of cells over the map, and the rows in each.

const SIDE = 2 ** Math.max(0, Math.min(10, Math.round(Math.log2(Math.sqrt(count / 3))))); // cells a side
const CELL = 65536 / SIDE;
const cellOf = (value) => Math.max(0, Math.min(SIDE - 1, Math.floor(value / CELL)));

const grid = (() => {
  const starts = new Uint32Array(SIDE * SIDE + 1), order = new Uint32Array(count);
  const cell = (row) => ((ys[row] / CELL) | 0) * SIDE + ((xs[row] / CELL) | 0);
  for (let row = 0; row < count; row += 1) starts[cell(row) + 1] += 1;
  for (let i = 0; i < SIDE * SIDE; i += 1) starts[i + 1] += starts[i];
  const next = starts.slice();
  for (let row = 0; row < count; row += 1) order[next[cell(row)]++] = row;
  return { starts, order };
})();

// Hands on the runs of `grid.order` that may lie in a rectangle: a run for each line of cells.
function eachRun(x0, y0, x1, y1, use) {
  if (x1 < 0 || y1 < 0 || x0 > LAST || y0 > LAST) return;
  const left = cellOf(x0), right = cellOf(x1);
  for (let line = cellOf(y0); line <= cellOf(y1); line += 1) {
    use(grid.starts[line * SIDE + left], grid.starts[line * SIDE + right + 1]);
  }
}

// About how many papers lie in a rectangle: those of the cells that it touches.
function countNear(x0, y0, x1, y1) {
  let found = 0;
  eachRun(x0, y0, x1, y1, (start, end) => (found += end - start));
  return found;
}

// The row nearest to a place, at most `reach` away, that `isMeant` allows; -1 if there is none.
function rowAt(x, y, reach, isMeant) {
  let best = -1, least = reach * reach;
  eachRun(x - reach, y - reach, x + reach, y + reach, (start, end) => {
    for (let i = start; i < end; i += 1) {
      const row = grid.order[i], dx = xs[row] - x, dy = ys[row] - y, distance = dx * dx + dy * dy;
      if (distance < least || (distance === least && best < 0) || (distance === least && row < best)) {
        if (isMeant(row)) [best, least] = [row, distance];
      }
    }
  });
  return best;
}

// The rows inside a polygon, by the even-odd rule: how often a ray to the right crosses it.
function rowsInside(corners) {
  const across = corners.map((corner) => corner.x), up = corners.map((corner) => corner.y);
  const found = [];
  eachRun(Math.min(...across), Math.min(...up), Math.max(...across), Math.max(...up), (start, end) => {
    for (let i = start; i < end; i += 1) {
      const row = grid.order[i];
      if (isShown(row) && isInside(xs[row], ys[row], across, up)) found.push(row);
    }
  });
  return found.sort((one, other) => one - other);
}

function isInside(x, y, across, up) {
  let inside = false;
  for (let i = 0, j = across.length - 1; i < across.length; j = i, i += 1) {
    if (up[i] > y !== up[j] > y && x < ((across[j] - across[i]) * (y - up[i])) / (up[j] - up[i]) + across[i]) inside = !inside;
  }
  return inside;
}

// The next row in a direction: near, and rather straight ahead than aside.
function rowToward(row, dx, dy) {
  let best = -1, least = Infinity;
  // What lies just outside may be better than what lies far aside within.
  for (let reach = CELL * 2; least > reach && reach < 4 * LAST; reach *= 2) {
    eachRun(xs[row] - reach, ys[row] - reach, xs[row] + reach, ys[row] + reach, (start, end) => {
      for (let i = start; i < end; i += 1) {
        const other = grid.order[i], x = xs[other] - xs[row], y = ys[other] - ys[row];
        const ahead = x * dx + y * dy, aside = Math.abs(x * dy - y * dx);
        if (ahead <= 0 || aside > ahead || Math.max(ahead, aside) > reach) continue;
        const cost = ahead + 2 * aside;
        if ((cost < least || (cost === least && other < best)) && isShown(other)) [best, least] = [other, cost];
      }
    });
  }
  return best;
}
