// What the agent expects of each action, and what it sees.

import { Features } from "./features.js";
import { decoded } from "./painter.js";
import { $, element, setText, sharpCanvas, short, widthOf } from "./text.js";

const HOPE_S = 30;
const COLOURS = { ink: "#e6e9f2", soft: "#8d96ad", faint: "#222838", amber: "#ffb52e" };
const NAMES = 84; // Pixels for the actions' names, left of the drawing.
const VALUES = 38; // For what each is worth: behind the names, or below them where rows are high enough for both.
const LEAST_CHANCE = 0.01; // Less likely outcomes do not widen the picture.

export class Mind {
  constructor() {
    this.about = { actions: [], features: [] };
    this.hopes = [];
    this.range = null;
  }

  setAbout(about) {
    this.about = about;
    this.features = null;
    this.forget();
  }

  // Another game is watched now.
  forget() {
    this.range = null;
    this.hopes = [];
  }

  show(mind) {
    this.#expect(mind);
    this.#hope(mind);
    if (mind.observation) this.#seeFeatures(mind.observation);
    else if (mind.view) this.#seeFrames(mind.view);
  }

  #expect({ beliefs, action }) {
    const canvas = $("expects");
    $("no-beliefs").hidden = true;
    const row = beliefs.chances ? 27 : 20;
    const left = beliefs.chances ? NAMES : NAMES + VALUES;
    const [width, height] = [widthOf(canvas), row * beliefs.values.length + 14];
    const context = sharpCanvas(canvas, width, height);
    const [low, high] = this.#range(beliefs);
    const x = (value) => left + (value - low) / (high - low) * (width - left - 6);
    context.textBaseline = "middle";
    drawScale(context, x, low, high, height);
    beliefs.values.forEach((value, index) => {
      const middle = row * index + row / 2;
      const chosen = index === action;
      context.font = `${chosen ? 600 : 400} 11px system-ui, sans-serif`;
      context.fillStyle = chosen ? COLOURS.amber : COLOURS.soft;
      context.fillText(this.about.actions[index]?.name ?? index, 0, middle - (beliefs.chances ? 6 : 0), NAMES - 6);
      context.font = "11px ui-monospace, Menlo, Consolas, monospace";
      context.fillStyle = chosen ? COLOURS.ink : COLOURS.soft;
      context.fillText(short(value), beliefs.chances ? 0 : NAMES, middle + (beliefs.chances ? 6 : 0));
      if (beliefs.chances) drawRidge(context, x, beliefs.returns, beliefs.chances[index], row * (index + 1) - 3, row - 5, chosen);
      else drawBar(context, x(Math.min(Math.max(0, low), high)), x(value), middle, chosen);
      context.fillStyle = chosen ? COLOURS.ink : COLOURS.soft;
      context.fillRect(x(value) - 1, row * index + 3, 2, row - 6);
    });
  }

  // What the best action was worth over the last seconds, and what came of it.
  #hope({ beliefs, time, score, lives }) {
    const before = this.hopes.at(-1);
    this.hopes.push({
      time, score, lives, value: Math.max(...beliefs.values), won: before && score > before.score, lost: before && lives < before.lives,
    });
    while (time - this.hopes[0].time > HOPE_S) this.hopes.shift();
    $("hope-legend").hidden = false;
    setText($("hope-span"), `the last ${HOPE_S} s`);
    const [width, height] = [widthOf($("hope")), 46];
    const context = sharpCanvas($("hope"), width, height);
    const values = this.hopes.map(({ value }) => value);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const x = (at) => width - (time - at) / HOPE_S * width;
    const y = (value) => 4 + (high - value) / Math.max(high - low, 1e-6) * (height - 10);
    for (const { time: at, won, lost } of this.hopes) {
      context.fillStyle = lost ? "#ff5a4f" : "#6ee07f";
      if (lost) context.fillRect(x(at) - 1, 0, 2, height);
      else if (won) context.fillRect(x(at), height - 6, 2, 6);
    }
    context.beginPath();
    this.hopes.forEach(({ time: at, value }) => context.lineTo(x(at), y(value)));
    context.strokeStyle = COLOURS.amber;
    context.lineWidth = 1.5;
    context.stroke();
    context.fillStyle = COLOURS.soft;
    context.font = "10px ui-monospace, Menlo, Consolas, monospace";
    context.fillText(short(high), 0, 9);
    context.fillText(short(low), 0, height - 2);
  }

  // What is drawn from left to right. It follows slowly, so that the eye is not lost.
  #range({ values, returns, chances }) {
    const likely = returns ? returns.filter((_, k) => chances.some((row) => row[k] > LEAST_CHANCE)) : values;
    let [low, high] = [Math.min(...likely, ...values), Math.max(...likely, ...values)];
    const room = Math.max(high - low, 1e-3) * 0.06;
    [low, high] = [low - room, high + room];
    const pull = (old, wanted, outward) => outward ? wanted : old + (wanted - old) * 0.1;
    this.range = this.range
      ? [pull(this.range[0], low, low < this.range[0]), pull(this.range[1], high, high > this.range[1])]
      : [low, high];
    return this.range;
  }

  #seeFeatures(values) {
    setText($("sees-unit"), `${values.length} numbers`);
    this.features ??= new Features($("sees"), this.about.features, values.length);
    this.features.show(values);
  }

  #seeFrames(view) {
    setText($("sees-unit"), `${view.layers} pictures of ${view.width} × ${view.height / view.layers}, the newest last`);
    if (!this.frames?.isConnected) {
      this.frames = element("canvas", { className: "pictures", width: view.width, height: view.height, role: "img", ariaLabel: "what the agent sees" });
      $("sees").replaceChildren(this.frames);
    }
    decoded(view.png).then((bitmap) => {
      this.frames.getContext("2d", { alpha: false }).drawImage(bitmap, 0, 0);
      bitmap.close();
    });
  }
}

