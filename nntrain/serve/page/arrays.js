// Samples of any other shape, as JSON.

function arrayForm() {
  const area = make("textarea", { rows: "10", spellcheck: "false", "aria-label": "Request as JSON", oninput: () => showCommand(area.value) });
  area.value = JSON.stringify(model.example);
  async function send() {
    complain(null);
    try {
      const { predictions } = await ask(area.value);
      if (predictions.length === 1) showPrediction(predictions[0]);
      else place("result").replaceChildren(predictionTable(predictions));
    } catch (error) {
      complain(error);
    }
  }
  place("question").append(
    make("h2", {}, "Samples"),
    make("p", { class: "pale" }, `A list of samples of shape ${model.input_shape.join(" × ")}, as nested lists.`),
    area,
    make("div", { class: "buttons" }, button("Predict", send, true)),
  );
  showCommand(area.value);
}

arrayForm();
