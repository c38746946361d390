// How env steps, or seconds of training, become places on a chart's x axis: even, or the longer ago the closer together.

import { duration, short } from "./text.js";

const DETAIL = 1000; // The newest part of so many is drawn evenly even where the past is pressed together.

export class XAxis {
  constructor() {
    this.by = "steps"; // or "time"
    this.past = "even"; // or "log"
    this.newest = 1;
  }

  of(series) {
    return (this.by === "time" ? series.wall_s : series.env_steps).map((x) => this.place(x));
  }

  place(x) {
    if (this.past === "even") return x;
    return -Math.log10(1 + Math.max(0, this.newest - x) / this.#unit());
  }

  back(place) {
    if (this.past === "even") return place;
    return this.newest - (10 ** -place - 1) * this.#unit();
  }

  text(x) {
    if (this.past === "log") {
      const age = this.newest - x;
      return age <= 0 ? "now" : `-${this.#amount(age)}`;
    }
    return this.#amount(x);
  }

  // Places of the labels, for the past pressed together; uPlot finds those of an even axis.
  splits(low, high) {
    const ages = this.by === "time"
      ? [0, 10, 60, 600, 3600, 6 * 3600, 24 * 3600, 7 * 86400]
      : [0, ...Array.from({ length: 9 }, (_, power) => 10 ** (power + 2))];
    return ages.map((age) => this.place(this.newest - age)).filter((place) => place >= low && place <= high).reverse();
  }

  #amount(x) {
    return this.by === "time" ? duration(x).replace(" min 00", " min").replace(" h 00", " h") : short(x);
  }

  #unit() {
    return Math.max(1, this.newest / DETAIL);
  }
}
