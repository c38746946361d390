// All charts of a run, with one x axis for all of them, and other runs drawn over them.

import { get } from "./api.js";
import { XAxis } from "./axes.js";
import { Chart } from "./chart.js";
import { $, element } from "./text.js";

const REFRESH_S = { least: 4, most: 15, part: 1 / 60 }; // So much of a training's time makes a difference on a chart.
const ANSWER_MS = 1500; // What was asked of a training is an event by then.
const OVERLAY_COLOURS = ["#6ee07f", "#ff5c93", "#4cd3e0", "#a98bff", "#e6e9f2"];
const DEFINITIONS = [
  {
    place: "chart-score", title: "score", references: true, series: [
      { name: "score", colour: "#ffb52e80", dots: true },
      { name: "score/10", label: "10", colour: "#b98a3e", width: 1 },
      { name: "score/100", label: "100", colour: "#ffb52e", width: 2, overlaid: true },
      { name: "score/1000", label: "1,000", colour: "#ffe2a8", width: 2 },
    ],
  },
  { title: "game length", series: [{ name: "length", colour: "#4cd3e066", dots: true }, { name: "length/100", label: "mean", colour: "#4cd3e0", overlaid: true }] },
  { title: "value", series: [{ name: "q", label: "expected", colour: "#a98bff", overlaid: true }, { name: "return", label: "target", colour: "#6ee07f" }] },
  { title: "", series: [{ name: "speed/frames_per_s", label: "frames/s", colour: "#4cd3e0", overlaid: true }, { name: "speed/updates_per_s", label: "updates/s", colour: "#ff5c93", axis: "second" }] },
  { title: "loss", series: [{ name: "loss", label: "", colour: "#ff5c93", overlaid: true }] },
  { title: "gradient norm", series: [{ name: "gradient_norm", label: "", colour: "#ffb52e", overlaid: true }] },
  {
    title: "", series: [
      { name: "learning_rate", label: "step size", colour: "#6ee07f", overlaid: true },
      { name: "epsilon", label: "ε", colour: "#a98bff", axis: "second" },
      { name: "expert_ratio", label: "rules", colour: "#8d96ad", axis: "second" },
    ],
  },
];
const NAMES = DEFINITIONS.flatMap((definition) => definition.series.map((one) => one.name));

export class Charts {
  constructor() {
    this.run = 0;
    this.axis = new XAxis();
    this.range = null; // [low, high] in steps or seconds
    this.trained_s = 0;
    this.others = new Map(); // run number -> {name, colour}
    this.charts = DEFINITIONS.map((definition) => {
      const parent = definition.place ? $(definition.place) : $("small-charts").appendChild(element("div", { className: "chart" }));
      return new Chart(parent, definition, this.axis, (low, high) => this.zoom(low, high));
    });
    this.#choice("x-choice", "x", (by) => { this.axis.by = by; this.zoom(); });
    this.#choice("past-choice", "past", (past) => { this.axis.past = past; this.zoom(); });
    $("zoom-out").onclick = () => this.zoom();
    $("compare").onchange = (event) => this.#compare(event.target);
  }

  // Soon: something is about to happen.
  expectNews() {
    setTimeout(() => this.refresh(), ANSWER_MS);
  }

  setRuns(runs, own) {
    this.runs = runs;
    for (let number = 1; number < own; number++) this.#overlay(number);
    this.#offer();
  }

  zoom(low, high) {
    this.range = low === undefined ? null : [low, high];
    $("zoom-out").hidden = !this.range;
    this.refresh();
  }

  async refresh() {
    const turn = this.turn = (this.turn ?? 0) + 1;
    clearTimeout(this.next);
    if (document.hidden) return; // Whoever shows the page again asks again.
    const points = Math.min(1200, Math.max(200, $("chart-score").clientWidth));
    const parameters = { names: NAMES.join(), points, x: this.axis.by };
    if (this.range) Object.assign(parameters, { from: this.range[0], to: this.range[1] });
    try {
      const numbers = [this.run, ...this.others.keys()];
      const [own, ...theirs] = await Promise.all(numbers.map((run) => get("charts", { ...parameters, run })));
      if (turn !== this.turn) return; // Something newer was asked for meanwhile.
      this.#draw(own, theirs.map((one, i) => ({ ...[...this.others.values()][i], ...one })));
      this.onevents?.(own.events);
    } catch (error) {
      console.warn("charts:", error.message); // The connection's light says so too.
    }
    const pause_s = Math.min(Math.max(this.trained_s * REFRESH_S.part, REFRESH_S.least), REFRESH_S.most);
    if (turn === this.turn) this.next = setTimeout(() => this.refresh(), pause_s * 1000);
  }

  #draw(own, theirs) {
    const all = [own, ...theirs].flatMap(({ series }) => Object.values(series));
    const newest = all.map((one) => (this.axis.by === "time" ? one.wall_s : one.env_steps).at(-1) ?? 0);
    this.axis.newest = Math.max(1, ...newest);
    this.trained_s = Math.max(0, ...Object.values(own.series).map(({ wall_s }) => wall_s.at(-1) ?? 0));
    const shown = this.range ?? [0, this.axis.newest];
    const range = shown.map((x) => this.axis.place(x));
    for (const chart of this.charts) chart.show(own, theirs, range);
    document.body.dataset.charts = "ready";
  }

  #choice(id, key, choose) {
    $(id).onclick = ({ target }) => {
      if (!target.dataset[key]) return;
      for (const button of $(id).children) button.setAttribute("aria-pressed", button === target);
      choose(target.dataset[key]);
    };
  }

  #compare(select) {
    if (select.value) this.#overlay(Number(select.value));
    select.value = "";
    this.#offer();
    this.refresh();
  }

  #overlay(number) {
    const used = [...this.others.values()].map(({ colour }) => colour);
    const colour = OVERLAY_COLOURS.find((one) => !used.includes(one)) ?? OVERLAY_COLOURS[0];
    this.others.set(number, { colour, label: this.runs[number].name });
  }

  #offer() {
    const free = this.runs.map((run, number) => [run.name, number]).filter(([, number]) => number !== this.run && !this.others.has(number));
    $("compare").replaceChildren(element("option", { value: "", textContent: "compare with…" }),
      ...free.map(([name, number]) => element("option", { value: number, textContent: name })));
    $("compare").hidden = !free.length;
    $("overlays").replaceChildren(...[...this.others].map(([number, { colour, label }]) => {
      const remove = () => { this.others.delete(number); this.#offer(); this.refresh(); };
      const button = element("button", { textContent: `${label} ×`, title: "draw it no longer", onclick: remove });
      button.style.color = colour;
      return button;
    }));
  }
}
