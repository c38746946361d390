// The live game: its picture, or a wall of all; the score; and a control panel that shows what the agent holds.

import { $, buttonLabel, element, number, setText } from "./text.js";

export const ALL = -1;
const CRT = 4 / 3; // Nearly every arcade monitor, upright or not.

export class Game {
  constructor(choose) {
    this.choose = choose; // (env) => void
    this.env = 0;
    this.about = { actions: [], num_envs: 0 };
    this.screens = new Map();
  }

  setAbout(about) {
    if (JSON.stringify(about) === this.seen) return;
    this.seen = JSON.stringify(about);
    this.about = about;
    this.#drawChoice();
    this.#drawButtons();
    this.#clear();
  }

  shows(env) {
    return this.env === ALL || env === this.env;
  }

  // The picture of a game, as a bitmap, at the machine's own size. The browser enlarges it while it puts the page
  // together, which costs the least.
  show(game, bitmap) {
    if (!this.shows(game.env)) return;
    const screen = this.screens.get(game.env) ?? this.#makeScreen(game.env, bitmap);
    screen.getContext("2d", { alpha: false }).drawImage(bitmap, 0, 0);
    screen.dataset.frame = game.frame;
    bitmap.close();
    this.#count(game);
  }

  // Everything else about it.
  tell(game) {
    const caption = this.screens.get(game.env)?.caption;
    if (caption) setText(caption, `${game.env + 1} · ${number(game.score)}`);
    if (!game.picture) this.#count(game);
    if (game.env !== Math.max(this.env, 0)) return;
    const action = this.about.actions[game.action];
    if (!action) return;
    setText($("action"), action.name);
    setText($("chosen-by"), chosenBy(game));
    this.#hold(action.inputs);
  }

  select(env) {
    this.env = env;
    this.#clear();
    for (const button of $("env-choice").children) button.setAttribute("aria-pressed", Number(button.dataset.env) === env);
    this.choose(env);
  }

  // Score and lives are those of the picture.
  #count(game) {
    if (game.env !== Math.max(this.env, 0)) return;
    setText($("game-score"), number(game.score));
    setText($("game-lives"), number(game.lives));
    setText($("game-level"), game.level === undefined ? "–" : number(game.level + 1));
  }

  #clear() {
    this.screens.clear();
    $("screen").replaceChildren(element("p", { className: "empty", textContent: "Waiting for a picture…" }));
    $("screen").classList.toggle("wall", this.env === ALL);
  }

  #drawChoice() {
    const count = this.about.num_envs;
    const envs = [...Array(Math.min(count, 8)).keys()];
    const buttons = envs.map((env) => [env, String(env + 1)]);
    if (count > 1) buttons.push([ALL, "all"]);
    $("env-choice").replaceChildren(...buttons.map(([env, text]) => {
      const button = element("button", { textContent: text, onclick: () => this.select(env) });
      button.dataset.env = env;
      button.setAttribute("aria-pressed", env === this.env);
      return button;
    }));
  }

  #makeScreen(env, { width, height }) {
    const screen = element("canvas", { className: "live", width, height, role: "img", ariaLabel: `the game in emulator ${env + 1}` });
    screen.style.aspectRatio = width > height ? CRT : 1 / CRT;
    $("screen").style.setProperty("--shape", screen.style.aspectRatio);
    this.screens.set(env, screen);
    if (this.env === ALL) this.#hang();
    else $("screen").replaceChildren(screen);
    return screen;
  }

  // All pictures side by side, in as many columns as make them largest.
  #hang() {
    const canvases = [...this.screens].sort(([a], [b]) => a - b);
    const { clientWidth, clientHeight } = $("screen");
    const shape = canvases[0][1].width > canvases[0][1].height ? CRT : 1 / CRT;
    const count = this.about.num_envs;
    const widths = [...Array(count).keys()].map((i) => Math.min(clientWidth / (i + 1), clientHeight / Math.ceil(count / (i + 1)) * shape));
    const columns = widths.indexOf(Math.max(...widths)) + 1;
    const part = widths[columns - 1] / clientWidth * 100 - 1.5; // Less what lies between them.
    $("screen").style.gridTemplate = `none / repeat(${columns}, ${part}%)`;
    $("screen").replaceChildren(...canvases.map(([env, canvas]) => {
      canvas.caption = element("figcaption");
      return element("figure", { onclick: () => this.select(env) }, canvas, canvas.caption);
    }));
  }

  #drawButtons() {
    const held = this.about.actions.flatMap((action) => action.inputs);
    this.buttons = new Map();
    $("buttons").replaceChildren(...[...new Set(held)].filter((name) => !direction(name)).map((name) => {
      const button = element("i", { title: name, textContent: buttonLabel(name) });
      this.buttons.set(name, button);
      return button;
    }));
    $("stick").style.display = held.some(direction) ? "" : "none";
  }

  #hold(inputs) {
    let [x, y] = [0, 0];
    for (const [dx, dy] of inputs.map(direction).filter(Boolean)) {
      x += dx;
      y += dy;
    }
    $("lever").style.transform = `translate(${x * 15}px, ${y * 15}px)`;
    for (const [name, button] of this.buttons) button.classList.toggle("held", inputs.includes(name));
  }
}

function direction(name) {
  const word = name.toLowerCase().match(/\b(left|right|up|down)\b/)?.[1];
  return { left: [-1, 0], right: [1, 0], up: [0, -1], down: [0, 1] }[word];
}

function chosenBy(game) {
  if (game.expert) return "the rules' choice";
  return game.action === game.best ? "its best" : "exploring";
}
