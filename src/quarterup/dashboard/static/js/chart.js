// One chart: curves over steps or time, events as upright lines, other players as dashed ones.

import uPlot from "../vendor/uPlot.js";
import { element, setText, short } from "./text.js";

const SOFT = "#8d96ad";
const GRID = { stroke: "#1d2333", width: 1 };
const FONT = "10px ui-monospace, Menlo, Consolas, monospace";
const EVENT_COLOURS = { adjusted: "#a98bff", control: "#a98bff", best: "#6ee07f", "emulator died": "#ff5a4f", trouble: "#ff5a4f", resumed: "#4cd3e0" };
const LABELLED = new Set(["adjusted", "control", "best", "emulator died", "trouble", "resumed"]);

export class Chart {
  // definition: {title, series: [{name, label, colour, dots, width, axis}], references}
  constructor(parent, definition, axis, zoom) {
    this.definition = definition;
    this.axis = axis;
    this.zoom = zoom; // (low, high) in steps or seconds, or nothing for all
    this.overlays = [];
    this.events = [];
    this.references = {};
    this.parent = parent;
    this.label = element("div", { className: "name" }, definition.title);
    this.values = definition.series.map((one) => {
      const value = element("b");
      value.style.color = one.colour;
      this.label.append(value);
      return value;
    });
    parent.append(this.label);
    new ResizeObserver(() => this.plot?.setSize(this.#size())).observe(parent);
  }

  show({ series, events, references }, overlays, range) {
    this.events = events;
    this.references = this.definition.references ? references : {};
    const curves = [
      ...this.definition.series.map((one) => ({ ...one, data: series[one.name] })),
      ...overlays.flatMap(({ colour, label, series: theirs }) => this.definition.series
        .filter((one) => one.overlaid)
        .map((one) => ({ ...one, label, colour, dash: [5, 3], data: theirs[one.name] }))),
    ].map((one) => ({ ...one, data: one.data ?? { env_steps: [], wall_s: [], values: [] } }));
    const data = uPlot.join(curves.map(({ data: one }) => {
      const points = this.axis.of(one).map((x, i) => [x, one.values[i]]).sort(([a], [b]) => a - b);
      return [points.map(([x]) => x), points.map(([, y]) => y)];
    }));
    this.range = range;
    const shape = curves.map((one) => one.name + one.label).join() + this.axis.by + this.axis.past;
    if (this.shape !== shape) this.#make(curves, data);
    else this.plot.setData(data);
    this.shape = shape;
    this.#tellNewest(curves);
  }

  #make(curves, data) {
    this.plot?.destroy();
    const axes = [...new Set(curves.map((one) => one.axis ?? "y"))];
    const options = {
      ...this.#size(),
      legend: { show: false },
      padding: [18, axes.length > 1 ? 0 : 8, 0, 0],
      cursor: { sync: { key: "quarterup", scales: ["x", null] }, drag: { x: true, y: false, setScale: false }, points: { size: 5 } },
      scales: {
        x: { time: false, range: (_, low, high) => this.range ?? (low === high ? [low - 1, high + 1] : [low, high]) },
        ...Object.fromEntries(axes.map((name) => [name, { range: (_, low, high) => this.#yRange(name, low, high) }])),
      },
      axes: [this.#xAxis(), ...axes.slice(0, 2).map((name, i) => yAxis(name, i, curves))],
      series: [{}, ...curves.map(curve)],
      hooks: {
        draw: [(plot) => this.#drawLines(plot)],
        setCursor: [(plot) => this.#tell(plot)],
        setSelect: [(plot) => this.#select(plot)],
      },
    };
    this.curves = curves;
    this.plot = new uPlot(options, data, this.parent);
    this.plot.over.addEventListener("dblclick", () => this.zoom());
  }

  #size() {
    return { width: Math.max(60, this.parent.clientWidth), height: Math.max(60, this.parent.clientHeight) };
  }

  #xAxis() {
    const splits = this.axis.past === "log" ? { splits: (_, __, low, high) => this.axis.splits(low, high) } : {};
    return {
      stroke: SOFT, font: FONT, grid: GRID, ticks: { ...GRID, size: 4 }, size: 20, gap: 2, space: 54, ...splits,
      values: (_, places) => places.map((place) => this.axis.text(this.axis.back(place))),
    };
  }

  #yRange(name, low, high) {
    if (low === null || low === undefined) return [0, 1];
    const others = name === "y" ? Object.values(this.references) : [];
    const [least, most] = [Math.min(low, ...others), Math.max(high, ...others)];
    if (least === most) return most ? [Math.min(0, 2 * most), Math.max(0, 2 * most)] : [0, 1];
    const room = (most - least) * 0.07;
    return [least >= 0 && least < most / 2 ? 0 : least - room, most + room];
  }

  #select(plot) {
    const { left, width } = plot.select;
    if (width < 4) return;
    const [low, high] = [plot.posToVal(left, "x"), plot.posToVal(left + width, "x")];
    plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
    this.zoom(this.axis.back(low), this.axis.back(high));
  }

  // In the chart's title: the values under the cursor, else the newest.
  #tell(plot) {
    const index = plot.cursor.idx;
    if (index === null || index === undefined) return this.#tellNewest(this.curves);
    this.#say(this.curves, (_, i) => near(plot.data[i + 1], index));
  }

  #tellNewest(curves) {
    this.#say(curves, (one) => one.data.values.at(-1));
  }

  #say(curves, valueOf) {
    curves.slice(0, this.values.length).forEach((one, i) => {
      const value = one.dots ? undefined : valueOf(one, i);
      setText(this.values[i], value === undefined || value === null ? "" : `${one.label} ${short(value)}`);
    });
  }

  #drawLines(plot) {
    const { ctx, bbox } = plot;
    const ratio = uPlot.pxRatio;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.font = `${9.5 * ratio}px system-ui, sans-serif`;
    ctx.textAlign = "left";
    ctx.textBaseline = "alphabetic";
    for (const [name, value] of Object.entries(this.references)) this.#drawReference(plot, name, value, ratio);
    let free = -Infinity;
    for (const event of this.events) {
      const x = plot.valToPos(this.axis.place(this.axis.by === "time" ? event.wall_s : event.env_step), "x", true);
      const colour = EVENT_COLOURS[event.kind];
      const shown = colour && (this.definition.references || event.kind !== "best"); // Frequent: in the scores' chart only.
      if (!shown || x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.fillStyle = colour + (event.kind === "best" ? "50" : "aa");
      ctx.fillRect(Math.round(x), bbox.top, Math.max(1, ratio), bbox.height);
      if (!this.definition.references || !LABELLED.has(event.kind) || x < free) continue;
      const text = ["adjusted", "control"].includes(event.kind) ? event.text.split(",")[0].slice(0, 34) : event.kind;
      ctx.fillStyle = colour;
      ctx.fillText(text, x + 3 * ratio, bbox.top + bbox.height - 4 * ratio);
      free = x + ctx.measureText(text).width + 8 * ratio;
    }
    ctx.restore();
  }

  #drawReference(plot, name, value, ratio) {
    const { ctx, bbox } = plot;
    const y = Math.round(plot.valToPos(value, "y", true));
    ctx.strokeStyle = ctx.fillStyle = "#c9cfdf";
    ctx.globalAlpha = 0.7;
    ctx.setLineDash([2 * ratio, 3 * ratio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.setLineDash([]);
    const text = `${name === "expert" ? "rules" : name} ${short(value)}`;
    ctx.fillText(text, bbox.left + bbox.width - ctx.measureText(text).width - 3 * ratio, y - 3 * ratio);
    ctx.globalAlpha = 1;
  }
}

function near(values, index) {
  for (let away = 0; away < 50; away++) {
    const value = values[index - away] ?? values[index + away];
    if (value !== null && value !== undefined) return value;
  }
  return null;
}

function curve({ colour, dots, width, dash, axis }) {
  const shared = { stroke: colour, scale: axis ?? "y", spanGaps: true, dash };
  if (!dots) return { ...shared, width: width ?? 1.5, points: { show: false } };
  return { ...shared, paths: () => null, points: { show: true, size: 3, width: 0, fill: colour, stroke: colour } };
}

function yAxis(scale, place, curves) {
  const stroke = place ? curves.find((one) => one.axis === scale)?.colour : SOFT;
  return {
    scale, stroke, font: FONT, side: place ? 1 : 3, grid: place ? { show: false } : GRID, ticks: { show: false }, size: place ? 38 : 42,
    gap: 4, space: 26, values: (_, values) => values.map(short),
  };
}
