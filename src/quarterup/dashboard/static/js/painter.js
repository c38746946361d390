// When what the server sends is drawn: in step with the display, together, and only the newest of each kind.

// A PNG in base64 as a bitmap, decoded beside everything else. Whoever asked closes it.
export function decoded(png) {
  const text = atob(png);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return createImageBitmap(new Blob([bytes], { type: "image/png" }));
}

export class Painter {
  constructor() {
    this.waiting = new Map();
  }

  // Draw at the display's next frame, or, to save frames, with whatever is drawn within `patience` milliseconds.
  // A browser that cannot keep up skips what has become old.
  paint(kind, draw, patience = 0) {
    const waited = this.waiting.has(kind);
    this.waiting.set(kind, draw);
    if (!patience) this.#ask();
    else if (!waited) setTimeout(() => this.waiting.has(kind) && this.#ask(), patience);
  }

  #ask() {
    this.asked ??= requestAnimationFrame(() => {
      this.asked = undefined;
      const news = [...this.waiting.values()];
      this.waiting.clear();
      for (const draw of news) draw();
    });
  }
}
