// The numbers that the agent sees, all on one canvas: as lines of text in the page they took the browser longer than
// everything else on it.

import { element, sharpCanvas, widthOf } from "./text.js";

const COLOURS = { ink: "#e6e9f2", name: "#b4bcd0", bar: "#1d5561", negativeBar: "#6b2a44", well: "#222838", up: "#4cd3e0", down: "#ff5c93" };
const FONT = "10.5px ui-monospace, Menlo, Consolas, \"DejaVu Sans Mono\", monospace";
const ROW = 15; // Heights in CSS pixels.
const HEADING = 19;
const PROFILE = 26;
const GAP = 12; // Between the two columns.
const VALUE = 6; // Characters for a number.
const MANY = 4; // So many with numbered names, such as column_0 to column_10, are drawn together as one profile.

export class Features {
  // features: what the training says of each: {name, meaning, low, high}
  constructor(parent, features, count) {
    this.features = Array.from({ length: count }, (_, index) => features[index] ?? { name: String(index), low: -1, high: 1 });
    const groups = grouped(this.features);
    this.rows = groups.filter(({ count: many }) => many < MANY).flatMap(({ first, count: many }) => [...Array(many).keys()].map((i) => first + i));
    this.profiles = groups.filter(({ count: many }) => many >= MANY);
    this.canvas = element("canvas", { className: "numbers", role: "img", ariaLabel: `the ${count} numbers that the agent sees` });
    this.canvas.onpointermove = ({ offsetX, offsetY }) => { this.canvas.title = this.#meaningAt(offsetX, offsetY); };
    parent.replaceChildren(this.canvas);
  }

  show(values) {
    const width = widthOf(this.canvas);
    const context = sharpCanvas(this.canvas, width, this.#profilesTop() + this.profiles.length * (HEADING + PROFILE));
    context.font = FONT;
    context.textBaseline = "middle";
    const letter = context.measureText("0").width;
    this.rows.forEach((index, place) => this.#drawRow(context, this.#placeOf(place, width), letter, this.features[index], values[index]));
    this.profiles.forEach(({ base, first, count }, place) => {
      const top = this.#profilesTop() + place * (HEADING + PROFILE);
      context.fillStyle = COLOURS.name;
      context.fillText(`${base} × ${count}`, 0, top + HEADING / 2);
      drawProfile(context, top + HEADING, width, values.slice(first, first + count));
    });
  }

  #drawRow(context, { x, y, width }, letter, { name, low, high }, value) {
    const part = Math.min(1, Math.abs(value) / Math.max(Math.abs(low), Math.abs(high), 1e-9));
    context.fillStyle = value < 0 ? COLOURS.negativeBar : COLOURS.bar;
    context.fillRect(x, y + 1, part * width, ROW - 2);
    context.fillStyle = COLOURS.name;
    context.fillText(shortened(name, Math.floor(width / letter) - VALUE), x, y + ROW / 2);
    context.fillStyle = COLOURS.ink;
    const text = value.toFixed(2);
    context.fillText(text, x + width - text.length * letter, y + ROW / 2);
  }

  // From left to right, then down, as one reads.
  #placeOf(place, width) {
    const column = (width - GAP) / 2;
    return { x: (place % 2) * (column + GAP), y: Math.floor(place / 2) * ROW, width: column };
  }

  #profilesTop() {
    return Math.ceil(this.rows.length / 2) * ROW;
  }

  #meaningAt(x, y) {
    const width = widthOf(this.canvas);
    if (y >= this.#profilesTop()) {
      const { first } = this.profiles[Math.floor((y - this.#profilesTop()) / (HEADING + PROFILE))] ?? {};
      return first === undefined ? "" : `${inWords(this.features[first])}\n…`;
    }
    const index = this.rows[Math.floor(y / ROW) * 2 + (x > width / 2 ? 1 : 0)];
    return index === undefined ? "" : inWords(this.features[index]);
  }
}

function grouped(features) {
  const groups = [];
  features.forEach(({ name }, index) => {
    const base = name.match(/^(.+)_[+-]?\d+$/)?.[1];
    const last = groups.at(-1);
    if (base && last?.base === base) last.count += 1;
    else groups.push({ base, first: index, count: 1 });
  });
  return groups;
}

function inWords({ name, meaning }) {
  return meaning ? `${name}: ${meaning}` : name;
}

function shortened(name, letters) {
  return name.length > letters ? `${name.slice(0, letters - 1)}…` : name;
}

function drawProfile(context, top, width, values) {
  const step = width / values.length;
  const signed = values.some((value) => value < 0);
  const zero = top + (signed ? PROFILE / 2 : PROFILE - 1);
  values.forEach((value, i) => {
    context.fillStyle = COLOURS.well;
    context.fillRect(i * step + 0.5, top + (signed ? 0 : 1), step - 1.5, PROFILE - 1);
    context.fillStyle = value < 0 ? COLOURS.down : COLOURS.up;
    const length = value * (signed ? PROFILE / 2 : PROFILE - 2);
    context.fillRect(i * step + 0.5, length > 0 ? zero - length : zero, step - 1.5, Math.abs(length));
  });
}
