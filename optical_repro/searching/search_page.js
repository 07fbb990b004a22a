"use strict";

const byId = (id) => document.getElementById(id);
const { search, lang, docLang } = document.body.dataset;
const form = byId("form"), query = byId("query"), status = byId("status"), hits = byId("hits");
let asked = 0;

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

async function get(path, parameters) {
  const response = await fetch(`${search}/${path}?${new URLSearchParams(parameters)}`);
  const body = await response.json();
  if (!response.ok) throw new Error(body.error);
  return body;
}

function say(text, error = false) {
  status.textContent = text;
  status.classList.toggle("error", error);
}

// A part of a passage: text, or [text, the question's word, cosine].
function part(piece) {
  if (typeof piece === "string") return piece;
  const [text, word, cosine] = piece;
  return element("ruby", { title: `${word}: ${cosine.toFixed(2)}` }, element("mark", {}, text), element("rt", { lang }, word));
}

function item({ docid, score, rank, doc, better_than_chance: better }) {
  const heading = element("h2", {}, doc.title || docid);
  const note = element("p", { class: "note", lang: "en" }, `${rank}. score ${score.toFixed(3)} · ${docid}`);
  if (!better) note.append(element("span", { class: "chance" }, " · no better than chance"));
  return element("li", { "data-docid": docid }, heading, note, element("p", { dir: "auto", class: "text" }, doc.text ?? doc));
}

function told({ query: { text }, read_as: readAs, known, candidates }) {
  if (!known) return "No word of it is known to the student or in the documents: nothing is shown.";
  const by = candidates.some((one) => one.better_than_chance) ? "" : " None is better than chance.";
  return `${candidates.length} hits.${readAs === text ? "" : ` Read as: ${readAs}`}${by}`;
}

async function mark(shown, text, number) {
  for (const one of shown) {
    const passage = await get(`marks/${encodeURIComponent(one.dataset.docid)}`, { query: text });
    if (number !== asked) return;
    if (passage.title.length) one.querySelector("h2").replaceChildren(...passage.title.map(part));
    one.querySelector(".text").replaceChildren(...passage.text.map(part));
  }
  hits.setAttribute("aria-busy", "false");
}

async function ask(text) {
  const number = ++asked;
  hits.replaceChildren();
  hits.setAttribute("aria-busy", "true");
  say("Searching …");
  try {
    const answer = await get("search", { query: text, hits: 10 });
    if (number !== asked) return;
    hits.replaceChildren(...answer.candidates.map(item));
    say(told(answer));
    await mark([...hits.children], text, number);
  } catch (error) {
    if (number === asked) say(error.message || "The server does not answer.", true);
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = query.value.trim();
  if (!text) return;
  history.pushState({}, "", `?${new URLSearchParams({ query: text })}`);
  ask(text);
});

function fromAddress() {
  query.value = new URLSearchParams(location.search).get("query") ?? "";
  if (query.value.trim()) ask(query.value.trim());
  else { asked++; hits.replaceChildren(); say(""); }
}

window.addEventListener("popstate", fromAddress);
fromAddress();
