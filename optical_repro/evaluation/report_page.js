"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

const score = (number) => number.toFixed(3).replace(/^0/, "");
const signed = (number) => (number < 0 ? "−" : "+") + score(Math.abs(number));

// Tables: a heading sorts its column, numbers falling first.
for (const table of document.querySelectorAll(".sortable")) {
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => heading.firstElementChild.addEventListener("click", () => {
    const key = (row) => (row.cells[column].dataset.value ?? row.cells[column].textContent).trim().replace(/^−/, "-");
    const number = (row) => (key(row) === "" ? -Infinity : parseFloat(key(row)));
    const rows = [...table.tBodies[0].rows];
    const numeric = rows.every((row) => !Number.isNaN(number(row)));
    const first = numeric ? "descending" : "ascending";
    const direction = heading.ariaSort === first ? (numeric ? "ascending" : "descending") : first;
    const sign = direction === "ascending" ? 1 : -1;
    headings.forEach((other) => { other.ariaSort = "none"; });
    heading.ariaSort = direction;
    rows.sort((a, b) => sign * (numeric ? number(a) - number(b) || 0 : key(a).localeCompare(key(b))));
    table.tBodies[0].append(...rows);
  }));
}

// Charts: the legend's boxes show and hide curves; pointing at one makes it strong.
for (const box of document.querySelectorAll("[data-curve]")) {
  const curve = box.closest("figure").querySelector(`[data-system="${box.dataset.curve}"]`);
  const show = () => curve.classList.toggle("off", !box.checked);
  box.addEventListener("change", show);
  for (const [event, on] of [["mouseenter", true], ["mouseleave", false]])
    box.parentElement.addEventListener(event, () => curve.classList.toggle("strong", on));
  show();
}

// Topic browser. What is typed finds topics with or without accents.
const folded = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
const left = byId("left"), right = byId("right"), order = byId("order"), find = byId("find"), list = byId("list");
let current = 0;
const gain = (topic) => data.systems[left.value].ap[topic] - data.systems[right.value].ap[topic];

function fillList() {
  const wanted = folded(find.value.trim());
  const keys = { gain: (topic) => -gain(topic), loss: gain, id: (topic) => topic };
  const topics = data.topics.map((_, number) => number)
    .filter((number) => folded(Object.values(data.topics[number]).slice(0, 3).join(" ")).includes(wanted))
    .sort((a, b) => keys[order.value](a) - keys[order.value](b) || a - b);
  list.replaceChildren(...topics.map((number) => {
    const difference = gain(number), topic = data.topics[number];
    const colour = difference > 0 ? "better" : difference < 0 ? "worse" : "note";
    const button = element("button", { type: "button", "data-topic": number, "aria-current": number === current },
      element("span", { class: colour }, difference ? signed(difference) : "0"), element("span", {}, topic.text || topic.id));
    button.addEventListener("click", () => {
      history.pushState(null, "", "#topic=" + encodeURIComponent(topic.id));
      show(number);
    });
    return element("li", {}, button);
  }));
}

function show(number) {
  current = number;
  for (const button of list.querySelectorAll("button")) button.setAttribute("aria-current", Number(button.dataset.topic) === number);
  const topic = data.topics[number];
  const parts = [element("h3", {}, topic.text || topic.id)];
  if (topic.human) parts.push(element("p", { lang: data.docLang }, topic.human));
  parts.push(element("p", { class: "note", lang: "en" }, `${topic.id} · ${topic.relevant.length} relevant`));
  const sides = [...new Set([left.value, right.value])].map((system) => side(data.systems[system], number, topic));
  byId("topic").replaceChildren(...parts, element("div", { class: "sides" }, ...sides));
}

