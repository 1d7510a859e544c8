import { ProblemError } from '@keelson/core/problems';
import fc from 'fast-check';
import { formatJoinToken, newJoinToken, parseJoinToken, secretHash } from './join-token';

describe('join tokens', () => {
  it('reads what it writes, with the newline that editors add', () => {
    const token = newJoinToken('ab'.repeat(32));
    expect(parseJoinToken(`${formatJoinToken(token)}\n`)).toEqual(token);
    expect(newJoinToken('ab'.repeat(32)).secret).not.toBe(token.secret);
    expect(secretHash(token.secret)).toMatch(/^[0-9a-f]{64}$/);
  });

  it('refuses other text without repeating it', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => `kt1.${text}`),
        ),
        (text) => {
          let message = '';
          try {
            parseJoinToken(text);
          } catch (error) {
            expect(error).toBeInstanceOf(ProblemError);
            message = (error as Error).message;
          }
          expect(message).toBe('this is not a join token (kt1.<id>.<secret>.<root pin>)');
        },
      ),
    );
  });
});
