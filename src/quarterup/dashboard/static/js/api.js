// What the page asks of the server. The token, where there is one, is behind the # of the page's address.

const token = new URLSearchParams(location.hash.slice(1)).get("token") ?? "";
export const headers = token ? { Authorization: `Bearer ${token}` } : {};

export async function get(path, parameters = {}) {
  return read(await fetch(`api/${path}?${new URLSearchParams(parameters)}`, { headers }));
}

export async function post(path, values) {
  const body = JSON.stringify(values);
  return read(await fetch(`api/${path}`, { method: "POST", headers: { ...headers, "Content-Type": "application/json" }, body }));
}

// Server-sent events. Browsers connect again by themselves, but give up for good where a server refuses; we do not.
export class Live {
  constructor(handlers, changed) {
    this.handlers = handlers;
    this.changed = changed;
    this.parameters = {};
  }

  watch(parameters) {
    this.parameters = parameters;
    clearTimeout(this.again);
    this.source?.close();
    const source = this.source = new EventSource(`api/live?${new URLSearchParams(token ? { ...parameters, token } : parameters)}`);
    source.onopen = () => this.changed(true);
    source.onerror = () => {
      this.changed(false);
      source.close();
      this.again = setTimeout(() => this.watch(this.parameters), 1000);
    };
    for (const [kind, handle] of Object.entries(this.handlers)) {
      source.addEventListener(kind, (event) => handle(JSON.parse(event.data)));
    }
  }

  stop() {
    clearTimeout(this.again);
    this.source?.close();
  }
}

async function read(response) {
  const values = await response.json();
  if (!response.ok) throw new Error(values.error ?? response.statusText);
  return values;
}
