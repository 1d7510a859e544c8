import type { Nack, ReceiptMessage, Watermark } from './messages';
import { readNack, readReceipt } from './messages';
import { notHeardYet, ReceiptBook } from './receipt-book';

function at(proxy: string, evaluated: number, sent: number, acked: number): Watermark {
  const name = (n: number): string => (n === 0 ? '' : `e-${n}`);
  return { proxy, type: 'sidecar', evaluated: name(evaluated), sent: name(sent), acked: name(acked) };
}

function message(pilot: string, revision: number, more: Partial<ReceiptMessage>): ReceiptMessage {
  const base = { debug: `http://${pilot}`, time: '', proxies: [], gone: [], full: false };
  return { ...base, pilot, revision: `e-${revision}`, ...more };
}

function nack(proxy: string, revision: number, more: Partial<Nack> = {}): Nack {
  return { pilot: 'p1', proxy, type: 'listener', message: 'port in use', revision: `e-${revision}`, time: '', ...more };
}

/** A book of an old connection, with two proxies that have revision 1. */
function book(): ReceiptBook {
  const receipts = new ReceiptBook();
  receipts.passTime(60_000, 0);
  receipts.take(message('p1', 1, { full: true, proxies: [at('a', 1, 1, 1), at('b', 1, 1, 1)] }), 60_000);
  receipts.committed('e-1', true);
  return receipts;
}

