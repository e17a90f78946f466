// What the page does for every kind of model: asks the server, and shows predictions, errors and the request as a command.
"use strict";

const model = JSON.parse(document.getElementById("model").textContent);
const place = (id) => document.getElementById(id);
const ALL_BARS = 12, TOP_BARS = 10, ROWS_SHOWN = 100;

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

function button(text, action, main = false) {
  return make("button", { type: "button", class: main ? "main" : null, onclick: action }, text);
}

async function ask(body, type = "application/json", query = "") {
  // The answer as an object; throws an Error with the server's own words.
  const begun = performance.now();
  let response;
  try {
    response = await fetch("predict" + query, { method: "POST", headers: { "Content-Type": type, Accept: "application/json" }, body });
  } catch {
    throw new Error("The server does not answer.");
  }
  const answer = await response.json();
  place("time").textContent = `${Math.round(performance.now() - begun)} ms`;
  if (!response.ok) throw new Error(answer.hint ? `${answer.error}\n${answer.hint}` : answer.error);
  return answer;
}

function complain(error) {
  place("error").textContent = error ? error.message : "";
  place("error").hidden = !error;
}

class Asking {
  // One request at a time; of those that wait meanwhile only the last one is sent.
  constructor(send, show) {
    Object.assign(this, { send, show, busy: false, waiting: null });
  }
  async now(question) {
    if (this.busy) { this.waiting = { question }; return; }
    this.busy = true;
    try {
      this.show(await this.send(question));
      complain(null);
    } catch (error) {
      complain(error);
    }
    this.busy = false;
    const next = this.waiting;
    this.waiting = null;
    if (next) this.now(next.question);
  }
  forget() { this.waiting = null; }
}

const percent = (share) => (share > 0 && share < 0.001 ? "<0.1%" : `${(100 * share).toFixed(1)}%`);
const short = (value) => (typeof value === "number" ? String(Number(value.toPrecision(6))) : String(value ?? "none"));

// The answer for a target; of one of several that is a class with its probability.
function answerFor(found, name) {
  const share = found.probabilities?.[name]?.[found[name]];
  return short(found[name]) + (share === undefined ? "" : ` (${percent(share)})`);
}

function showPrediction(found) {
  const parts = [];
  if ("class" in found && model.classes) {
    parts.push(make("p", { class: "winner" }, found.class ?? "no prediction"));
    if (found.probabilities) parts.push(bars(found.probabilities));
  } else {
    const rows = model.targets.map((name) => make("tr", {}, make("th", { scope: "row" }, name), make("td", {}, answerFor(found, name))));
    parts.push(model.targets.length === 1
      ? make("p", { class: "winner" }, `${model.targets[0]}: ${answerFor(found, model.targets[0])}`)
      : make("table", {}, ...rows));
  }
  place("result").replaceChildren(...parts);
}

function bars(shares) {
  let names = model.classes;
  const best = names.reduce((a, b) => (shares[b] > shares[a] ? b : a));
  if (names.length > ALL_BARS) names = [...names].sort((a, b) => shares[b] - shares[a]).slice(0, TOP_BARS);
  const box = make("div", { class: "bars" });
  for (const name of names) {
    const strong = name === best ? " best" : "";
    const bar = make("div", { class: "bar" });
    bar.style.width = `${100 * shares[name]}%`;
    box.append(
      make("span", { class: "name" + strong, title: name }, name),
      make("div", { class: "track", "aria-hidden": "true" }, bar),
      make("span", { class: "share" + strong }, percent(shares[name])),
    );
  }
  if (names.length === model.classes.length) return box;
  return make("div", {}, box, make("p", { class: "pale" }, `the ${names.length} likeliest of ${model.classes.length} classes`));
}

function predictionTable(predictions) {
  // The first rows, with the probability of the predicted class.
  const names = [...new Set(predictions.flatMap(Object.keys))].filter((name) => name !== "probabilities");
  const shares = model.classes && predictions.some((found) => found.probabilities);
  const cells = (found) => [
    ...names.map((name) => make("td", {}, model.classes ? short(found[name]) : answerFor(found, name))),
    ...(shares ? [make("td", {}, found.probabilities ? percent(found.probabilities[found.class]) : "")] : []),
  ];
  const head = ["row", ...names, ...(shares ? ["probability"] : [])];
  const rows = predictions.slice(0, ROWS_SHOWN).map((found, row) => make("tr", {}, make("td", {}, String(row + 1)), ...cells(found)));
  const table = make("table", {}, make("thead", {}, make("tr", {}, ...head.map((name) => make("th", { scope: "col" }, name)))), make("tbody", {}, ...rows));
  const more = predictions.length > ROWS_SHOWN ? `the first ${ROWS_SHOWN} of ${predictions.length} predictions` : "";
  return make("div", {}, make("div", { class: "scroll", tabindex: "0" }, table), make("p", { class: "pale" }, more));
}

const asked = (rows) => JSON.stringify(model.probabilities ? { rows, probabilities: true } : { rows });

function showCommand(data, type = "application/json") {
  const address = new URL("predict", location.href).href;
  const quoted = data.startsWith("@") ? data : `'${data.replaceAll("'", "'\\''")}'`;
  place("curl").textContent = `curl ${address} -H 'content-type: ${type}' --data-binary ${quoted}`;
}
