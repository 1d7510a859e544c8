/** Reads JSON of which only parts matter: a path that is not there is undefined, never an error. */
export class JsonView {
  constructor(readonly value: unknown) {}

  /** The value at a path of keys; a key may be spelt in camel case or in snake case, as Pilot and Envoy do. */
  at(...path: readonly string[]): JsonView {
    let value = this.value;
    for (const key of path) {
      const object = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
      value = object[key] ?? object[snake(key)];
    }
    return new JsonView(value);
  }

  get items(): JsonView[] {
    return Array.isArray(this.value) ? this.value.map((item) => new JsonView(item)) : [];
  }

  get text(): string {
    return typeof this.value === 'string' || typeof this.value === 'number' ? String(this.value) : '';
  }

  get keys(): string[] {
    return typeof this.value === 'object' && this.value !== null ? Object.keys(this.value) : [];
  }

  get present(): boolean {
    return this.value !== undefined && this.value !== null;
  }
}

function snake(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
