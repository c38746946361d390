// What a person holds: by keyboard, gamepad and touch, together, as the names of the machine's inputs.

import { $, buttonLabel, element } from "./text.js";

const DIRECTIONS = ["left", "right", "up", "down"];
const DIRECTION_KEYS = [
  { left: ["ArrowLeft", "KeyA"], right: ["ArrowRight", "KeyD"], up: ["ArrowUp", "KeyW"], down: ["ArrowDown", "KeyS"] },
  { left: ["KeyJ"], right: ["KeyL"], up: ["KeyI"], down: ["KeyK"] }, // of a second stick
];
const BUTTON_KEYS = [["Space", "ControlLeft"], ["KeyX", "AltLeft"], ["KeyC", "ShiftLeft"], ["KeyV"], ["KeyB"], ["KeyN"], ["Digit1"], ["Digit2"], ["Digit3"], ["Digit4"]];
const KEY_NAMES = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", ControlLeft: "Ctrl", AltLeft: "Alt", ShiftLeft: "Shift" };
const ARROWS = { left: "←", right: "→", up: "↑", down: "↓" };
const STICK = 0.5; // how far a stick has to be pushed
const PAD_DIRECTIONS = { up: 12, down: 13, left: 14, right: 15 };
const PAD_START = 9;

export class Hands {
  constructor(actions, changed, begin) {
    this.changed = changed; // (held) => void
    this.begin = begin; // start was pressed on a gamepad
    this.held = []; // in the order in which they were pressed
    this.sources = { keys: new Set(), pad: new Set(), touch: new Set() };
    this.inputs = assigned([...new Set(actions.flatMap((action) => action.inputs))]);
    this.byKey = new Map(this.inputs.flatMap((input) => input.keys.map((key) => [key, input.name])));
    addEventListener("keydown", (event) => this.#key(event, true));
    addEventListener("keyup", (event) => this.#key(event, false));
    addEventListener("gamepadconnected", () => this.#poll());
    this.#drawKeys();
    this.#drawTouch();
  }

  releaseAll() {
    for (const source of Object.values(this.sources)) source.clear();
    this.#update();
  }

  #key(event, down) {
    const name = this.byKey.get(event.code);
    if (!name || event.metaKey || event.target.closest?.("input, select")) return;
    event.preventDefault();
    if (!event.repeat) this.#set("keys", name, down);
  }

  #set(source, name, down) {
    if (down) this.sources[source].add(name);
    else this.sources[source].delete(name);
    this.#update();
  }

  #update() {
    const now = new Set(Object.values(this.sources).flatMap((source) => [...source]));
    const held = this.held.filter((name) => now.has(name));
    for (const name of now) if (!held.includes(name)) held.push(name);
    if (held.join() === this.held.join()) return;
    this.held = held;
    for (const { name, row, touch } of this.inputs) {
      row.classList.toggle("held", now.has(name));
      touch?.classList.toggle("held", now.has(name));
    }
    this.changed(held);
  }

  #poll() {
    const pads = navigator.getGamepads().filter(Boolean);
    if (!pads.length) return this.#padIs(new Set(), false);
    const pressed = (index) => pads.some((pad) => pad.buttons[index]?.pressed);
    const pushed = (axis, sign) => pads.some((pad) => (pad.axes[axis] ?? 0) * sign > STICK);
    const on = new Set();
    for (const { name, direction, stick, button } of this.inputs) {
      const axis = 2 * stick + (direction === "up" || direction === "down" ? 1 : 0);
      const sign = direction === "left" || direction === "up" ? -1 : 1;
      const held = direction ? pushed(axis, sign) || (!stick && pressed(PAD_DIRECTIONS[direction])) : pressed(button < PAD_START - 1 ? button : button + 1);
      if (held) on.add(name);
    }
    this.#padIs(on, pressed(PAD_START));
    requestAnimationFrame(() => this.#poll());
  }

  #padIs(on, start) {
    this.sources.pad = on;
    this.#update();
    if (start && !this.started) this.begin();
    this.started = start;
  }

  #drawKeys() {
    $("keys").replaceChildren(...this.inputs.map((input) => {
      const keys = input.keys.map((key) => element("kbd", { textContent: KEY_NAMES[key] ?? key.replace(/^(Key|Digit)/, "") }));
      return input.row = element("tr", {}, element("td", {}, ...keys), element("td", { textContent: input.name }));
    }));
  }

  #drawTouch() {
    const directions = this.inputs.filter(({ direction, stick }) => direction && !stick);
    const flat = directions.every(({ direction }) => direction === "left" || direction === "right");
    const pad = element("div", { className: flat ? "pad flat" : "pad" });
    const places = { up: "1 / 2", left: "2 / 1", right: "2 / 3", down: "3 / 2" };
    for (const input of directions) {
      input.touch = element("i", { textContent: ARROWS[input.direction] });
      input.touch.style.gridArea = flat ? "auto" : places[input.direction];
      pad.append(input.touch);
    }
    const buttons = element("div", { className: "buttons" });
    for (const input of this.inputs.filter(({ direction }) => !direction)) {
      buttons.append(input.touch = element("i", { textContent: buttonLabel(input.name) }));
    }
    $("touch").replaceChildren(pad, buttons);
    $("touch").hidden = !matchMedia("(pointer: coarse)").matches;
    for (const kind of ["pointerdown", "pointermove", "pointerup", "pointercancel"]) {
      $("touch").addEventListener(kind, (event) => this.#finger(event, kind));
    }
    this.fingers = new Map();
  }

  // A finger holds what it is on, also after it slid there.
  #finger(event, kind) {
    event.preventDefault();
    if (kind === "pointerdown") $("touch").setPointerCapture(event.pointerId);
    if (kind === "pointerup" || kind === "pointercancel") this.fingers.delete(event.pointerId);
    else if (kind === "pointerdown" || this.fingers.has(event.pointerId)) {
      const under = document.elementFromPoint(event.clientX, event.clientY);
      this.fingers.set(event.pointerId, this.inputs.find(({ touch }) => touch && touch === under)?.name);
    }
    this.sources.touch = new Set([...this.fingers.values()].filter(Boolean));
    this.#update();
  }
}

// Each input with its keys, and what it is on a gamepad.
function assigned(names) {
  const sticks = { left: 0, right: 0, up: 0, down: 0 };
  let buttons = 0;
  const inputs = names.map((name) => {
    const direction = name.toLowerCase().match(/\b(left|right|up|down)$/)?.[1] ?? null;
    if (direction && sticks[direction] < DIRECTION_KEYS.length) {
      const stick = sticks[direction]++;
      return { name, direction, stick, keys: DIRECTION_KEYS[stick][direction] };
    }
    return { name, direction: null, button: buttons, keys: BUTTON_KEYS[buttons++] ?? [] };
  });
  const order = ({ direction }) => (direction ? DIRECTIONS.indexOf(direction) : DIRECTIONS.length);
  return inputs.sort((a, b) => order(a) - order(b));
}
