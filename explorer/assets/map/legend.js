// The legend: what the colors mean, and which of them are shown.

const legend = part("legend"), menu = part("color-by"), groupsList = part("groups");

function fillMenu() {
  const there = colorings.filter((one) => one.isThere());
  menu.replaceChildren(...there.map(({ key, name }) => {
    const made = element("option", "", name);
    made.value = key;
    made.selected = key === coloring.key;
    return made;
  }));
  part("coloring").hidden = !there.length;
}

function fillLegend() {
  const sizes = counted(coloring.codes, coloring.groups.length);
  menu.value = coloring.key;
  const entries = coloring.key === "plain" ? [] : coloring.groups.map((group, i) => groupEntry(group, i, sizes[i]));
  groupsList.replaceChildren(...entries.filter(Boolean));
  part("hint").textContent = coloring.hint ?? "";
}

function groupEntry(group, position, size) {
  if (!size) return null;
  const item = element("li");
  const made = button("", "", (event) => {
    const isDouble = event.detail === 2;
    if (isDouble) toggleGroup(position); // takes back what the first click has done
    if (event.shiftKey || isDouble) onlyGroup(position);
    else toggleGroup(position);
  });
  const dot = element("span", "dot");
  dot.style.background = paintOf(group);
  made.append(dot, element("span", "group", group.name), element("span", "meta", inEnglish(size)));
  made.setAttribute("aria-pressed", String(!hidden.has(position)));
  made.title = "Click to hide or show; double-click or Shift for this one alone";
  item.append(made);
  return item;
}

function markGroups() {
  const sizes = counted(coloring.codes, coloring.groups.length);
  const present = coloring.groups.map((_, i) => i).filter((i) => sizes[i]);
  [...groupsList.children].forEach((item, i) => item.firstChild.setAttribute("aria-pressed", String(!hidden.has(present[i]))));
}

function tellShown() {
  const isAll = conditions.size === 0;
  part("shown").textContent = isAll ? "" : `${inEnglish(shownCount)} of ${papersIn(count)} shown`;
  part("show-all").hidden = isAll;
}

// The least faithfulness that is shown, in steps of 5 %; what is stored may be half a step of its own less than it was.
function onTrust() {
  const least = Number(part("trust").value) / 100;
  part("least").textContent = percent(least);
  setCondition("trust", least > 0 ? maskOf((row) => faithOf(row) >= least - 0.5 / 254) : null);
}

function toggleLegend(isOpen = part("legend-body").hidden) {
  part("legend-body").hidden = !isOpen;
  part("legend-toggle").setAttribute("aria-expanded", String(isOpen));
  repaint();
}

function listenToLegend() {
  menu.addEventListener("change", () => {
    colorBy(menu.value);
    noteNow();
  });
  part("trust").addEventListener("input", onTrust);
  part("show-all").addEventListener("click", clearConditions);
  part("legend-toggle").addEventListener("click", () => toggleLegend());
  on("coloring", fillLegend);
  on("filter", () => {
    markGroups();
    tellShown();
  });
  on("cleared", () => {
    part("trust").value = 0;
    part("least").textContent = percent(0);
  });
  on("loaded", () => {
    papers.own.forEach(registerOwn);
    fillMenu();
    part("trusting").hidden = !faithfulness;
  });
  fillMenu();
  fillLegend();
  if (narrow.matches) toggleLegend(false);
}
