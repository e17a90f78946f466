// A board to draw on, for images of one channel. The strokes are drawn again at the size of the model's input, in eight times
// its resolution, and averaged: grey levels at the edges of strokes, as in scans.

const FINE = 8;
const { height: HEIGHT, width: WIDTH } = model.image;
const BOX = model.drawing.box ?? [HEIGHT * 0.72, WIDTH * 0.72];

class Board {
  constructor() {
    this.strokes = []; // each {width, points: [[x, y], ...]}, in pixels of the model's input
    this.pen = Math.max(HEIGHT, WIDTH) / 11;
    this.bright = model.drawing.bright;
    this.fitted = Boolean(model.drawing.box);
    this.canvas = make("canvas", { id: "board", tabindex: "0", "aria-label": "Board: draw here" });
    const scale = Math.ceil(680 / Math.max(HEIGHT, WIDTH));
    this.canvas.width = WIDTH * scale;
    this.canvas.height = HEIGHT * scale;
    this.scale = scale;
    this.seen = make("canvas", { id: "seen", width: WIDTH, height: HEIGHT, "aria-label": "What the network sees" });
    const zoom = Math.max(1, Math.round(96 / Math.max(HEIGHT, WIDTH)));
    this.seen.style.width = `${WIDTH * zoom}px`;
    this.seen.style.height = `${HEIGHT * zoom}px`;
    this.asking = new Asking((rows) => ask(asked(rows)), (answer) => { if (this.strokes.length) showPrediction(answer.predictions[0]); });
    this.listen();
  }

  listen() {
    const at = (event) => {
      const box = this.canvas.getBoundingClientRect();
      return [((event.clientX - box.left) / box.width) * WIDTH, ((event.clientY - box.top) / box.height) * HEIGHT];
    };
    let stroke = null;
    this.canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      this.canvas.focus();
      this.canvas.setPointerCapture(event.pointerId);
      stroke = { width: this.pen, points: [at(event)] };
      this.strokes.push(stroke);
      this.changed();
    });
    this.canvas.addEventListener("pointermove", (event) => {
      if (!stroke) return;
      for (const each of event.getCoalescedEvents?.() ?? [event]) stroke.points.push(at(each));
      this.changed();
    });
    for (const end of ["pointerup", "pointercancel"]) this.canvas.addEventListener(end, () => { stroke = null; });
    document.addEventListener("keydown", (event) => {
      if ((event.ctrlKey || event.metaKey) && event.key === "z") this.undo();
      else if (event.key === "Escape") this.clear();
      else return;
      event.preventDefault();
    });
  }

  undo() { this.strokes.pop(); this.changed(); }
  clear() { this.strokes = []; this.changed(); }

  paint(canvas, place) {
    // Strokes on an empty ground; `place` maps the model's pixels to those of the canvas.
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.fillStyle = this.bright ? "#000" : "#fff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.setTransform(place.scale, 0, 0, place.scale, place.x, place.y);
    pen.strokeStyle = this.bright ? "#fff" : "#000";
    pen.lineCap = pen.lineJoin = "round";
    for (const { width, points } of this.strokes) {
      pen.lineWidth = width;
      pen.beginPath();
      pen.moveTo(...points[0]);
      for (const point of points.length > 1 ? points : [...points, points[0]]) pen.lineTo(...point);
      pen.stroke();
    }
    return pen;
  }

  pixels(place) {
    // Shares of ink, 0 to 1, of each pixel of the model's input.
    const fine = make("canvas", { width: WIDTH * FINE, height: HEIGHT * FINE });
    const data = this.paint(fine, { scale: place.scale * FINE, x: place.x * FINE, y: place.y * FINE })
      .getImageData(0, 0, fine.width, fine.height).data;
    const found = Array.from({ length: HEIGHT }, () => new Float64Array(WIDTH));
    for (let y = 0; y < fine.height; y++)
      for (let x = 0; x < fine.width; x++) {
        const level = data[4 * (y * fine.width + x)] / 255;
        found[Math.floor(y / FINE)][Math.floor(x / FINE)] += (this.bright ? level : 1 - level) / (FINE * FINE);
      }
    return found;
  }

  bounds() {
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (const { width, points } of this.strokes)
      for (const [x, y] of points) {
        left = Math.min(left, x - width / 2); right = Math.max(right, x + width / 2);
        top = Math.min(top, y - width / 2); bottom = Math.max(bottom, y + width / 2);
      }
    return { left, top, right, bottom };
  }

  prepared() {
    if (!this.fitted || !this.strokes.length) return this.pixels({ scale: 1, x: 0, y: 0 });
    const { left, top, right, bottom } = this.bounds();
    const scale = Math.min(BOX[0] / (bottom - top), BOX[1] / (right - left));
    const place = { scale, x: WIDTH / 2 - (scale * (left + right)) / 2, y: HEIGHT / 2 - (scale * (top + bottom)) / 2 };
    if (model.drawing.centre !== "mass") return this.pixels(place);
    const mass = centre(this.pixels(place));
    return this.pixels({ scale, x: place.x + WIDTH / 2 - mass.x, y: place.y + HEIGHT / 2 - mass.y });
  }

  changed() {
    this.paint(this.canvas, { scale: this.scale, x: 0, y: 0 });
    place("hint").hidden = this.strokes.length > 0;
    const ink = this.prepared();
    const levels = ink.map((row) => Array.from(row, (share) => (this.bright ? share : 1 - share)));
    this.show(levels);
    const white = model.image.white;
    const rows = levels.map((row) => row.map((level) => (white === 255 ? Math.round(level * 255) : Number((level * white).toFixed(4)))));
    const row = model.input_shape.length === 1 ? rows.flat() : model.input_shape.length === 3 ? rows.map((line) => line.map((value) => [value])) : rows;
    showCommand(asked([row]));
    if (this.strokes.length) { this.asking.now([row]); return; }
    this.asking.forget();
    place("result").replaceChildren(make("p", { class: "pale" }, "Nothing is drawn."));
  }

  show(levels) {
    const pen = this.seen.getContext("2d");
    const image = pen.createImageData(WIDTH, HEIGHT);
    levels.flat().forEach((level, at) => image.data.set([255 * level, 255 * level, 255 * level, 255], 4 * at));
    pen.putImageData(image, 0, 0);
  }
}

