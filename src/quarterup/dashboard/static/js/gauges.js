// The training in numbers, twice a second.

import { $, duration, element, number, setText, short } from "./text.js";

const SHARES = [
  ["act", "choosing actions", "#a98bff"],
  ["emulators", "emulators", "#4cd3e0"],
  ["held", "waiting for the learner", "#ff5c93"],
  ["other", "other", "#4a5268"],
];

// Label, value, small print, how full a bar is, colour.
const GAUGES = {
  frames: (p) => ["frames a second", short(p.rates.frames_per_s), `${short(p.frames)} in all`],
  updates: (p) => ["updates a second", short(p.rates.updates_per_s), `${short(p.updates)} in all`],
  mean: (p) => ["mean of last 100", short(p.mean_score), p.best_mean_score === null ? "" : `at best ${short(p.best_mean_score)}`, , "var(--amber)"],
  best: (p) => ["best game", short(p.best_score), "", , "var(--amber)"],
  episodes: (p) => ["games", short(p.episodes), `in ${duration(p.wall_s)}`],
  emulators: (p) => ["emulators", number(p.emulators), p.emulators_replaced ? `${p.emulators_replaced} replaced` : "none replaced", , p.emulators_replaced ? "var(--red)" : undefined],
  epsilon: (p, run) => ["random actions", percent(p.schedules?.epsilon?.now), run.noisy ? "and noisy weights" : "epsilon", p.schedules?.epsilon?.now],
  expert: (p) => ["the rules choose", percent(p.expert_ratio), "expert ratio", p.expert_ratio],
  rate: (p) => ["step size", short(p.schedules?.learning_rate?.now), "learning rate"],
  replay: (p) => p.replay_fill === null ? ["replay", "none", "learns on the go"] : ["replay", percent(p.replay_fill), "full", p.replay_fill],
  ratio: (p) => ["updates a step", p.rates.env_steps_per_s ? short(p.rates.updates_per_s / p.rates.env_steps_per_s) : "–", p.learns_beside ? "beside the game" : "between steps"],
  inference: (p) => ["choosing takes", p.rates.env_steps_per_s ? `${(p.rates.act / p.rates.env_steps_per_s * p.emulators * 1000).toFixed(2)}` : "–", "ms a step"],
};

export class Gauges {
  // run: {noisy}
  constructor(run) {
    this.run = run;
    this.tiles = Object.fromEntries(Object.keys(GAUGES).map((name) => {
      const [label, value, more, bar] = [element("span"), element("b"), element("small"), element("i")];
      const tile = element("div", { className: "gauge" }, label, value, more, bar);
      tile.dataset.gauge = name;
      return [name, { tile, label, value, more, bar }];
    }));
    $("gauges").replaceChildren(...Object.values(this.tiles).map(({ tile }) => tile));
    this.shares = SHARES.map(([name, label, colour]) => {
      const [bar, text] = [element("i"), element("span")];
      bar.style.background = colour;
      const dot = element("i");
      dot.style.background = colour;
      $("shares").append(bar);
      $("shares-legend").append(element("span", {}, dot, text));
      return { name, label, bar, text };
    });
    this.learner = $("shares-legend").appendChild(element("span"));
  }

  show(progress) {
    for (const [name, { tile, label, value, more, bar }] of Object.entries(this.tiles)) {
      const [title, text, small, fill, colour] = GAUGES[name](progress, this.run);
      setText(label, title);
      setText(value, text);
      setText(more, small);
      bar.style.width = `${(fill ?? 0) * 100}%`;
      tile.style.setProperty("--colour", colour ?? "");
    }
    const { rates } = progress;
    const shares = { ...rates, other: Math.max(0, 1 - rates.act - rates.emulators - rates.held) };
    for (const { name, label, bar, text } of this.shares) {
      bar.style.width = percent(shares[name]);
      setText(text, `${label} ${percent(shares[name])}`);
    }
    setText(this.learner, progress.learns_beside ? `learner busy ${percent(rates.learn)}` : "");
    this.#journey(progress);
  }

  #journey(progress) {
    const done = progress.total_env_steps ? progress.env_steps / progress.total_env_steps : 0;
    $("journey-bar").style.width = `${Math.min(1, done) * 100}%`;
    setText($("phase"), progress.steering?.paused ? "paused" : progress.phase);
    setText($("journey-steps"), `${number(progress.env_steps)} of ${number(progress.total_env_steps)} steps`);
    setText($("time-left"), progress.seconds_left === null ? "" : `${duration(progress.seconds_left)} left`);
  }
}

function percent(share) {
  if (share === null || share === undefined) return "–";
  return `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)}%`;
}
