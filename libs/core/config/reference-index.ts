import { Map as PersistentMap, Set as PersistentSet } from 'immutable';
import type { NameScope, Reference } from './kind';
import { kindOf } from './kinds';
import { toMeshObject } from './mesh-object';
import { objectKey } from './object';
import type { StoredObject } from './snapshot';

type Names = PersistentMap<string, PersistentSet<string>>;

/** What one object gives and needs. */
export interface ObjectLinks {
  provides: readonly string[];
  references: readonly Reference[];
}

const noLinks: ObjectLinks = { provides: [], references: [] };

/** Who provides and who needs which name. Immutable: a change makes a new index at the cost of that change. */
export class ReferenceIndex {
  private readonly links: WeakMap<StoredObject, ObjectLinks>;

  private constructor(
    private readonly scope: NameScope,
    private readonly providers: Names,
    private readonly referrers: Names,
    links: WeakMap<StoredObject, ObjectLinks>,
  ) {
    this.links = links;
  }

  static of(objects: Iterable<StoredObject>, scope: NameScope): ReferenceIndex {
    return new ReferenceIndex(scope, PersistentMap(), PersistentMap(), new WeakMap()).replace([], objects);
  }

  /** The index without some objects and with others. */
  replace(before: Iterable<StoredObject>, after: Iterable<StoredObject>): ReferenceIndex {
    const providers = this.providers.asMutable();
    const referrers = this.referrers.asMutable();
    for (const [objects, apply] of [[before, remove] as const, [after, add] as const])
      for (const object of objects) {
        const links = this.linksOf(object);
        const key = objectKey(object);
        for (const name of links.provides) apply(providers, name, key);
        for (const name of ownNames(links)) apply(referrers, name, key);
      }
    return new ReferenceIndex(this.scope, providers.asImmutable(), referrers.asImmutable(), this.links);
  }

  /** Whether any object provides the name. */
  provided(name: string): boolean {
    return this.providers.has(name);
  }

  /** Keys of the objects with a reference that the name satisfies. */
  *referrersOf(name: string): Iterable<string> {
    yield* this.referrers.get(name) ?? [];
    const star = name.indexOf('*');
    if (star < 0) return;
    // An object is listed by the most specific of the names that it accepts. Wildcards are few, and one may concern all.
    const [prefix, suffix] = [name.slice(0, star), name.slice(star + 1)];
    for (const [own, keys] of this.referrers)
      if (own !== name && own.startsWith(prefix) && own.endsWith(suffix)) yield* keys;
  }

  satisfies(reference: Reference): boolean {
    return reference.names.some((name) => this.providers.has(name));
  }

  /** What an object gives and needs; nothing for one that cannot be read here. */
  linksOf(object: StoredObject): ObjectLinks {
    let links = this.links.get(object);
    if (!links) {
      links = findLinks(object, this.scope);
      this.links.set(object, links);
    }
    return links;
  }
}

function findLinks(object: StoredObject, scope: NameScope): ObjectLinks {
  const definition = kindOf(object.apiVersion, object.kind);
  if (!definition) return noLinks;
  try {
    const mesh = toMeshObject(object);
    return { provides: definition.provides(mesh, scope), references: definition.references(mesh, scope) };
  } catch {
    // Accepted by another version and not readable by this one: it stays, and links to nothing.
    return noLinks;
  }
}

/** The first, most specific name of each reference. */
function ownNames(links: ObjectLinks): Set<string> {
  return new Set(links.references.flatMap((reference) => reference.names.slice(0, 1)));
}

function add(names: Names, name: string, key: string): Names {
  return names.set(name, (names.get(name) ?? PersistentSet<string>()).add(key));
}

function remove(names: Names, name: string, key: string): Names {
  const rest = names.get(name)?.delete(key);
  return rest === undefined || rest.isEmpty() ? names.delete(name) : names.set(name, rest);
}
