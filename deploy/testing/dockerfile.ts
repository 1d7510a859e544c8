/** One instruction: `FROM`, and all that stands behind it. */
export interface Instruction {
  name: string;
  text: string;
}

/** A stage of a container file: what it starts from, and its instructions after `FROM`. */
export interface Stage {
  name: string;
  from: string;
  instructions: Instruction[];
}

export interface Copy {
  /** The stage that it copies from; undefined for the context of the build. */
  from: string | undefined;
  sources: string[];
  target: string;
}

/** The stages of a container file in their order. Throws where it is none that is understood here. */
export function stagesOf(text: string): Stage[] {
  const stages: Stage[] = [];
  for (const instruction of instructionsOf(text)) {
    if (instruction.name === 'FROM') {
      const [, from, name] = /^(\S+) AS ([a-z]+)$/.exec(instruction.text) ?? [];
      if (from === undefined || name === undefined) throw new Error(`FROM ${instruction.text}: not 'image AS name'`);
      stages.push({ name, from, instructions: [] });
      continue;
    }
    const stage = stages.at(-1);
    if (stage === undefined) throw new Error(`${instruction.name} stands before the first FROM`);
    stage.instructions.push(instruction);
  }
  return stages;
}

/** All instructions of a stage and of the stages that it is built on, the first one first. */
export function inherited(stages: readonly Stage[], name: string): Instruction[] {
  const stage = stages.find((candidate) => candidate.name === name);
  return stage === undefined ? [] : [...inherited(stages, stage.from), ...stage.instructions];
}

export function copiesOf(instructions: readonly Instruction[]): Copy[] {
  return instructions
    .filter(({ name }) => name === 'COPY')
    .map(({ text }) => {
      const words = text.split(/\s+/);
      const flags = words.filter((word) => word.startsWith('--'));
      const paths = words.slice(flags.length);
      const from = flags.find((flag) => flag.startsWith('--from='))?.slice('--from='.length);
      return { from, sources: paths.slice(0, -1), target: paths.at(-1) ?? '' };
    });
}

/** The text of the last instruction of a name. */
export function last(instructions: readonly Instruction[], name: string): string | undefined {
  return instructions.findLast((instruction) => instruction.name === name)?.text;
}

function instructionsOf(text: string): Instruction[] {
  const lines = text
    .split('\n')
    .filter((line) => !/^\s*(#|$)/.test(line))
    .join('\n')
    .replace(/\\\n\s*/g, ' ')
    .split('\n');
  return lines.map((line) => {
    const [, name, rest] = /^([A-Z]+) (.*)$/.exec(line) ?? [];
    if (name === undefined || rest === undefined) throw new Error(`not an instruction: ${line}`);
    return { name, text: rest.replace(/\s+/g, ' ').trim() };
  });
}
