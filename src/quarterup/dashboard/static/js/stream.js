// The pictures of a game that is played: one long answer, of which only the newest picture is decoded.

const HEAD_BYTES = 8; // Two lengths, little endian: of the JSON, and of the PNG behind it.
const AGAIN_MS = 1000;

export class Stream {
  constructor(url, headers, { shown, changed }) {
    this.url = url;
    this.headers = headers;
    this.shown = shown; // (values, bitmap) => void
    this.changed = changed; // (connected, why) => void
    this.#follow();
  }

  async #follow() {
    for (;;) {
      try {
        const response = await fetch(this.url, { headers: this.headers });
        if (!response.ok) throw new Error((await response.json()).error);
        this.changed(true);
        await this.#read(response.body.getReader());
        this.changed(false, "connection lost");
      } catch (error) {
        this.changed(false, error.message);
      }
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }

  async #read(reader) {
    let rest = new Uint8Array(0);
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      rest = rest.length ? joined(rest, value) : value;
      for (let length; (length = whole(rest)); rest = rest.subarray(length)) {
        this.newest = rest.subarray(0, length);
        this.#decode();
      }
    }
  }

  async #decode() {
    if (this.busy) return;
    this.busy = true;
    while (this.newest) {
      const [text, png] = parts(this.newest);
      this.newest = null;
      const bitmap = await createImageBitmap(new Blob([png], { type: "image/png" }));
      this.shown(JSON.parse(new TextDecoder().decode(text)), bitmap);
      bitmap.close();
    }
    this.busy = false;
  }
}

// Bytes of the first message, or 0 while it is not complete.
function whole(bytes) {
  if (bytes.length < HEAD_BYTES) return 0;
  const [text, png] = lengths(bytes);
  const length = HEAD_BYTES + text + png;
  return bytes.length < length ? 0 : length;
}

function parts(message) {
  const end = HEAD_BYTES + lengths(message)[0];
  return [message.subarray(HEAD_BYTES, end), message.subarray(end)];
}

function lengths(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEAD_BYTES);
  return [view.getUint32(0, true), view.getUint32(4, true)];
}

function joined(first, second) {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
