import fc from 'fast-check';
import { anyText } from '@keelson/core/testing';
import { CexlError, parse, type Expression } from '.';

describe('the parser', () => {
  const pieces = [
    'a',
    'b.c',
    '"x"',
    "'y'",
    '`z`',
    '1',
    '1.5',
    '0x',
    'true',
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
    '.',
    ',',
    '...',
    '+',
    '|',
    '||',
    '&&',
    '&',
    '==',
    '=',
    '!=',
    '<',
    '<-',
    '!',
    '-',
    '*',
    ':=',
    '"',
    "'",
    '`',
    '\\',
    '\n',
    '//',
    '/*',
    '*/',
    'func',
    'map',
    'é',
    '\ud800',
    '\0',
    ' ',
    'f(',
    '.f(',
    '["k"]',
  ];
  const samples = [
    '(context.protocol == "http" || context.protocol == "grpc") && (match((request.useragent | "-"), "kube-probe*") == false)',
    'conditional((context.reporter.kind | "inbound") == "outbound", "client", `server`)',
    'request.time | timestamp("2017-01-01T00:00:00Z") | \'x\' + 1.5e3',
  ];
  const mutated = fc
    .tuple(
      fc.constantFrom(...samples),
      fc.array(fc.tuple(fc.nat(120), fc.nat(3), fc.constantFrom(...pieces)), { minLength: 1, maxLength: 4 }),
    )
    .map(([sample, changes]) =>
      changes.reduce((text, [at, length, piece]) => text.slice(0, at) + piece + text.slice(at + length), sample),
    );
  const texts = fc.oneof(
    mutated,
    fc.array(fc.constantFrom(...pieces), { maxLength: 30 }).map((parts) => parts.join('')),
    anyText({ maxLength: 60 }),
    fc.tuple(fc.constantFrom(...pieces), fc.nat(3000)).map(([piece, count]) => piece.repeat(count)),
  );

  it('gives a tree or its own error, whatever it is given', () => {
    const count = (node: Expression): number =>
      node.kind === 'call'
        ? [...(node.target ? [node.target] : []), ...node.args].reduce((sum, part) => sum + count(part), 1)
        : 1;
    fc.assert(
      fc.property(texts, (text) => {
        try {
          expect(count(parse(text))).toBeLessThanOrEqual(text.length);
        } catch (error) {
          if (!(error instanceof CexlError)) throw error;
          expect(error.kind).toBe('syntax');
          expect(error.message).not.toBe('');
          expect(error.column).toBeGreaterThanOrEqual(1);
          expect(error.column).toBeLessThanOrEqual(text.length + 1);
        }
      }),
      { numRuns: 3_000 },
    );
  });
});