function drawScale(context, x, low, high, height) {
  const step = 10 ** Math.floor(Math.log10((high - low) / 2));
  const every = (high - low) / step > 6 ? step * 2 : step;
  context.font = "10px ui-monospace, Menlo, Consolas, monospace";
  context.textAlign = "center";
  for (let value = Math.ceil(low / every) * every; value <= high; value += every) {
    context.fillStyle = COLOURS.faint;
    context.fillRect(x(value), 0, 1, height - 13);
    context.fillStyle = "#5c657d";
    if (x(value) < widthOf(context.canvas) - 12) context.fillText(short(Number(value.toPrecision(4))), x(value), height - 5);
  }
  context.textAlign = "left";
}

function drawBar(context, from, to, middle, chosen) {
  context.fillStyle = chosen ? COLOURS.amber : "#245a66";
  context.fillRect(Math.min(from, to), middle - 5, Math.max(1, Math.abs(to - from)), 10);
}

function drawRidge(context, x, returns, chances, bottom, room, chosen) {
  const top = Math.max(...chances, 0.05);
  const half = (x(returns[1]) - x(returns[0])) / 2;
  context.save();
  context.beginPath();
  context.rect(NAMES, bottom - room - 4, widthOf(context.canvas), room + 4);
  context.clip();
  context.beginPath();
  context.moveTo(x(returns[0]) - half, bottom);
  returns.forEach((value, k) => {
    const y = bottom - chances[k] / top * room;
    const width = k ? (x(value) - x(returns[k - 1])) / 2 : half;
    context.lineTo(x(value) - width, y);
    context.lineTo(x(value) + (k + 1 < returns.length ? (x(returns[k + 1]) - x(value)) / 2 : half), y);
  });
  context.lineTo(x(returns.at(-1)) + half, bottom);
  context.fillStyle = chosen ? "#ffb52ecc" : "#2b6f7d99";
  context.fill();
  context.restore();
}
