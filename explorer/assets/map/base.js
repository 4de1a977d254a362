"use strict";
// What every other part uses: the document, what happens on the page, and what the reader prefers.
// Texts come from strangers, so they enter the document as text nodes only, never as markup.

const part = (id) => document.getElementById(id);
const stage = part("stage"), plot = part("map"), tooltip = part("tooltip"), panel = part("panel");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const dark = matchMedia("(prefers-color-scheme: dark)");
const narrow = matchMedia("(max-width: 640px)");

// What has happened, for whoever must follow: "loaded" (texts can be read), "view" (the map moved), "filter" (other
// papers are shown), "coloring", "matches" (of the search), "chosen" (the paper in the panel), "pointed", "selection".
const followers = new Map();

function on(happening, follow) {
  if (!followers.has(happening)) followers.set(happening, []);
  followers.get(happening).push(follow);
}

function emit(happening) {
  for (const follow of followers.get(happening) ?? []) follow();
}

// Returns a function that has `work` done once before the next picture, however often it is called.
function soon(work) {
  let asked = 0;
  return () => {
    asked ||= requestAnimationFrame(() => {
      asked = 0;
      work();
    });
  };
}

// The same, once nothing has asked for some milliseconds.
function later(work, wait) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(work, wait);
  };
}

function element(tag, className = "", text = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) {
    made.textContent = text;
    made.dir = "auto";
  }
  return made;
}

function button(className, text, press) {
  const made = element("button", className, text);
  made.type = "button";
  made.addEventListener("click", press);
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

// A line over the map for what the reader should know, and one that only screen readers read.
function tell(text) {
  part("notice").textContent = text;
  part("notice").hidden = false;
}

function announce(text) {
  part("announced").textContent = text;
}

const withDecimals = (number, decimals) => Number(number.toFixed(Math.min(100, Math.max(0, decimals))));
const inEnglish = (number) => number.toLocaleString("en");
const papersIn = (number) => (number === 1 ? "1 paper" : `${inEnglish(number)} papers`);
const percent = (share) => `${Math.round(100 * share)}\u00a0%`;
