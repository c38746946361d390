// The page: what is connected to what.

import { Live, get } from "./api.js";
import { Charts } from "./charts.js";
import { Game } from "./game.js";
import { Gauges } from "./gauges.js";
import { Mind } from "./mind.js";
import { Painter, decoded } from "./painter.js";
import { Steering, showEvents } from "./steering.js";
import { $, duration, setText } from "./text.js";

const FRESH_S = 5; // Progress older than this is no news.
const ENDS = { finished: "finished", stopped: "stopped" };

const state = { run: 0, connected: false, progress: null, came: 0, last: "" };
const game = new Game(() => { mind.forget(); watch(); });
const mind = new Mind();
const run = { noisy: false };
const gauges = new Gauges(run);
const charts = new Charts();
const steering = new Steering(() => state.run, () => charts.expectNews());
const painter = new Painter();
const live = new Live({ about, progress, game: played, mind: thought }, (connected) => {
  state.connected = connected;
  tellConnection();
});

function about(values) {
  game.setAbout(values);
  mind.setAbout(values);
}

function progress(values) {
  state.progress = values;
  state.age = Math.max(0, Date.now() / 1000 - values.time);
  state.came = performance.now();
  painter.paintSoon("progress", () => {
    gauges.show(values);
    steering.show(values);
    tellConnection();
  });
}

async function played(values) {
  painter.paintSoon(`game ${values.env}`, () => game.tell(values));
  if (!values.picture || !game.shows(values.env)) return;
  const bitmap = await decoded(values.picture);
  painter.paint(`picture ${values.env}`, () => game.show(values, bitmap));
}

function thought(values) {
  if (values.env === Math.max(game.env, 0)) painter.paintSoon("mind", () => mind.show(values));
}

function watch() {
  live.watch({ run: state.run, env: game.env, rate: $("rate").value });
}

function tellConnection() {
  const [kind, text] = connection();
  $("connection").dataset.state = kind;
  setText($("connection").lastElementChild, text);
  if (kind !== "over") return;
  setText($("phase"), text);
  setText($("time-left"), "");
}

function connection() {
  if (!state.connected) return ["lost", "connection lost"];
  if (!state.progress) return ["waiting", ENDS[state.last] ?? "no news yet"];
  const age = state.age + (performance.now() - state.came) / 1000;
  if (ENDS[state.last]) return ["over", ENDS[state.last]];
  return age < FRESH_S ? ["live", "live"] : ["quiet", `no news for ${duration(age)}`];
}

async function begin() {
  watch();
  const { runs, own, controls, may_control: mayControl } = await get("describe");
  const { name, game: played, agent, machine } = runs[0];
  document.title = `${name} · quarterup`;
  setText($("title"), `${played.replaceAll("_", " ")} · ${agent}`);
  setText($("subtitle"), [name, machine.emulator, machine.rom_status && `ROM: ${machine.rom_status}`, mayControl ? "" : "watching only"].filter(Boolean).join(" · "));
  run.noisy = runs[0].settings.agent_settings?.noisy ?? false;
  steering.setControls(controls, mayControl);
  charts.setRuns(runs, own);
  charts.refresh();
}

charts.onevents = (events) => {
  state.last = events.filter(({ kind }) => kind !== "saved" && kind !== "best").at(-1)?.kind ?? "";
  showEvents(events);
  tellConnection();
};
$("rate").oninput = () => setText($("rate-text"), `${$("rate").value}/s`);
$("rate").onchange = watch;
setInterval(tellConnection, 1000);
// A page that nobody sees asks for nothing.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return live.stop();
  watch();
  charts.refresh();
});

begin().catch((error) => {
  setText($("title"), error.message);
  $("connection").dataset.state = "lost";
  setText($("connection").lastElementChild, "not connected");
});
