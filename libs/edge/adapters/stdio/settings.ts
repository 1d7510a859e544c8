import type { ReportProblem } from '@keelson/core/policy';

export const levels = ['INFO', 'WARNING', 'ERROR'] as const;
export type Level = (typeof levels)[number];

export interface Settings {
  logStream: 'STDOUT' | 'STDERR' | 'FILE' | 'ROTATED_FILE';
  severityLevels: Record<string, Level>;
  metricLevel: Level;
  outputAsJson: boolean;
  outputLevel: Level;
  outputPath: string;
  maxMegabytesBeforeRotation: number;
  maxDaysBeforeRotation: number;
  maxRotatedFiles: number;
}

/** What severities mean where the settings say nothing else; any other is INFO. */
export const usualSeverities: Readonly<Record<string, Level>> = {
  INFORMATIONAL: 'INFO',
  informational: 'INFO',
  INFO: 'INFO',
  info: 'INFO',
  WARNING: 'WARNING',
  warning: 'WARNING',
  WARN: 'WARNING',
  warn: 'WARNING',
  ERROR: 'ERROR',
  error: 'ERROR',
  ERR: 'ERROR',
  err: 'ERROR',
  FATAL: 'ERROR',
  fatal: 'ERROR',
};

const level = { type: 'string', enum: levels, default: 'INFO' };
const limit = { type: 'integer', minimum: 0, maximum: 2147483647 };

export const schema = {
  type: 'object',
  properties: {
    logStream: { type: 'string', enum: ['STDOUT', 'STDERR', 'FILE', 'ROTATED_FILE'], default: 'STDOUT' },
    severityLevels: { type: 'object', default: {}, additionalProperties: { type: 'string', enum: levels } },
    metricLevel: level,
    outputAsJson: { type: 'boolean', default: true },
    outputLevel: level,
    outputPath: { type: 'string', default: '' },
    maxMegabytesBeforeRotation: { ...limit, default: 100 },
    maxDaysBeforeRotation: { ...limit, default: 30 },
    maxRotatedFiles: { ...limit, default: 1000 },
  },
  additionalProperties: false,
};

/** Tells what the schema cannot. */
export function validate({ logStream, outputPath }: Settings, report: ReportProblem): void {
  const file = logStream === 'FILE' || logStream === 'ROTATED_FILE';
  if (file && outputPath === '') report('outputPath', `is needed for ${logStream}`);
  if (!file && outputPath !== '') report('outputPath', `is of no use for ${logStream}`);
  if (outputPath.includes('\0')) report('outputPath', 'is no path');
}
