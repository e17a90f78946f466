// Image files: chosen, dropped or pasted; the server resizes them as the training images were.

function imageForm() {
  const pictures = make("div", { class: "pictures" });
  const input = make("input", { type: "file", accept: "image/*", multiple: true, "aria-label": "Image files", onchange: () => add(input.files) });
  const drop = make("div", { class: "drop" }, make("p", {}, "Drop or paste images here, or choose files."), input);
  const { width, height, channels } = model.image;
  place(model.drawing ? "rows" : "question").append(
    make("h2", {}, "Image files"),
    drop,
    make("p", { class: "pale" }, `The server resizes them to ${width} × ${height} pixels ${channels === 1 ? "in grey" : "in colour"}, as in training.`),
    pictures,
  );

  const select = (chosen, answer, error) => {
    for (const each of pictures.children) each.setAttribute("aria-pressed", String(each === chosen));
    complain(error);
    if (answer) showPrediction(answer);
    else place("result").replaceChildren();
  };

  async function add(files) {
    for (const file of [...files].filter((each) => each.type.startsWith("image/"))) {
      const label = make("span", {}, "...");
      const image = make("img", { src: URL.createObjectURL(file), alt: file.name });
      let answer = null, problem = null;
      const card = button("", () => select(card, answer, problem));
      card.append(image, label, make("span", { class: "pale" }, file.name));
      pictures.prepend(card);
      showCommand(`@${file.name}`, file.type);
      try {
        answer = (await ask(file, file.type, model.probabilities ? "?probabilities=true" : "")).predictions[0];
        label.textContent = answer.class ?? short(answer[model.targets[0]]);
      } catch (error) {
        problem = error;
        label.textContent = "no prediction";
      }
      select(card, answer, problem);
    }
    input.value = "";
  }

  drop.addEventListener("dragover", (event) => { event.preventDefault(); drop.classList.add("over"); });
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => { event.preventDefault(); drop.classList.remove("over"); add(event.dataTransfer.files); });
  document.addEventListener("paste", (event) => add(event.clipboardData.files));
  if (!place("curl").textContent) showCommand("@photo.png", "image/png");
}

imageForm();
