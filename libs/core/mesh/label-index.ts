/**
 * Finds, for labels, the members whose selector they satisfy (`selectors`), or for a selector the members that carry
 * its labels (`carriers`), without looking at the others: members are filed by one label pair of theirs, or all.
 */
export class LabelIndex<T> {
  private readonly filed = new Map<string, Set<T>>();

  private static keys(namespace: string, labels: Readonly<Record<string, string>>): string[] {
    return Object.keys(labels).map((key) => `${namespace}\0${key}\0${labels[key] ?? ''}`);
  }

  /** Files a member under the first pair of its selector. */
  addSelector(namespace: string, selector: Readonly<Record<string, string>>, member: T): void {
    this.file(LabelIndex.keys(namespace, selector).slice(0, 1), member);
  }

  removeSelector(namespace: string, selector: Readonly<Record<string, string>>, member: T): void {
    this.unfile(LabelIndex.keys(namespace, selector).slice(0, 1), member);
  }

  /** Files a member under every label that it carries. */
  addCarrier(namespace: string, labels: Readonly<Record<string, string>>, member: T): void {
    this.file(LabelIndex.keys(namespace, labels), member);
  }

  removeCarrier(namespace: string, labels: Readonly<Record<string, string>>, member: T): void {
    this.unfile(LabelIndex.keys(namespace, labels), member);
  }

  /** Members filed under a selector that these labels may satisfy; the caller checks the rest of it. */
  *candidatesFor(namespace: string, labels: Readonly<Record<string, string>>): Iterable<T> {
    for (const key of LabelIndex.keys(namespace, labels)) yield* this.filed.get(key) ?? [];
  }

  /** Members that carry the first pair of a selector; the caller checks the rest of it. */
  carriersOf(namespace: string, selector: Readonly<Record<string, string>>): Iterable<T> {
    const [first] = LabelIndex.keys(namespace, selector);
    return first === undefined ? [] : (this.filed.get(first) ?? []);
  }

  private file(keys: readonly string[], member: T): void {
    for (const key of keys) {
      const members = this.filed.get(key);
      if (members) members.add(member);
      else this.filed.set(key, new Set([member]));
    }
  }

  private unfile(keys: readonly string[], member: T): void {
    for (const key of keys) {
      const members = this.filed.get(key);
      members?.delete(member);
      if (members?.size === 0) this.filed.delete(key);
    }
  }
}