function side(system, number, topic) {
  const read = system.read[number];
  const words = new Set(wordsOf([topic.text, topic.human, read].join(" ")).filter(telling));
  const grades = new Map(topic.relevant), hits = system.hits[number];
  const items = hits.map((document, place) => {
    const grade = grades.get(document), points = system.scores[number][place];
    return element("li", grade ? { class: "relevant" } : {}, ...passage(document, words),
      ...(points === undefined ? [] : [element("span", { class: "points", lang: "en" }, ` score ${String(points).replace("-", "−")}`)]),
      ...(grade ? [element("span", { class: "badge", lang: "en" }, grade > 1 ? ` relevant, grade ${grade}` : " relevant")] : []));
  });
  const below = system.found[number].filter(([, rank]) => rank > hits.length).map(([document, rank]) => `${data.documents[document][0]} at ${rank}`);
  const missed = topic.relevant.length - system.found[number].length;
  if (missed) below.push(`${missed} not found`);
  return element("div", {}, element("h4", { lang: "en" }, `${system.name}: average precision ${score(system.ap[number])}`),
    ...(read ? [element("p", { class: "read", lang: "" }, element("span", { class: "note", lang: "en" }, "reads "), read)] : []),
    element("ol", { lang: data.docLang }, ...items),
    ...(hits.length ? [] : [element("p", { class: "note", lang: "en" }, "No hits.")]),
    ...(below.length ? [element("p", { class: "note", lang: "en" }, "Relevant further down: " + below.join(", "))] : []));
}

const wordsOf = (text) => text.normalize("NFC").toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];

// Words of the topic are marked in the passages, but not those that one passage in ten has: they tell nothing.
const common = new Map();
for (const [, title = "", text = ""] of data.documents)
  for (const word of new Set(wordsOf(title + " " + text))) common.set(word, (common.get(word) ?? 0) + 1);
const telling = (word) => word.length > 1 && (common.get(word) ?? 0) < Math.max(2, data.documents.length / 10);

function passage(number, words) {
  const [id, title, text] = data.documents[number];
  if (text === undefined) return [element("span", {}, id)];
  const marked = (string) => string.normalize("NFC").split(/([\p{L}\p{M}\p{N}]+)/u)
    .map((piece) => (words.has(piece.toLowerCase()) ? element("mark", {}, piece) : piece));
  return [element("strong", {}, ...marked(title)), " ", element("code", {}, id), element("br"), ...marked(text)];
}

function showLinked(hash) {
  const asked = decodeURIComponent(hash.replace(/^#topic=/, ""));
  const number = data.topics.findIndex((topic) => topic.id === asked);
  if (number < 0 || !hash.startsWith("#topic=")) return;
  show(number);
  list.querySelector("[aria-current=true]")?.scrollIntoView({ block: "nearest" });
  byId("browser").scrollIntoView();
}

for (const choice of [left, right, order]) choice.addEventListener("change", () => { fillList(); show(current); });
find.addEventListener("input", () => {
  fillList();
  const first = list.querySelector("button");
  if (first) show(Number(first.dataset.topic));
});
list.addEventListener("keydown", (event) => {
  const item = document.activeElement.closest("li");
  const next = { ArrowDown: item?.nextElementSibling, ArrowUp: item?.previousElementSibling }[event.key];
  if (next) { event.preventDefault(); next.firstElementChild.focus(); next.firstElementChild.click(); }
});
for (const link of document.querySelectorAll("[data-pair]")) link.addEventListener("click", () => {
  [left.value, right.value] = link.dataset.pair.split(",");
  fillList();
  showLinked(link.hash);
});
for (const event of ["hashchange", "popstate"]) addEventListener(event, () => showLinked(location.hash));

// Paper shows what is folded on the screen.
const folds = [...document.querySelectorAll("details:not([open])")];
addEventListener("beforeprint", () => {
  folds.splice(0, folds.length, ...document.querySelectorAll("details:not([open])"));
  for (const fold of folds) fold.open = true;
});
addEventListener("afterprint", () => { for (const fold of folds) fold.open = false; });

fillList();
show(Number(list.querySelector("button").dataset.topic));
showLinked(location.hash);
