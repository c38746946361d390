// What can be done to a run from the page: controls with their keys, and schedules.

import { post } from "./api.js";
import { $, element, setText, short } from "./text.js";

export class Steering {
  constructor(run, asked) {
    this.run = run; // () => number
    this.asked = asked; // () => nothing: something is about to change
    this.rows = new Map();
    $("schedules-button").onclick = () => $("schedules").showModal();
    $("log-button").onclick = () => $("log").showModal();
    $("help-button").onclick = () => $("help").showModal();
    document.addEventListener("keydown", (event) => this.#key(event));
    for (const dialog of document.querySelectorAll("dialog")) {
      dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close());
    }
  }

  setControls(controls, mayControl) {
    this.controls = mayControl ? controls : [];
    this.mayControl = mayControl;
    $("schedules-button").hidden = !mayControl;
    this.buttons = new Map(this.controls.map((control) => {
      const button = element("button", { title: control.help, onclick: () => this.#ask(control) }, element("kbd", { textContent: control.key }), control.label);
      return [control.name, button];
    }));
    $("controls").replaceChildren(...this.buttons.values());
    const keys = [["h", "this help"], ...this.controls.map(({ key, help }) => [key, help])];
    $("keys").replaceChildren(...keys.map(([key, text]) => element("tr", {}, element("td", {}, element("kbd", { textContent: key })), element("td", { textContent: text }))));
  }

  // What the run says about its controls, and its schedules as they are.
  show(progress) {
    for (const [name, isOn] of Object.entries(switches(progress.steering))) {
      this.buttons?.get(name)?.setAttribute("aria-pressed", isOn);
    }
    if (!this.mayControl) return;
    for (const [name, schedule] of Object.entries(progress.schedules ?? {})) {
      if (!this.rows.has(name)) this.#addRow(name, schedule);
      const { now, input } = this.rows.get(name);
      setText(now, short(schedule.now));
      if (document.activeElement !== input && input.dataset.was !== schedule.text) input.value = input.dataset.was = schedule.text;
    }
  }

  toast(text) {
    setText($("toast"), text);
    $("toast").classList.add("shown");
    clearTimeout(this.fading);
    this.fading = setTimeout(() => $("toast").classList.remove("shown"), 2500);
  }

  #addRow(name) {
    const [now, input] = [element("output"), element("input", { name, spellcheck: false, autocomplete: "off", ariaLabel: name })];
    const form = element("form", {}, element("label", { textContent: name.replaceAll("_", " ") }), now, input, element("button", { textContent: "set" }));
    form.onsubmit = (event) => { event.preventDefault(); this.#adjust(name, input); };
    this.rows.set(name, { now, input });
    $("schedule-rows").append(form);
  }

  async #adjust(name, input) {
    try {
      await post("adjust", { run: this.run(), changes: { [name]: input.value } });
      input.dataset.was = "";
      input.blur();
      this.asked();
      setText($("schedule-answer"), `${name.replaceAll("_", " ")}: asked for. The events say when it is done.`);
    } catch (error) {
      setText($("schedule-answer"), error.message);
    }
  }

  async #ask(control) {
    try {
      await post("control", { run: this.run(), name: control.name });
      this.toast(control.label);
      this.asked();
    } catch (error) {
      this.toast(error.message);
    }
  }

  #key(event) {
    const typing = event.target.closest("input, select, textarea");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const pressed = event.key === " " ? "space" : event.key;
    const control = this.controls?.find(({ key }) => key === pressed);
    if (control) this.#ask(control);
    else if (event.key === "h") $("help").open ? $("help").close() : $("help").showModal();
    else return;
    event.preventDefault();
  }
}

export function showEvents(events) {
  const newest = events.filter(({ kind }) => kind !== "saved").at(-1) ?? events.at(-1);
  if (!newest) return;
  setText($("ticker"), inWords(newest));
  const rows = [...events].reverse().map(({ env_step, kind, text }) => element("li", {},
    element("span", { textContent: short(env_step) }), element("span", { textContent: kind }), element("span", { textContent: text })));
  $("log-rows").replaceChildren(...rows);
}

// The controls that are switches, and how they stand.
function switches(steering) {
  if (!steering) return {};
  const { paused, learning, exploring, speed, verbosity } = steering;
  return { pause: paused, learning, explore: exploring, speed: speed !== null, verbose: verbosity > 0 };
}

function inWords({ env_step, kind, text }) {
  return `step ${short(env_step)}: ${kind}${text ? ` · ${text.split("\n")[0]}` : ""}`;
}