function centre(ink) {
  let [x, y, total] = [0, 0, 0];
  ink.forEach((row, line) => row.forEach((share, column) => {
    x += share * (column + 0.5); y += share * (line + 0.5); total += share;
  }));
  return total ? { x: x / total, y: y / total } : { x: WIDTH / 2, y: HEIGHT / 2 };
}

function drawingForm() {
  const board = new Board();
  const check = (text, name) => {
    const input = make("input", { type: "checkbox", onchange: () => { board[name] = input.checked; board.changed(); } });
    input.checked = board[name];
    return make("label", {}, input, " ", text);
  };
  const pen = make("input", {
    type: "range", min: "0.4", max: "2", step: "0.1", value: "1", "aria-label": "Width of the pen",
    oninput: () => { board.pen = (Math.max(HEIGHT, WIDTH) / 11) * Number(pen.value); },
  });
  place("question").append(
    make("h2", {}, "Draw"),
    make("div", { class: "board" }, board.canvas, make("div", { class: "empty", id: "hint" }, "draw here")),
    make("div", { class: "buttons" }, button("Clear", () => board.clear()), button("Undo", () => board.undo()), make("label", {}, "Pen ", pen)),
    make("div", { class: "buttons" }, check("scale and centre", "fitted"), check("bright on dark", "bright")),
    make("div", { class: "seen" }, board.seen, make("p", { class: "pale" }, `What the network sees: ${WIDTH} × ${HEIGHT} pixels. ${model.drawing.text}`)),
  );
  board.changed();
}

drawingForm();