describe('M6 receipts', () => {
  it('a proxy has a revision when it was evaluated and everything sent for it is acknowledged', () => {
    const receipts = book();
    receipts.committed('e-2', true);
    expect(receipts.receiptsOf('e-2')).toMatchObject({ proxies: 2, acked: 0, pending: 2, waitingFor: ['a', 'b'] });
    receipts.take(message('p1', 2, { proxies: [at('a', 2, 2, 1)] }), 60_100);
    // For b nothing had to be sent, and a has not answered.
    expect(receipts.receiptsOf('e-2')).toMatchObject({ acked: 1, pending: 1, waitingFor: ['a'] });
    receipts.take(message('p1', 2, { proxies: [at('a', 2, 2, 2)] }), 60_200);
    expect(receipts.receiptsOf('e-2')).toMatchObject({ proxies: 2, acked: 2, pending: 0, nacks: [], waitingFor: [] });
  });

  it('does not take what is unacknowledged for a newer revision as a lack of the older', () => {
    const receipts = book();
    receipts.committed('e-2', true);
    receipts.committed('e-3', true);
    receipts.take(message('p1', 3, { proxies: [at('a', 3, 3, 2)] }), 60_100);
    expect(receipts.receiptsOf('e-2').waitingFor).toEqual([]);
    expect(receipts.receiptsOf('e-3').waitingFor).toEqual(['a']);
  });

  it('tells by which revision a skipped one was superseded', () => {
    const receipts = book();
    for (const revision of ['e-2', 'e-3', 'e-4']) receipts.committed(revision, true);
    receipts.take(message('p1', 2, { proxies: [] }), 60_100);
    receipts.take(message('p1', 4, { proxies: [at('a', 4, 4, 4)] }), 60_200);
    expect(receipts.receiptsOf('e-2').superseded).toBeUndefined();
    expect(receipts.receiptsOf('e-3')).toMatchObject({ superseded: 'e-4', acked: 2 });
    expect(receipts.receiptsOf('e-4').superseded).toBeUndefined();
  });

  it('never counts a NACK as an ACK, names it, and lets the rest go on', () => {
    const receipts = book();
    receipts.committed('e-2', true);
    receipts.takeNack(nack('a', 2, { resource: 'lds', provenance: ['Sidecar shop/a'] }));
    receipts.take(message('p1', 2, { proxies: [at('a', 2, 2, 1), at('b', 2, 2, 2)] }), 60_100);
    expect(receipts.receiptsOf('e-2')).toEqual({
      proxies: 2,
      acked: 1,
      pending: 0,
      nacks: [
        { proxy: 'a', type: 'listener', resource: 'lds', message: 'port in use', provenance: ['Sidecar shop/a'] },
      ],
      pastNacks: [],
      waitingFor: [],
    });
    expect(receipts.rows()[0]).toMatchObject({ proxy: 'a', nack: { revision: 'e-2', message: 'port in use' } });
    // Even a Pilot that says so cannot make the refused revision an acknowledged one.
    receipts.take(message('p1', 2, { proxies: [at('a', 2, 2, 2)] }), 60_200);
    expect(receipts.receiptsOf('e-2')).toMatchObject({ acked: 1, nacks: [{ proxy: 'a' }] });
    receipts.committed('e-3', true);
    receipts.take(message('p1', 3, { proxies: [at('a', 3, 3, 2)] }), 60_300);
    expect(receipts.receiptsOf('e-3').nacks).toHaveLength(1);
    receipts.take(message('p1', 3, { proxies: [at('a', 3, 3, 3)] }), 60_400);
    expect(receipts.receiptsOf('e-3')).toMatchObject({ acked: 2, nacks: [] });
    expect(receipts.rows()[0]!.nack).toBeNull();
  });

  describe('a NACK stands as long as the proxy refuses that resource', () => {
    const refusing = (resource: string): Watermark => ({
      ...at('a', 2, 2, 2),
      refused: [{ type: 'listener', resource }],
    });
    const taking = (revision: number): Watermark => ({ ...at('a', revision, revision, revision), refused: [] });
    const nacked = (): ReceiptBook => {
      const receipts = book();
      receipts.committed('e-2', true);
      receipts.takeNack(nack('a', 2, { resource: 'lds' }));
      receipts.take(message('p1', 2, { proxies: [refusing('lds'), at('b', 2, 2, 2)] }), 60_100);
      expect(receipts.receiptsOf('e-2')).toMatchObject({ acked: 1, nacks: [{ proxy: 'a' }], pastNacks: [] });
      return receipts;
    };

    it('and is past when it has taken it, at the same revision too', () => {
      const receipts = nacked();
      receipts.take(message('p1', 2, { proxies: [taking(2)] }), 60_200);
      expect(receipts.receiptsOf('e-2')).toMatchObject({ acked: 2, nacks: [], pastNacks: [{ proxy: 'a' }] });
      expect(receipts.rows()[0]!.nack).toBeNull();
    });

    it('and is past when the proxy has gone', () => {
      const receipts = nacked();
      receipts.take(message('p1', 2, { gone: ['a'] }), 60_200);
      expect(receipts.receiptsOf('e-2')).toMatchObject({
        proxies: 1,
        acked: 1,
        nacks: [],
        pastNacks: [{ proxy: 'a' }],
      });
    });

    it('also through newer revisions, whatever the watermark says', () => {
      const receipts = nacked();
      receipts.committed('e-3', true);
      receipts.take(message('p1', 3, { proxies: [{ ...refusing('lds'), ...at('a', 3, 3, 3) }] }), 60_200);
      expect(receipts.receiptsOf('e-3')).toMatchObject({ acked: 1, nacks: [{ proxy: 'a' }] });
      receipts.take(message('p1', 3, { proxies: [taking(3)] }), 60_300);
      expect(receipts.receiptsOf('e-3')).toMatchObject({ acked: 2, nacks: [], pastNacks: [] });
    });

    it('and is not revived by the refusal of another one', () => {
      const receipts = nacked();
      receipts.committed('e-3', true);
      receipts.takeNack(nack('a', 3, { resource: 'other' }));
      receipts.take(message('p1', 3, { proxies: [{ ...refusing('other'), ...at('a', 3, 3, 3) }] }), 60_200);
      expect(receipts.receiptsOf('e-3').nacks).toMatchObject([{ resource: 'other' }]);
      expect(receipts.receiptsOf('e-2')).toMatchObject({ nacks: [], pastNacks: [{ resource: 'lds' }] });
    });
  });

  it('covers the proxies that were connected at the commit; those that go leave it', () => {
    const receipts = book();
    receipts.committed('e-2', true);
    receipts.take(message('p1', 1, { proxies: [at('late', 1, 1, 1)] }), 60_050);
    expect(receipts.receiptsOf('e-2')).toMatchObject({ proxies: 2, waitingFor: ['a', 'b'] });
    receipts.take(message('p1', 2, { proxies: [at('b', 2, 2, 2)], gone: ['a'] }), 60_100);
    expect(receipts.receiptsOf('e-2')).toMatchObject({ proxies: 1, acked: 1, pending: 0 });
    receipts.take(message('p1', 2, { full: true, proxies: [at('b', 2, 2, 2)] }), 60_200);
    expect(receipts.rows().map(({ proxy }) => proxy)).toEqual(['b']);
  });

  it('follows a proxy from one Pilot to another, in whichever order they tell', () => {
    const receipts = book();
    receipts.take(message('p2', 1, { proxies: [at('a', 1, 1, 1)] }), 60_100);
    receipts.take(message('p1', 1, { gone: ['a'] }), 60_150);
    expect(receipts.rows().map(({ proxy, pilot }) => [proxy, pilot])).toEqual([
      ['a', 'p2'],
      ['b', 'p1'],
    ]);
  });

  it('forgets the proxies of a Pilot that was silent while it could be heard, and only then', () => {
    const receipts = book();
    receipts.passTime(90_000, undefined);
    receipts.passTime(90_000, 89_000);
    expect(receipts.rows()).toHaveLength(2);
    receipts.passTime(90_000, 60_000);
    expect(receipts.rows()).toEqual([]);
  });

  it('is not done before every Pilot had the time to be heard', () => {
    const receipts = new ReceiptBook();
    receipts.committed('e-1', true);
    receipts.passTime(1_000, 0);
    expect(receipts.receiptsOf('e-1')).toMatchObject({ pending: 1, waitingFor: [notHeardYet] });
    receipts.passTime(7_000, 0);
    expect(receipts.receiptsOf('e-1')).toMatchObject({ pending: 0 });
  });

  it('orders revisions over epochs as the log has them', () => {
    const receipts = book();
    receipts.committed('f-2', true);
    expect(receipts.receiptsOf('f-2').waitingFor).toEqual(['a', 'b']);
    receipts.take({ ...message('p1', 0, {}), revision: 'f-2' }, 60_100);
    expect(receipts.receiptsOf('f-2').waitingFor).toEqual([]);
    expect(receipts.receiptsOf('e-1').waitingFor).toEqual([]);
  });
});

describe('messages of Pilots', () => {
  const bytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

  it('are read as they are written', () => {
    const proxies = [at('a', 4, 4, 3), { ...at('c', 4, 4, 4), refused: [{ type: 'listener', resource: 'l' }] }];
    const receipt = message('p1', 4, { proxies, gone: ['b'], full: true });
    expect(readReceipt(bytes({ format: 1, ...receipt }))).toEqual(receipt);
    const refusal = nack('a', 4, { provenance: ['Sidecar shop/a'] });
    expect(readNack(bytes({ format: 1, ...refusal }))).toEqual(refusal);
  });

  it.each([['not JSON'], [null], [[]], [{ format: 2 }], [{ format: 1, pilot: 'p1' }], [{ format: 1, proxies: 7 }]])(
    'are refused when they are %j',
    (value) => {
      const data = typeof value === 'string' ? Buffer.from(value) : bytes(value);
      expect(() => readReceipt(data)).toThrow();
      expect(() => readNack(data)).toThrow();
    },
  );
});
