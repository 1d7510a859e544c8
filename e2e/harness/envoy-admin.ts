import { json, http } from './http';

/** Envoy's admin interface, as a scenario reads it. */
export class EnvoyAdmin {
  constructor(private readonly base: string) {}

  /** Counters and gauges whose name matches, by name. */
  async stats(filter: string): Promise<Map<string, number>> {
    const { stats } = await json<{ stats: { name?: string; value?: number }[] }>(
      `${this.base}/stats?format=json&filter=${encodeURIComponent(filter)}`,
    );
    return new Map(
      stats.flatMap(({ name, value }): [string, number][] =>
        name === undefined || value === undefined ? [] : [[name, value]],
      ),
    );
  }

  /** The sum of the counters and gauges whose name matches. */
  async stat(filter: string): Promise<number> {
    return [...(await this.stats(filter)).values()].reduce((sum, value) => sum + value, 0);
  }

  async configDump(query = ''): Promise<string> {
    return (await http(`${this.base}/config_dump${query}`)).text;
  }

  async certificates(): Promise<{ serial: string; uris: string[] }[]> {
    const { certificates } = await json<{
      certificates: { cert_chain?: { serial_number: string; subject_alt_names?: { uri?: string }[] }[] }[];
    }>(`${this.base}/certs`);
    return certificates.flatMap(({ cert_chain = [] }) =>
      cert_chain.map(({ serial_number, subject_alt_names = [] }) => ({
        serial: serial_number,
        uris: subject_alt_names.flatMap(({ uri }) => (uri === undefined ? [] : [uri])),
      })),
    );
  }
}
