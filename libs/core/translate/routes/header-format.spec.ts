import { safeFormat } from './header-format';

describe('header values', () => {
  it.each([
    ['plain', 'plain'],
    ['100%', '100%%'],
    ['100%%', '100%%'],
    ['%DOWNSTREAM_REMOTE_ADDRESS%', '%DOWNSTREAM_REMOTE_ADDRESS%'],
    ['%REQ(x-user?:path)%', '%REQ(x-user?:path)%'],
    ['%REQ%', '%%REQ%%'],
    ['%NO_SUCH_COMMAND%', '%%NO_SUCH_COMMAND%%'],
    ['50% of %PROTOCOL%', '50%% of %PROTOCOL%'],
    ['%PROTOCOL%%', '%PROTOCOL%%%'],
    ['%20%2F', '%%20%%2F'],
  ])('%s is sent as %s', (written, sent) => {
    expect(safeFormat(written)).toBe(sent);
  });
});
