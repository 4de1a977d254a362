// The list twin of the map: what is selected, else what was found, else all that is shown, page by page.

const drawer = part("drawer"), entries = part("entries"), opener = part("list");
const PAGE = 100;
let listed = []; // rows
let page = 0;

function rowsToList() {
  if (selection.length) return { name: "Selected", rows: selection };
  if (found.query) return { name: "Found", rows: found.rows };
  return { name: shownCount < count ? "Shown" : "All papers", rows: allRows().filter(isShown) };
}

const isListOpen = () => !drawer.hidden;

function openList(isOpen) {
  drawer.hidden = !isOpen;
  opener.setAttribute("aria-expanded", String(isOpen));
  if (atHome) showAll();
  repaint();
  if (isOpen) {
    fillList();
    part("list-name").focus({ preventScroll: true });
  } else opener.focus({ preventScroll: true });
}

function fillList() {
  if (!isListOpen() || !papers) return;
  const { name, rows } = rowsToList();
  listed = rows;
  page = 0;
  part("list-name").textContent = `${name}: ${papersIn(rows.length)}`;
  part("clear").hidden = !selection.length;
  part("copied").textContent = "";
  for (const made of document.querySelectorAll("#exports button")) made.disabled = !rows.length;
  fillPage();
}

function fillPage() {
  const rows = listed.slice(page * PAGE, (page + 1) * PAGE);
  entries.start = page * PAGE + 1;
  entries.replaceChildren(...rows.map(entryOf));
  const pages = Math.ceil(listed.length / PAGE);
  part("pages").hidden = pages < 2;
  part("page").textContent = `${page + 1} of ${inEnglish(pages)}`;
  part("earlier").disabled = page === 0;
  part("next").disabled = page >= pages - 1;
  entries.scrollTop = 0;
}

function entryOf(row) {
  const item = element("li");
  const made = button("", "", () => choose(row));
  made.dataset.row = String(row);
  made.append(element("span", "clamp", nameOf(row)), element("span", "meta clamp", [aboutOf(row), topicLabel(row), noveltyOf(row)].filter(Boolean).join(" · ")));
  pointsAt(made, row);
  item.append(made);
  return item;
}

function turn(by) {
  page += by;
  fillPage();
  entries.querySelector("button")?.focus();
}

function onListKey(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const here = event.target.closest("li");
  if (!step || !here) return;
  event.preventDefault();
  (step > 0 ? here.nextElementSibling : here.previousElementSibling)?.querySelector("button").focus();
}

function select(rows) {
  const hadFocus = document.activeElement === part("clear");
  selection = rows;
  emit("selection");
  if (rows.length) {
    openList(true);
    announce(`${papersIn(rows.length)} selected`);
  } else announce("No paper selected");
  fillList();
  if (hadFocus) part("list-name").focus({ preventScroll: true }); // the button is hidden now
}

function listenToList() {
  opener.addEventListener("click", () => openList(!isListOpen()));
  part("close-list").addEventListener("click", () => openList(false));
  part("clear").addEventListener("click", () => select([]));
  part("earlier").addEventListener("click", () => turn(-1));
  part("next").addEventListener("click", () => turn(1));
  entries.addEventListener("keydown", onListKey);
  for (const happening of ["matches", "filter"]) on(happening, later(fillList, 120));
}
