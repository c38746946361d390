// Numbers and times as people read them.

export const $ = (id) => document.getElementById(id);

export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

// What stands on a button: "2" of "P1 Button 2", "A" of "P1 A".
export function buttonLabel(input) {
  return input.match(/\d+$/)?.[0] ?? input.split(" ").at(-1);
}

export function number(value, digits = 0) {
  if (value === null || value === undefined) return "–";
  return value.toLocaleString("en", { maximumFractionDigits: digits });
}

// 12,345 as 12.3k.
export function short(value) {
  if (value === null || value === undefined) return "–";
  const size = Math.abs(value);
  if (size >= 1e9) return trimmed(value / 1e9) + "G";
  if (size >= 1e6) return trimmed(value / 1e6) + "M";
  if (size >= 1e4) return trimmed(value / 1e3) + "k";
  if (size >= 100 || Number.isInteger(value)) return number(value);
  return size >= 1 ? value.toFixed(1) : size >= 0.01 ? value.toFixed(2).replace(/0+$/, "") : small(value);
}

// 0.00025 as 2.5e-4.
function small(value) {
  return value === 0 ? "0" : value.toExponential(1).replace(".0e", "e");
}

function trimmed(value) {
  return String(Number(value.toPrecision(3)));
}

export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${String(s % 60).padStart(2, "0")}`;
  if (s < 172800) return `${Math.floor(s / 3600)} h ${String(Math.floor((s % 3600) / 60)).padStart(2, "0")}`;
  return `${(s / 86400).toFixed(1)} days`;
}

export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// How wide canvases are on the page. Asking for it each time would have the browser lay out the page each time.
const widths = new WeakMap();
const resized = new ResizeObserver((entries) => entries.forEach(({ target, contentRect }) => widths.set(target, contentRect.width)));

export function widthOf(canvas) {
  if (!widths.get(canvas)) {
    widths.set(canvas, canvas.clientWidth);
    resized.observe(canvas);
  }
  return widths.get(canvas);
}

// A canvas as sharp as the display is, cleared; its size in CSS pixels.
export function sharpCanvas(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}
