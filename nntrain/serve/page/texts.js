// A text to classify.

function textsForm() {
  const area = make("textarea", { id: "sample", rows: "6", oninput: () => { showCommand(asked([area.value])); later(); } });
  area.value = model.example.rows[0];
  const asking = new Asking(() => ask(asked([area.value])), ({ predictions }) => showPrediction(predictions[0]));
  let waiting = null;
  function later() {
    clearTimeout(waiting);
    waiting = setTimeout(() => asking.now(area.value), 300);
  }
  place("question").append(
    make("h2", {}, make("label", { for: "sample" }, "Text")),
    area,
    make("div", { class: "buttons" }, button("Predict", () => asking.now(area.value), true)),
  );
  showCommand(asked([area.value]));
}

textsForm();
