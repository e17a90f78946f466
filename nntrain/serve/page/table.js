// A field for each column of a table, and a place for several rows as CSV.

const MANY = 24; // columns, from which a filter helps

const DATES = { month: ["month", "2024-01"], date: ["date", "2024-01-31"], "date-time": ["datetime-local", "2024-01-31T18:30"], time: ["time", "18:30"] };

function rounded(value, std) {
  // To two digits of the standard deviation.
  return String(Number(value.toFixed(Math.min(12, Math.max(0, 1 - Math.floor(Math.log10(std)))))));
}

function field(column, changed) {
  const id = `column-${model.columns.indexOf(column)}`;
  const label = make("label", { for: id }, column.name);
  if (column.type === "category") {
    const select = make("select", { id, onchange: changed }, ...column.categories.map((name) => make("option", { value: name }, name)));
    if (model.missing_values) select.append(make("option", { value: "" }, "(missing)"));
    return { box: make("div", { class: "field" }, label, select), value: () => (model.missing_values && select.selectedIndex === column.categories.length ? null : select.value) };
  }
  if (column.type in DATES) {
    const [type, at] = DATES[column.type];
    const input = make("input", { id, type, value: at, onchange: changed });
    return { box: make("div", { class: "field" }, label, input), value: () => input.value || null };
  }
  if (column.type === "text") {
    const input = make("textarea", { id, rows: 3, oninput: changed });
    return { box: make("div", { class: "field" }, label, input), value: () => input.value || null };
  }
  const known = column.std > 0;
  const input = make("input", { id, type: "number", step: "any", value: known ? rounded(column.mean, column.std) : "0", oninput: () => { if (slider) slider.value = input.value; changed(); } });
  const slider = known && make("input", {
    type: "range", min: column.mean - 3 * column.std, max: column.mean + 3 * column.std, step: "any", value: input.value, "aria-label": column.name,
    oninput: () => { input.value = rounded(Number(slider.value), column.std); changed(); },
  });
  const [low, high] = [-2, 2].map((times) => known && rounded(column.mean + times * column.std, column.std));
  const hint = known ? [slider, make("span", { class: "pale" }, `mostly ${low} to ${high}`.replaceAll("-", "−"))] : [];
  return { box: make("div", { class: "field" }, label, input, ...hint), value: () => (input.value === "" ? null : Number(input.value)) };
}

function tableForm() {
  const asking = new Asking((rows) => ask(asked(rows)), (answer) => showPrediction(answer.predictions[0]));
  const changed = () => {
    const row = Object.fromEntries(fields.map(({ value }, at) => [model.columns[at].name, value()]));
    showCommand(asked([row]));
    asking.now([row]);
  };
  const fields = model.columns.map((column) => field(column, changed));
  const filter = make("input", {
    type: "search", placeholder: `find one of ${fields.length} columns`, "aria-label": "Find a column",
    oninput: () => fields.forEach(({ box }, at) => { box.hidden = !model.columns[at].name.toLowerCase().includes(filter.value.toLowerCase()); }),
  });
  place("question").append(
    make("h2", {}, "One row"),
    ...(fields.length > MANY ? [make("div", { class: "buttons" }, filter)] : []),
    make("div", { class: "fields" }, ...fields.map(({ box }) => box)),
  );
  document.body.classList.add("table");
  severalRows(fields);
  changed();
}

function severalRows(fields) {
  const quoted = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const names = model.columns.map(({ name }) => quoted(name)).join(",");
  const first = fields.map(({ value }) => quoted(String(value() ?? ""))).join(",");
  const area = make("textarea", { rows: "5", spellcheck: "false", "aria-label": "Rows as CSV" });
  area.value = `${names}\n${first}\n`;
  const found = make("div", {}), problem = make("p", { role: "alert" });
  const chosen = make("input", { type: "file", accept: ".csv,.tsv,.txt,text/csv", "aria-label": "CSV file", onchange: async () => { area.value = await chosen.files[0].text(); send(); } });
  async function send() {
    problem.textContent = "";
    try {
      const answer = await ask(area.value, "text/csv", model.probabilities ? "?probabilities=true" : "");
      found.replaceChildren(predictionTable(answer.predictions));
    } catch (error) {
      problem.textContent = error.message;
      found.replaceChildren();
    }
  }
  place("rows").append(make("details", {},
    make("summary", {}, "Several rows"),
    make("p", { class: "pale" }, "CSV with the names of the columns; paste it from a spreadsheet, or choose a file."),
    area,
    make("div", { class: "buttons" }, button("Predict", send, true), chosen),
    problem, found));
}

tableForm();
