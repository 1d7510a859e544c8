import { byName } from '../order';

/**
 * Which host gets a domain that several hosts of one route configuration claim, such as a shared address: the oldest, so
 * that nobody takes it from who has it; of equally old ones the first by name. Envoy refuses a route configuration in
 * which a domain stands twice.
 */
export class DomainClaims {
  private readonly claims = new Map<string, string[]>();
  private readonly claimed = new Map<string, readonly string[]>();
  private readonly ages = new Map<string, number>();

  /** Records what a host claims now and gives the other hosts whose domains changed by it. */
  claim(host: string, domains: readonly string[], created = Number.MAX_SAFE_INTEGER): Set<string> {
    const touched = new Set<string>();
    if (this.ages.get(host) !== created) {
      // At another age it may win or lose: it steps back from all its claims, and makes them anew.
      for (const domain of this.claimed.get(host) ?? []) this.change(domain, host, false, touched);
      this.claimed.delete(host);
      this.ages.set(host, created);
    }
    const before = this.claimed.get(host) ?? [];
    if (domains.length > 0) this.claimed.set(host, domains);
    else {
      this.claimed.delete(host);
      this.ages.delete(host);
    }
    const now = new Set(domains);
    const old = new Set(before);
    for (const domain of before) if (!now.has(domain)) this.change(domain, host, false, touched);
    for (const domain of now) if (!old.has(domain)) this.change(domain, host, true, touched);
    touched.delete(host);
    return touched;
  }

  /** The domains of a host that no other has a better claim to. */
  granted(host: string): string[] {
    return (this.claimed.get(host) ?? []).filter((domain) => this.claims.get(domain)?.[0] === host);
  }

  private change(domain: string, host: string, add: boolean, touched: Set<string>): void {
    const before = this.claims.get(domain) ?? [];
    const after = add
      ? [...before, host].sort((a, b) => this.ageOf(a) - this.ageOf(b) || byName(a, b))
      : before.filter((other) => other !== host);
    if (after.length > 0) this.claims.set(domain, after);
    else this.claims.delete(domain);
    if (before[0] !== after[0]) for (const each of [before[0], after[0]]) if (each !== undefined) touched.add(each);
  }

  private ageOf(host: string): number {
    return this.ages.get(host) ?? Number.MAX_SAFE_INTEGER;
  }
}
