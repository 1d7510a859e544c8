import type { Handler, Verdict } from '@keelson/core/policy';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { environment, instance, TestClock } from '../testing/open-adapter';
import { ListMemory } from './list-memory';
import { listcheckerAdapter } from './listchecker';

const listchecker = listcheckerAdapter(new ListMemory());
const name = 'version.listentry.istio-system';
const usual = {
  refreshInterval: '20ms',
  ttl: '1s',
  cachingInterval: '300s',
  cachingUseCount: 10000,
  overrides: [],
  entryType: 'STRINGS',
  blacklist: false,
};

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A provider of lists, whose answer can be changed. */
class Provider {
  requests = 0;
  answer: Answer = (_, response) => response.end('v1\nv2\n');
  readonly #server: Server = createServer((request, response) => {
    this.requests++;
    this.answer(request, response);
  });

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/list`;
  }

  /** Resolves when the provider was asked so many times more, and the last answer was taken. */
  async asked(times: number): Promise<void> {
    const until = this.requests + times;
    while (this.requests <= until) await delay(5);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

describe('a list that is fetched', () => {
  const clock = new TestClock();
  let provider: Provider;
  let url: string;
  let handler: Handler;
  let log: ReturnType<typeof environment>['log'];

  beforeEach(async () => {
    provider = new Provider();
    url = await provider.listen();
  });

  afterEach(async () => {
    await handler.close?.();
    await provider.close();
  });

  function open(params: object = {}): void {
    const instances = [instance(name, 'listentry', { value: 'STRING' })];
    const trial = environment({ instances, clock });
    log = trial.log;
    handler = listchecker.open({ ...usual, providerUrl: url, ...params }, trial);
  }

  async function check(value: string): Promise<Verdict> {
    const verdict = await handler.check?.({ name, template: 'listentry', values: { value } });
    return verdict as Verdict;
  }

  it('S47: is waited for at first, and fetched again at each interval', async () => {
    provider.answer = (_, response) => void setTimeout(() => response.end('v1'), 30);
    open({ overrides: ['own'] });
    expect((await check('v1')).code).toBe(0);
    expect((await check('own')).code).toBe(0);
    expect((await check('v2')).message).toBe('v2 is not whitelisted');
    provider.answer = (_, response) => response.end('v2');
    await provider.asked(2);
    expect((await check('v2')).code).toBe(0);
    expect((await check('v1')).code).toBe(7);
  });

  it('S47: stays when it cannot be fetched, until it is too old; then checks fail until there is a new one', async () => {
    open();
    expect((await check('v1')).code).toBe(0);
    provider.answer = (_, response) => response.writeHead(503).end();
    await provider.asked(2);
    expect((await check('v1')).code).toBe(0);
    expect(handler.problems?.()).toEqual([{ field: 'providerUrl', message: 'cannot be fetched: the answer is 503' }]);
    clock.move(1_000);
    await expect(check('v1')).rejects.toThrow(`there is no list of ${url}: the answer is 503`);
    provider.answer = (_, response) => response.end('v1');
    await provider.asked(2);
    expect((await check('v1')).code).toBe(0);
    expect(handler.problems?.()).toEqual([]);
  });

  it('S47: stays when what is fetched is no list', async () => {
    provider.answer = (_, response) => response.end('whitelist: [10.0.0.0/8]');
    open({ entryType: 'IP_ADDRESSES' });
    expect((await check('10.1.1.1')).code).toBe(0);
    provider.answer = (_, response) => response.end('whitelist: [oops]');
    await provider.asked(2);
    expect((await check('10.1.1.1')).code).toBe(0);
    expect(handler.problems?.()[0]?.message).toBe('cannot be fetched: "oops" is neither an IP address nor a CIDR');
  });

  it('is read only when it changed, and grows no older when it did not', async () => {
    open();
    await check('v1');
    clock.move(900);
    await provider.asked(2);
    clock.move(900);
    expect((await check('v1')).code).toBe(0);
    await provider.asked(2);
    expect(log.lines.filter(({ message }) => message === 'a list was fetched')).toHaveLength(1);
  });

  it('fails checks, and is no denial, when it could never be fetched', async () => {
    provider.answer = (_, response) => response.destroy();
    open();
    await expect(check('v1')).rejects.toThrow(`there is no list of ${url}: `);
    await expect(async () => check('v1')).rejects.toThrow(`there is no list of ${url}: `);
    await provider.asked(3);
    expect(log.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
  });

  it('is refused when it is too large', async () => {
    const piece = Buffer.alloc(1024 * 1024, 'a\n');
    provider.answer = (_, response) => {
      for (let i = 0; i < 5; i++) response.write(piece);
      response.end();
    };
    open();
    await expect(check('a')).rejects.toThrow('it is larger than 4194304 bytes');
  });

  it('is asked for with the password of the URL, which no message tells', async () => {
    provider.answer = (request, response) => {
      const expected = `Basic ${Buffer.from('me:s@cret').toString('base64')}`;
      response.writeHead(request.headers.authorization === expected ? 200 : 401).end('v1');
    };
    open({ providerUrl: url.replace('http://', 'http://me:s%40cret@') });
    expect((await check('v1')).code).toBe(0);
    provider.answer = (_, response) => response.writeHead(500).end();
    await provider.asked(2);
    clock.move(10_000);
    const failure = await check('v1').catch((error: unknown) => String(error));
    expect(failure).toContain(url);
    expect(JSON.stringify([failure, log.lines, handler.problems?.()])).not.toMatch(/s@cret|s%40cret/);
  });

  it('goes on in a handler that is opened anew, though it cannot be fetched then', async () => {
    open();
    await check('v1');
    const before = handler;
    const asked: ServerResponse[] = [];
    provider.answer = (_, response) => void asked.push(response);
    open({ ttl: '2s', cachingUseCount: 1 });
    await before.close?.();
    expect((await check('v1')).code).toBe(0);
    clock.move(1_999);
    expect((await check('v3')).code).toBe(7);
    clock.move(1);
    const waiting = check('v3');
    while (asked.length === 0) await delay(5);
    provider.answer = (_, response) => response.end('v3');
    for (const response of asked) response.end('v3');
    expect((await waiting).code).toBe(0);
  });

  it.each([{ overrides: ['own'] }, { entryType: 'CASE_INSENSITIVE_STRINGS' }, { providerUrl: 'http://127.0.0.1:1/' }])(
    'does not go on where it is another: %j',
    async (params) => {
      open();
      await check('v1');
      const before = handler;
      provider.answer = (_, response) => response.writeHead(503).end();
      open(params);
      await expect(check('v1')).rejects.toThrow('there is no list');
      await before.close?.();
    },
  );

  it('is forgotten when no handler has it', async () => {
    open();
    await check('v1');
    await handler.close?.();
    provider.answer = (_, response) => response.writeHead(503).end();
    open();
    await expect(check('v1')).rejects.toThrow('there is no list');
  });

  it('is as the one says who asked last, though another is answered later', async () => {
    open();
    await check('v1');
    const before = handler;
    const late: ServerResponse[] = [];
    provider.answer = (_, response) => void late.push(response);
    while (late.length === 0) await delay(5);
    clock.move(1);
    provider.answer = (_, response) => response.end('new');
    open();
    await provider.asked(1);
    expect((await check('new')).code).toBe(0);
    const seen = log.lines.length;
    for (const response of late) response.end('old');
    await delay(10);
    expect((await check('old')).code).toBe(7);
    expect(log.lines).toHaveLength(seen);
    await before.close?.();
  });

  it.each([
    ['60s', '300s', 60_000],
    ['60s', '61s', 51_000],
    ['60s', '60s', 50_000],
    ['1s', '1s', 500],
  ])('is fetched again each %s, but before it is %s old: after %d ms', async (refreshInterval, ttl, ms) => {
    const timers = jest.spyOn(globalThis, 'setTimeout');
    open({ refreshInterval, ttl });
    await check('v1');
    const waits = timers.mock.calls.map(([, wait]) => wait);
    timers.mockRestore();
    expect(waits).toContain(ms);
  });

  it('is asked for once when it is good for months', async () => {
    open({ refreshInterval: '9000h', ttl: '9000h' });
    expect((await check('v1')).code).toBe(0);
    await delay(30);
    expect(provider.requests).toBe(1);
  });

  it('is not asked for any more after it was closed', async () => {
    provider.answer = () => undefined;
    open();
    await provider.asked(0);
    const waiting = check('v1');
    await handler.close?.();
    await expect(waiting).rejects.toThrow('there is no list');
    const { requests } = provider;
    await delay(60);
    expect(provider.requests).toBe(requests);
  });
});
