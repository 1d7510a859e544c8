import { type LogReader, type ResourceLayer, type StoredResource } from './layer';
import { sameLayers } from './parts';

/** The layers that a reader was last served from, and those that it is to be served from; it reads the logs of both. */
export class LayerSwitch {
  #base: readonly ResourceLayer[];
  #target: readonly ResourceLayer[];

  constructor(
    readonly reader: LogReader,
    layers: readonly ResourceLayer[],
  ) {
    this.#base = layers;
    this.#target = layers;
    for (const layer of layers) layer.readers.add(reader);
  }

  get base(): readonly ResourceLayer[] {
    return this.#base;
  }

  get target(): readonly ResourceLayer[] {
    return this.#target;
  }

  get swapped(): boolean {
    return this.#base !== this.#target;
  }

  /** The tick of the last change of the target. */
  get head(): number {
    let head = -1;
    for (const layer of this.#target) if (layer.head > head) head = layer.head;
    return head;
  }

  /** From now on the reader is to be served from these. */
  aim(layers: readonly ResourceLayer[]): void {
    this.#read(this.#base, layers);
    this.#target = sameLayers(layers, this.#base) ? this.#base : layers;
  }

  /** The reader has been served from the target. */
  arrive(): void {
    if (!this.swapped) return;
    this.#read([], this.#target);
    this.#base = this.#target;
  }

  /** The reader reads no more. */
  end(): void {
    this.#read([], []);
    this.#base = this.#target = [];
  }

  #read(base: readonly ResourceLayer[], target: readonly ResourceLayer[]): void {
    for (const layer of new Set([...this.#base, ...this.#target, ...base, ...target])) {
      if (base.includes(layer) || target.includes(layer)) layer.readers.add(this.reader);
      else layer.readers.delete(this.reader);
    }
  }
}

/** A resource by name in the layer that has it. */
export function find(layers: readonly ResourceLayer[], name: string): StoredResource | undefined {
  for (const layer of layers) {
    const resource = layer.get(name);
    if (resource !== undefined) return resource;
  }
  return undefined;
}
