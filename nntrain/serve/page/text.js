// A prompt, and how it is continued.

function textForm() {
  const number = (id, label, attributes) => {
    const input = make("input", { id, type: "number", ...attributes });
    return [input, make("div", { class: "field" }, make("label", { for: id }, label), input)];
  };
  const prompt = make("textarea", { id: "prompt", rows: "5" });
  prompt.value = model.example.prompt;
  const [length, lengthField] = number("length", `Length (${model.text.unit}s)`, { min: 1, max: model.limits.rows, value: 200 });
  const [topK, topKField] = number("top-k", "Top k", { min: 1, placeholder: "all" });
  const [seed, seedField] = number("seed", "Seed", { value: 0 });
  const shown = make("span", {}, "0.8");
  const temperature = make("input", { id: "temperature", type: "range", min: "0", max: "2", step: "0.05", value: "0.8", oninput: () => { shown.textContent = temperature.value; question(); } });
  const go = button("Continue", send, true);

  function question() {
    const asked = { prompt: prompt.value, length: Number(length.value), temperature: Number(temperature.value), seed: Number(seed.value) };
    if (topK.value) asked.top_k = Number(topK.value);
    const text = JSON.stringify(asked);
    showCommand(text);
    return text;
  }

  async function send() {
    go.disabled = true;
    complain(null);
    const given = prompt.value;
    try {
      const { text, warnings } = await ask(question());
      const rest = text.startsWith(given) ? text.slice(given.length) : text;
      const story = make("pre", { class: "story", tabindex: "0" }, make("span", { class: "given" }, text.slice(0, text.length - rest.length)), rest);
      place("result").replaceChildren(story, ...(warnings ?? []).map((line) => make("p", { class: "pale" }, line)),
        make("div", { class: "buttons" }, button("Use as the next prompt", () => { prompt.value = text; prompt.focus(); question(); })));
    } catch (error) {
      complain(error);
    }
    go.disabled = false;
  }

  for (const input of [prompt, length, topK, seed]) input.addEventListener("input", question);
  prompt.addEventListener("keydown", (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send(); });
  place("question").append(
    make("h2", {}, make("label", { for: "prompt" }, "Prompt")),
    prompt,
    make("div", { class: "buttons" }, go, make("span", { class: "pale" }, "Ctrl+Enter")),
    make("div", { class: "fields" }, lengthField,
      make("div", { class: "field" }, make("label", { for: "temperature" }, "Temperature: ", shown), temperature, make("span", { class: "pale" }, "0: greedy decoding")),
      topKField, seedField),
  );
  document.querySelector("#answer h2").textContent = "Continuation";
  document.body.classList.add("wide");
  question();
}

textForm();
