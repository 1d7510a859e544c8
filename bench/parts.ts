import { cexl } from './cexl/part';
import { citadel } from './citadel/part';
import { galley } from './galley/part';
import { mixer } from './mixer/part';
import type { Part } from './part';
import { pilot } from './pilot/part';

/** All parts, in the order in which they run. */
export const parts = { cexl, citadel, galley, mixer, pilot } as const satisfies Readonly<Record<string, Part>>;

export type PartName = keyof typeof parts;
export const partNames = Object.keys(parts) as PartName[];
