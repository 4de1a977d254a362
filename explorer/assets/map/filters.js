// Which papers are shown: those that meet every condition that the reader has set.

const shown = new Uint8Array(count).fill(1);
let shownCount = count;
const conditions = new Map(); // by name: a mask with a byte a paper
const hidden = new Set(); // groups of the coloring that the legend has switched off

const isShown = (row) => shown[row] === 1;

function setCondition(name, mask) {
  if (mask) conditions.set(name, mask);
  else if (!conditions.delete(name)) return;
  applyConditions();
}

function applyConditions() {
  shown.fill(1);
  for (const kept of conditions.values()) for (let row = 0; row < count; row += 1) shown[row] &= kept[row];
  shownCount = 0;
  for (let row = 0; row < count; row += 1) shownCount += shown[row];
  emit("filter");
}

function maskOf(isKept) {
  const mask = new Uint8Array(count);
  for (let row = 0; row < count; row += 1) mask[row] = isKept(row) ? 1 : 0;
  return mask;
}

function toggleGroup(group) {
  if (!hidden.delete(group)) hidden.add(group);
  hideGroups();
}

// Only this one; once more, all again.
function onlyGroup(group) {
  const others = coloring.groups.map((_, other) => other).filter((other) => other !== group);
  const wasAlone = !hidden.has(group) && others.every((other) => hidden.has(other));
  hidden.clear();
  if (!wasAlone) others.forEach((other) => hidden.add(other));
  hideGroups();
}

function hideGroups() {
  setCondition("legend", hidden.size ? maskOf((row) => !hidden.has(coloring.codes[row])) : null);
}

on("coloring", () => {
  hidden.clear();
  setCondition("legend", null);
});

function clearConditions() {
  hidden.clear();
  if (conditions.size) {
    conditions.clear();
    applyConditions();
  }
  emit("cleared");
}
