// The page in which a person plays: puts the picture on the screen, and tells the machine what is held.

import { get, headers, post } from "./api.js";
import { Hands } from "./hands.js";
import { Stream } from "./stream.js";
import { $, number, setText } from "./text.js";

const HERE_EVERY_MS = 1000; // The machine pauses when it does not hear from us.
const LATENCIES = 31;
const TOAST_MS = 4000;
const HEADLINES = { waiting: "ready", paused: "paused", over: "game over" };
const BEGIN = { waiting: "play", paused: "go on", over: "play again" };

const player = crypto.getRandomValues(new Uint32Array(4)).join("-");
const screen = $("picture").getContext("2d", { alpha: false, desynchronized: true });
let held = [];
let state = "";
let messages = 0;
let seated = false; // We play, as far as we know: nobody else can, for as long as we say so.
let pressed = null; // The last message that began to hold something, and when: how long until it is seen is measured.
const latencies = [];

const about = await get("describe");
setText($("title"), about.title);
setText($("subtitle"), about.machine);
document.title = `quarterup: ${about.title}`;
$("screen").style.setProperty("--shape", about.shape);
const hands = new Hands(about.actions, hold, () => ask(state === "playing" ? "pause" : "begin"));
if (!about.may_control) {
  for (const id of ["begin", "asked", "touch"]) $(id).hidden = true;
  setText($("kept"), "This link is for watching.");
} else {
  setInterval(() => seated && say("hold", { number: messages++, held }), HERE_EVERY_MS);
}
new Stream("api/pictures", headers, { shown: show, changed: connection });

$("begin").onclick = () => ask("begin");
$("pause").onclick = () => ask(state === "playing" ? "pause" : "begin");
$("restart").onclick = () => ask("restart");
addEventListener("keydown", (event) => {
  if (event.repeat || event.ctrlKey && event.code !== "ControlLeft" || event.metaKey) return;
  if (event.code === "KeyP" || event.code === "Escape") ask(state === "playing" ? "pause" : "begin");
  else if (event.code === "KeyR") ask("restart");
  else if (event.code === "Enter" && state !== "playing") ask("begin");
  else return;
  event.preventDefault();
});
addEventListener("blur", away);
document.addEventListener("visibilitychange", () => document.hidden && away());
addEventListener("contextmenu", (event) => event.target.closest("#touch, #screen") && event.preventDefault());

function hold(now) {
  const more = now.some((name) => !held.includes(name));
  held = now;
  if (more && state === "playing") pressed = { number: messages, at: performance.now() };
  say("hold", { number: messages++, held });
}

function away() {
  hands.releaseAll();
  if (state === "playing") ask("pause");
}

function ask(wish) {
  document.activeElement?.blur?.();
  say("ask", { wish });
}

async function say(what, values) {
  if (!about.may_control) return;
  try {
    await post(what, { player, ...values });
    seated = true;
  } catch (error) {
    seated = false;
    toast(error.message);
  }
}

function toast(text) {
  setText($("toast"), text);
  $("toast").classList.add("shown");
  clearTimeout(toast.fading);
  toast.fading = setTimeout(() => $("toast").classList.remove("shown"), TOAST_MS);
}

function show(values, bitmap) {
  const { width, height } = $("picture");
  if (width !== bitmap.width || height !== bitmap.height) Object.assign($("picture"), { width: bitmap.width, height: bitmap.height });
  screen.drawImage(bitmap, 0, 0);
  if (pressed && values.number >= pressed.number) {
    const { at } = pressed;
    pressed = null;
    requestAnimationFrame((now) => measured(now - at));
  }
  state = values.state;
  document.body.dataset.state = state;
  $("picture").dataset.frame = values.frames;
  $("picture").dataset.held = values.held;
  setText($("score"), number(values.score));
  setText($("lives"), number(values.lives));
  setText($("level"), number(values.level + 1));
  $("curtain").hidden = state === "playing";
  if (state === "playing") return;
  setText($("headline"), HEADLINES[state]);
  setText($("note"), values.note || (state === "waiting" ? "Enter, or the start button of a gamepad" : ""));
  setText($("begin"), BEGIN[state]);
  if (values.kept) setText($("kept"), `${values.kept} ${values.kept === 1 ? "game" : "games"}, in ${about.demos}`);
}

function measured(latency) {
  latencies.push(latency);
  if (latencies.length > LATENCIES) latencies.shift();
  const middle = latencies.toSorted((a, b) => a - b)[latencies.length >> 1];
  setText($("latency"), `${Math.round(middle)} ms`);
  setText($("latency-unit"), "in the middle of the last presses");
  $("latency").dataset.all = latencies.map((ms) => ms.toFixed(1));
}

function connection(connected, why) {
  $("connection").dataset.state = connected ? "live" : "lost";
  setText($("connection").lastElementChild, connected ? "live" : why);
}
