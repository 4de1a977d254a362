"use strict";
// The map page: decodes the papers in the page, draws them with Plotly, and links map, search and panel.
// Texts come from strangers, so they enter the document as text nodes only, never as markup.
//
// window.explorerMap, read-only, is what a script or a test may use:
//   ready            promise, fulfilled when the papers are decoded and the map is drawn
//   select(id)       shows that paper; close() shows none; selected is the id shown, or null
//   position(id)     where that paper is, as {x, y} in pixels of the window
//   lines()          the lines now drawn, as [{from: {x, y}, to: {x, y}}, ...] in pixels of the window
//   matches()        the ids that the search has found
(() => {
  const RESULTS = 50;
  const AUTHORS = 40;
  const REACH = 20; // pixels: how far from a point the mouse still means it
  const ARXIV = /(^|\.)arxiv\.org$/i;
  const UNMARKED = { "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i" };

  const part = (id) => document.getElementById(id);
  const stage = part("stage"), plot = part("map"), overlay = part("overlay"), panel = part("panel");
  const search = part("search"), results = part("results"), options = part("options"), tooltip = part("tooltip");
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const dark = matchMedia("(prefers-color-scheme: dark)");

  const state = {
    selected: -1, // row of the paper in the panel
    pointed: -1, // row under the mouse, on the map or in a list
    matches: [], // rows that the search found
    active: -1, // position of the marked search result
    atHome: true, // the whole map is shown, and is fitted again when the window changes
    unfolded: false, // abstracts are shown at full length
    drawn: false,
  };
  let papers = null; // columns: id, title, date, url, maybe abstract, authors, categories, listed_in, links
  let rowOf = new Map();
  let neighbors = new Int32Array(), similarities = new Int16Array(), perPaper = 0;
  let colors = {};

  // ---- Data -------------------------------------------------------------------------------------------------------

  function islandBytes(id) {
    const text = atob(part(id).textContent);
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i);
    return bytes;
  }

  function inflated(id) {
    const stream = new Blob([islandBytes(id)]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Response(stream);
  }

  const coordinates = new Float32Array(islandBytes("coordinates").buffer);
  const count = coordinates.length / 2;
  const xs = coordinates.filter((_, i) => i % 2 === 0);
  const ys = coordinates.filter((_, i) => i % 2 === 1);
  const markerSize = Math.min(11, Math.max(2, 10.5 * (55 / count) ** (1 / 6)));

  async function decode() {
    const [library, near, similar] = await Promise.all([
      inflated("library").json(), inflated("neighbors").arrayBuffer(), inflated("similarities").arrayBuffer(),
    ]);
    neighbors = new Int32Array(near);
    similarities = new Int16Array(similar);
    perPaper = neighbors.length / count;
    rowOf = new Map(library.papers.id.map((id, row) => [id, row]));
    papers = library.papers;
  }

  const nameOf = (row) => papers.title[row] || papers.id[row];
  const about = (row) => [papers.id[row], papers.date[row]].filter(Boolean).join(" · ");
  const nearest = (row) => (row < 0 ? [] : Array.from(neighbors.subarray(row * perPaper, (row + 1) * perPaper)));

  // ---- Small helpers for the document -----------------------------------------------------------------------------

  function element(tag, className = "", text = "") {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text) {
      made.textContent = text;
      made.dir = "auto";
    }
    return made;
  }

  function link(address, className, text) {
    const made = element("a", className, text);
    made.href = address;
    made.target = "_blank";
    made.rel = "noopener noreferrer";
    return made;
  }

  function webAddress(text) {
    if (!/^https?:\/\//i.test(text)) return null;
    try {
      return new URL(text);
    } catch {
      return null;
    }
  }

  function tell(text) {
    part("notice").textContent = text;
    part("notice").hidden = false;
  }

  // ---- The view: which part of the plane is on the screen ---------------------------------------------------------

  // Read from the axes, not from what was last asked for: while the map is dragged or zoomed only they are up to date.
  function view() {
    const { xaxis, yaxis } = plot._fullLayout;
    const scale = xaxis._length / (xaxis.range[1] - xaxis.range[0]);
    return { left: xaxis.range[0], top: yaxis.range[1], scale };
  }

  function project(row) {
    const { left, top, scale } = view();
    return { x: (xs[row] - left) * scale, y: (top - ys[row]) * scale };
  }

  // The part of the stage, in its pixels, that the panel leaves free.
  function freeArea() {
    const { clientWidth: width, clientHeight: height } = stage;
    if (panel.hidden) return { width, height };
    const isSheet = panel.offsetWidth >= width;
    return isSheet ? { width, height: panel.offsetTop } : { width: panel.offsetLeft, height };
  }

  function ranges({ left, top, scale }) {
    const { clientWidth: width, clientHeight: height } = stage;
    return { "xaxis.range": [left, left + width / scale], "yaxis.range": [top - height / scale, top] };
  }

  function centered(x, y, scale) {
    const { width, height } = freeArea();
    return { left: x - width / 2 / scale, top: y + height / 2 / scale, scale };
  }

  function bounds(values) {
    let low = Infinity, high = -Infinity;
    for (const value of values) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
    return low <= high ? { middle: (low + high) / 2, span: high - low } : { middle: 0, span: 0 };
  }

  const boundsX = bounds(xs), boundsY = bounds(ys);

  function wholeMap() {
    const { width, height } = freeArea();
    const border = Math.min(48, width / 8, height / 8);
    const fits = Math.min((width - 2 * border) / boundsX.span, (height - 2 * border) / boundsY.span);
    const scale = Number.isFinite(fits) && fits > 0 ? fits : Math.min(width, height) / 4;
    return centered(boundsX.middle, boundsY.middle, scale);
  }

  let flight = 0; // a newer movement ends the older one

  async function moveTo(target, { jump = false } = {}) {
    flight += 1;
    state.atHome = false;
    if (!state.drawn) return;
    if (!jump && !calm.matches && count <= 50_000) await glide(view(), target, flight);
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
      const step = { left: between(start.left, target.left), top: between(start.top, target.top), scale };
      await Plotly.relayout(plot, ranges(step));
      await new Promise(requestAnimationFrame);
    }
  }

  async function showAll(how) {
    const moved = moveTo(wholeMap(), how);
    state.atHome = true;
    await moved;
  }

  function zoomBy(factor) {
    if (!state.drawn) return;
    const { left, top, scale } = view();
    const { width, height } = freeArea();
    moveTo(centered(left + width / 2 / scale, top - height / 2 / scale, scale * factor));
  }

  function center(row) {
    if (state.drawn) moveTo(centered(xs[row], ys[row], view().scale));
  }

  // Brings the paper, and its neighbors if they fit, beside the panel. A map that nobody has moved is shown whole there;
  // any other is moved as little as needed and never zoomed.
  function reveal(row) {
    if (!state.drawn) return;
    const { width, height } = freeArea();
    const border = 28;
    const all = [row, ...nearest(row)].map(project);
    const fits = (points) => extent(points, "x") <= width - 2 * border && extent(points, "y") <= height - 2 * border;
    const points = fits(all) ? all : all.slice(0, 1);
    if (state.atHome && !all.every(({ x, y }) => x > 0 && y > 0 && x < width && y < height)) return void showAll();
    const dx = shift(points.map((point) => point.x), border, width - border);
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
    if (!state.drawn) return;
    const { clientWidth: width, clientHeight: height } = stage;
    const size = { width, height };
    const before = plot._fullLayout;
    if (before.width === width && before.height === height) return;
    const { left, top, scale } = view();
    const kept = { left: left + (before.width - width) / 2 / scale, top: top - (before.height - height) / 2 / scale, scale };
    Plotly.relayout(plot, { ...size, ...ranges(state.atHome ? wholeMap() : kept) });
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
    if (event.touches.length !== 2 || !state.drawn || !plot.contains(event.target)) return;
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

  // ---- The map: one Plotly trace, and an overlay for what is marked -----------------------------------------------

  function hasWebgl() {
    try {
      return Boolean(document.createElement("canvas").getContext("webgl"));
    } catch {
      return false;
    }
  }

  function readColors() {
    const style = getComputedStyle(document.documentElement);
    const color = (name) => style.getPropertyValue(`--${name}`).trim();
    colors = { ground: color("ground"), point: color("point"), edge: color("point-edge"), accent: color("accent"), ink: color("ink") };
  }

  function marker() {
    const opacity = Math.min(0.9, Math.max(0.25, 0.9 * (2_000 / count) ** 0.25)); // crowds show as density, not as blots
    return { size: markerSize, color: colors.point, opacity, line: { width: count < 2_000 ? 1 : 0, color: colors.edge } };
  }

  function layout() {
    const axis = { visible: false, zeroline: false, showgrid: false };
    const { "xaxis.range": x, "yaxis.range": y } = ranges(wholeMap());
    return {
      width: stage.clientWidth,
      height: stage.clientHeight,
      margin: { l: 0, r: 0, t: 0, b: 0 },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      dragmode: "pan",
      hovermode: "closest",
      hoverdistance: REACH,
      spikedistance: 0, // else, from 100,000 points on, every hover searches all of them
      showlegend: false,
      xaxis: { ...axis, range: x },
      yaxis: { ...axis, range: y, scaleanchor: "x" },
    };
  }

  async function drawMap() {
    if (!hasWebgl()) {
      tell("The map cannot be drawn: this browser offers no WebGL. The search and the lists of related papers work.");
      return;
    }
    readColors();
    const points = { type: "scattergl", mode: "markers", x: xs, y: ys, marker: marker(), hoverinfo: "none" };
    const config = { scrollZoom: true, displayModeBar: false, displaylogo: false, doubleClick: false, showTips: false };
    await Plotly.newPlot(plot, [points], layout(), config);
    state.drawn = true;
    plot.on("plotly_hover", (event) => point(event.points[0].pointNumber, true));
    plot.on("plotly_unhover", () => point(-1));
    plot.on("plotly_click", (event) => isPinching() || choose(event.points[0].pointNumber));
    plot.on("plotly_doubleclick", () => showAll());
    plot.on("plotly_relayouting", userMoved);
    plot.on("plotly_relayout", paintSoon);
    new ResizeObserver(refit).observe(stage);
    dark.addEventListener("change", recolor);
    window.addEventListener("touchstart", onTouch, { capture: true, passive: false });
    window.addEventListener("touchmove", onTouch, { capture: true, passive: false });
    window.addEventListener("touchend", onTouchEnd, { capture: true });
    window.addEventListener("touchcancel", onTouchEnd, { capture: true });
  }

  function userMoved() {
    flight += 1;
    state.atHome = false;
    tooltip.hidden = true;
    paintSoon();
  }

  async function recolor() {
    readColors();
    await Plotly.restyle(plot, { "marker.color": colors.point, "marker.line.color": colors.edge });
    paintSoon();
  }

  let painting = 0;

  function paintSoon() {
    stage.classList.toggle("dimmed", state.selected >= 0 || state.matches.length > 0);
    if (!painting && state.drawn) painting = requestAnimationFrame(paint);
  }

  function paint() {
    painting = 0;
    const ratio = devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = stage;
    if (overlay.width !== Math.round(width * ratio)) overlay.width = Math.round(width * ratio);
    if (overlay.height !== Math.round(height * ratio)) overlay.height = Math.round(height * ratio);
    const pen = overlay.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    paintMatches(pen, width, height);
    paintSelection(pen);
    if (state.pointed >= 0) paintRing(pen, project(state.pointed), dotRadius() + 4);
  }

  const dotRadius = () => Math.max(4, markerSize / 2 + 0.5);

  function paintMatches(pen, width, height) {
    const radius = markerSize / 2 + 0.5;
    const { left, top, scale } = view();
    pen.fillStyle = colors.accent;
    pen.globalAlpha = state.selected >= 0 ? 0.45 : 0.9;
    pen.beginPath();
    for (const row of state.matches) {
      const x = (xs[row] - left) * scale, y = (top - ys[row]) * scale;
      if (x < -radius || y < -radius || x > width + radius || y > height + radius) continue;
      pen.moveTo(x + radius, y);
      pen.arc(x, y, radius, 0, 2 * Math.PI);
    }
    pen.fill();
    pen.globalAlpha = 1;
  }

  function selectionLines() {
    if (state.selected < 0 || !state.drawn) return [];
    const from = project(state.selected);
    return nearest(state.selected).map((row) => ({ from, to: project(row) }));
  }

  function paintSelection(pen) {
    if (state.selected < 0) return;
    const lines = selectionLines();
    pen.strokeStyle = colors.accent;
    pen.lineWidth = 1.75;
    pen.globalAlpha = 0.6;
    pen.beginPath();
    for (const { from, to } of lines) {
      pen.moveTo(from.x, from.y);
      pen.lineTo(to.x, to.y);
    }
    pen.stroke();
    pen.globalAlpha = 1;
    for (const { to } of lines) paintDot(pen, to, dotRadius());
    const here = project(state.selected);
    paintDot(pen, here, dotRadius() + 2.5);
    paintRing(pen, here, dotRadius() + 7);
  }

  function paintDot(pen, { x, y }, radius) {
    pen.fillStyle = colors.accent;
    pen.strokeStyle = colors.ground;
    pen.lineWidth = 1.5;
    pen.beginPath();
    pen.arc(x, y, radius, 0, 2 * Math.PI);
    pen.fill();
    pen.stroke();
  }

  function paintRing(pen, { x, y }, radius) {
    pen.strokeStyle = colors.accent;
    pen.lineWidth = 2;
    pen.beginPath();
    pen.arc(x, y, radius, 0, 2 * Math.PI);
    pen.stroke();
  }

  // ---- Pointing at a paper ----------------------------------------------------------------------------------------

  function point(row, onMap = false) {
    state.pointed = row;
    plot.classList.toggle("pointing", onMap);
    if (onMap && papers) showTooltip(row);
    else tooltip.hidden = true;
    paintSoon();
  }

  function showTooltip(row) {
    tooltip.replaceChildren(element("div", "title clamp", nameOf(row)), element("div", "meta", about(row)));
    tooltip.hidden = false;
    const { x, y } = onScreen(project(row));
    const { offsetWidth: width, offsetHeight: height } = tooltip;
    const gap = dotRadius() + 8, border = 8;
    const left = Math.min(Math.max(border, x - width / 2), innerWidth - width - border);
    const above = y - gap - height;
    const top = above >= border ? above : Math.min(y + gap, innerHeight - height - border);
    tooltip.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  }

  function onScreen({ x, y }) {
    const { left, top } = stage.getBoundingClientRect();
    return { x: x + left, y: y + top };
  }

  // Lists point at the map: while the mouse or the keyboard is on an entry, its paper is ringed.
  function pointsAt(made, row) {
    made.addEventListener("pointerenter", () => point(row));
    made.addEventListener("pointerleave", () => point(-1));
    made.addEventListener("focus", () => point(row));
    made.addEventListener("blur", () => point(-1));
  }

  // ---- The panel of one paper -------------------------------------------------------------------------------------

  function fillPanel(row) {
    const content = part("paper");
    const title = element("h2", "", nameOf(row));
    title.id = "paper-title";
    title.tabIndex = -1;
    content.replaceChildren(
      element("p", "meta", about(row)), title, ...credits(row), ...chips(row), ...addresses(row), ...abstract(row), ...nearestList(row),
    );
    content.scrollTop = 0;
    panel.hidden = false;
    foldAbstract();
    title.focus({ preventScroll: true });
  }

  function credits(row) {
    const authors = papers.authors?.[row] ?? [];
    if (!authors.length) return [];
    const more = authors.length > AUTHORS ? ` and ${authors.length - AUTHORS} more` : "";
    return [element("p", "authors", authors.slice(0, AUTHORS).join(", ") + more)];
  }

  function chips(row) {
    const own = papers.categories?.[row] ?? [];
    const listed = (papers.listed_in?.[row] ?? []).filter((name) => !own.includes(name)).map((name) => `listed in ${name}`);
    if (!own.length && !listed.length) return [];
    const list = element("ul", "chips");
    list.append(...[...own, ...listed].map((name) => element("li", "", name)));
    return [list];
  }

  function addresses(row) {
    const made = [];
    const page = webAddress(papers.url[row]);
    if (page) {
      const paragraph = element("p");
      paragraph.append(link(page.href, "open", ARXIV.test(page.hostname) ? "Open on arXiv ↗" : "Open ↗"));
      made.push(paragraph);
    }
    const links = (papers.links?.[row] ?? []).filter(webAddress);
    if (links.length) {
      const list = element("ul", "links");
      for (const address of links) {
        const item = element("li");
        item.append(link(address, "", address.replace(/^https?:\/\/(www\.)?/i, "")));
        list.append(item);
      }
      made.push(list);
    }
    return made;
  }

  function abstract(row) {
    if (!papers.abstract) return [element("p", "meta", "The library is too large for this page to hold the abstracts.")];
    if (!papers.abstract[row]) return [element("p", "meta", "No abstract is known.")];
    const text = element("div", "abstract");
    text.id = "abstract";
    text.append(...papers.abstract[row].split(/\n{2,}/).map((paragraph) => element("p", "", paragraph)));
    return [text];
  }

  // Folds a long abstract, so that the related papers are in sight, and adds the button that unfolds it.
  function foldAbstract() {
    const text = part("abstract");
    if (!text) return;
    text.classList.add("folded");
    const isLong = text.scrollHeight > text.clientHeight + 4;
    text.classList.toggle("folded", isLong && !state.unfolded);
    if (!isLong) return;
    const button = element("button", "fold", state.unfolded ? "Show less" : "Show the whole abstract");
    button.type = "button";
    button.setAttribute("aria-expanded", String(state.unfolded));
    button.setAttribute("aria-controls", "abstract");
    button.addEventListener("click", () => {
      state.unfolded = text.classList.toggle("folded") === false;
      button.textContent = state.unfolded ? "Show less" : "Show the whole abstract";
      button.setAttribute("aria-expanded", String(state.unfolded));
    });
    text.after(button);
  }

  function nearestList(row) {
    const rows = nearest(row);
    if (!rows.length) return [element("p", "meta", "There is no other paper to compare it with.")];
    const list = element("ol", "neighbors");
    list.append(...rows.map((other, i) => neighborItem(other, similarities[row * perPaper + i] / 1000)));
    const heading = element("h3", "", "Related papers");
    heading.append(element("span", "meta", "cosine similarity"));
    return [heading, list];
  }

  function neighborItem(row, similarity) {
    const item = element("li"), button = element("button"), bar = element("span", "measure"), filled = element("span");
    button.type = "button";
    button.dataset.row = String(row);
    filled.style.width = `${Math.max(0, Math.min(1, similarity)) * 100}%`;
    bar.append(filled);
    const value = element("span", "similarity", similarity.toFixed(3));
    value.title = "cosine similarity";
    button.append(element("span", "clamp", nameOf(row)), value, bar);
    button.addEventListener("click", () => choose(row));
    pointsAt(button, row);
    item.append(button);
    return item;
  }

  // ---- Selecting --------------------------------------------------------------------------------------------------

  // What a person does: shows the paper and leaves a trace in the address, for the back button and for bookmarks.
  function choose(row, { isCentered = false } = {}) {
    if (!papers) return;
    if (row !== state.selected) remember(row);
    show(row);
    if (isCentered) center(row);
  }

  function show(row) {
    if (!(row >= 0)) return hide();
    state.selected = row;
    point(-1);
    fillPanel(row);
    reveal(row);
    paintSoon();
  }

  function hide() {
    const hadFocus = panel.contains(document.activeElement);
    state.selected = -1;
    panel.hidden = true;
    if (state.atHome) showAll();
    point(-1);
    if (hadFocus) plot.focus({ preventScroll: true });
  }

  function close() {
    if (state.selected < 0) return;
    remember(-1);
    hide();
  }

  function remember(row) {
    const hash = row < 0 ? "" : `#paper=${encodeURIComponent(papers.id[row].toWellFormed?.() ?? papers.id[row])}`;
    try {
      history.pushState(null, "", hash || location.pathname + location.search);
    } catch {
      // Inside a frame without an address of its own there is nothing to remember.
    }
  }

  function addressedRow() {
    try {
      return rowOf.get(decodeURIComponent(/^#paper=(.*)$/s.exec(location.hash)?.[1] ?? "")) ?? -1;
    } catch {
      return -1; // a "%" that belongs to no code
    }
  }

  function followAddress() {
    const row = addressedRow();
    if (row !== state.selected) show(row);
  }

  // ---- Search -----------------------------------------------------------------------------------------------------

  let folded = null; // titles and ids as they are compared; made when first needed

  function fold(text) {
    const bare = text.normalize("NFKD").replace(/\p{M}+/gu, "").toLowerCase();
    return bare.replace(/[ßæœøłđðþı]/g, (letter) => UNMARKED[letter]);
  }

  // Rows whose title or id holds every word; those that hold the words side by side come first.
  function find(query) {
    const phrase = fold(query).trim().replace(/\s+/g, " ");
    if (!phrase) return [];
    folded ??= papers.title.map((title, row) => fold(`${title}\n${papers.id[row]}`));
    const words = phrase.split(" ");
    const found = [], scattered = [];
    folded.forEach((text, row) => {
      if (text.includes(phrase)) found.push(row);
      else if (words.length > 1 && words.every((word) => text.includes(word))) scattered.push(row);
    });
    return found.concat(scattered);
  }

  // Without a map there is nothing to look at before a search, so the list then starts with every paper.
  const everyRow = () => (state.drawn ? [] : Array.from({ length: count }, (_, row) => row));

  function runSearch() {
    if (!papers) return;
    const query = search.value.trim();
    state.matches = query ? find(query) : [];
    state.active = -1;
    const rows = query ? state.matches : everyRow();
    part("found").textContent = query || rows.length ? summary(rows.length) : "";
    options.replaceChildren(...rows.slice(0, RESULTS).map(option));
    openResults(Boolean(query) || rows.length > 0);
    paintSoon();
  }

  function summary(found) {
    if (!found) return "No title or id has these words.";
    const papersFound = found === 1 ? "1 paper" : `${found.toLocaleString("en")} papers`;
    return found > RESULTS ? `${papersFound}, the first ${RESULTS} listed` : papersFound;
  }

  function option(row, position) {
    const item = element("li");
    item.id = `option-${position}`;
    item.dataset.row = String(row);
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", "false");
    item.append(element("div", "clamp", nameOf(row)), element("div", "meta clamp", about(row)));
    item.addEventListener("click", () => pick(row));
    pointsAt(item, row);
    return item;
  }

  function openResults(isOpen) {
    results.hidden = !isOpen;
    search.setAttribute("aria-expanded", String(isOpen));
    if (!isOpen) mark(-1);
  }

  function mark(position) {
    options.children[state.active]?.setAttribute("aria-selected", "false");
    state.active = position;
    const item = options.children[position];
    item?.setAttribute("aria-selected", "true");
    item?.scrollIntoView({ block: "nearest" });
    if (item) search.setAttribute("aria-activedescendant", item.id);
    else search.removeAttribute("aria-activedescendant");
    point(item ? Number(item.dataset.row) : -1);
  }

  function pick(row) {
    openResults(false);
    choose(row, { isCentered: true });
  }

  function clearSearch() {
    search.value = "";
    runSearch();
  }

  const searchKeys = {
    ArrowDown: () => mark(Math.min(state.active + 1, options.children.length - 1)),
    ArrowUp: () => mark(Math.max(state.active - 1, -1)),
    Enter: () => {
      const item = options.children[Math.max(0, state.active)];
      if (item) pick(Number(item.dataset.row));
    },
  };

  function onSearchKey(event) {
    if (event.isComposing || !searchKeys[event.key]) return;
    event.preventDefault();
    if (results.hidden) runSearch();
    searchKeys[event.key]();
  }

  // ---- Keys and clicks of the whole page --------------------------------------------------------------------------

  function onKey(event) {
    if (event.key === "/" && document.activeElement !== search && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      search.focus();
      search.select();
    }
    if (event.key === "Escape" && !event.isComposing) escape(event);
  }

  // The nearest thing first: the search while it is in use, then the panel, then a search left standing.
  function escape(event) {
    event.preventDefault();
    if (document.activeElement === search && !search.value) search.blur();
    else if (document.activeElement === search || state.selected < 0) clearSearch();
    else close();
  }

  function listen() {
    search.addEventListener("input", runSearch);
    search.addEventListener("focus", runSearch);
    search.addEventListener("keydown", onSearchKey);
    part("close").addEventListener("click", close);
    part("zoom-in").addEventListener("click", () => zoomBy(1.6));
    part("zoom-out").addEventListener("click", () => zoomBy(1 / 1.6));
    part("zoom-all").addEventListener("click", () => showAll());
    document.addEventListener("keydown", onKey);
    document.addEventListener("pointerdown", (event) => {
      if (!event.target.closest(".search")) openResults(false);
    });
    window.addEventListener("hashchange", followAddress);
    window.addEventListener("popstate", followAddress);
  }

  // ---- Start ------------------------------------------------------------------------------------------------------

  async function start() {
    try {
      await Promise.all([drawMap(), decode()]);
    } catch (error) {
      tell("This page cannot be read here: it needs a browser of 2023 or later, and the whole file.");
      throw error;
    }
    listen();
    search.disabled = false;
    if (addressedRow() >= 0) show(addressedRow());
    else if (!state.drawn) runSearch();
  }

  function explorerMap(ready) {
    return Object.freeze({
      ready,
      select: (id) => rowOf.has(id) && choose(rowOf.get(id)),
      close,
      get selected() {
        return state.selected < 0 ? null : papers.id[state.selected];
      },
      position: (id) => onScreen(project(rowOf.get(id))),
      lines: () => selectionLines().map(({ from, to }) => ({ from: onScreen(from), to: onScreen(to) })),
      matches: () => state.matches.map((row) => papers.id[row]),
    });
  }

  Object.defineProperty(window, "explorerMap", { value: explorerMap(start()) });
})();
