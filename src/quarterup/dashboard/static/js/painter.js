// When what the server sends is drawn: in step with the display, together, and only the newest of each kind.

// A PNG in base64 as a bitmap, decoded beside everything else. Whoever asked closes it.
export function decoded(png) {
  const text = atob(png);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return createImageBitmap(new Blob([bytes], { type: "image/png" }));
}

const SOON_MS = 280; // Numbers need not be drawn as often as pictures come.
const PATIENCE_MS = 150; // So long they wait for a picture to be drawn with.

export class Painter {
  constructor() {
    this.waiting = new Map();
    this.numbers = new Map();
    this.next = 0;
  }

  // Draw at the display's next frame. A browser that cannot keep up skips what has become old.
  paint(kind, draw) {
    this.waiting.set(kind, draw);
    this.#ask();
  }

  // Draw with all else that is drawn so, every `SOON_MS`, if possible in a frame that a picture needs anyway.
  paintSoon(kind, draw) {
    this.numbers.set(kind, draw);
    this.timer ??= setTimeout(() => this.#ask(), Math.max(0, this.next - performance.now()) + PATIENCE_MS);
  }

  #ask() {
    this.asked ??= requestAnimationFrame(() => {
      this.asked = undefined;
      const news = [...this.waiting.values()];
      this.waiting.clear();
      if (performance.now() >= this.next) news.push(...this.#takeNumbers());
      for (const draw of news) draw();
    });
  }

  #takeNumbers() {
    this.next = performance.now() + SOON_MS;
    clearTimeout(this.timer);
    this.timer = undefined;
    const news = [...this.numbers.values()];
    this.numbers.clear();
    return news;
  }
}
