/** One line of a unit file that sets something. */
export interface Setting {
  section: string;
  key: string;
  value: string;
}

/** What a systemd unit sets, in order. Throws at a line that is none (systemd.syntax). */
export function settingsOfUnit(text: string): Setting[] {
  let section = '';
  return text.split('\n').flatMap((line) => {
    if (/^\s*([#;].*)?$/.test(line)) return [];
    const [, header] = /^\[(\w+)\]$/.exec(line) ?? [];
    if (header !== undefined) {
      section = header;
      return [];
    }
    const [, key, value] = /^(\w+)=(.*)$/.exec(line) ?? [];
    if (key === undefined || value === undefined || section === '') throw new Error(`not a setting: ${line}`);
    return [{ section, key, value }];
  });
}

/** The variables of an environment file (systemd.exec, EnvironmentFile=); quotes and continuations are not used in ours. */
export function variablesOf(text: string): Record<string, string> {
  const lines = text.split('\n').filter((line) => !/^\s*([#;].*)?$/.test(line));
  return Object.fromEntries(
    lines.map((line) => {
      const [, name, value] = /^([A-Z_]+)=([^'"\\]*)$/.exec(line) ?? [];
      if (name === undefined || value === undefined) throw new Error(`not a variable: ${line}`);
      return [name, value];
    }),
  );
}
