import { mergeMetrics } from './merge';

const merge = (...texts: string[]): string => mergeMetrics(texts.map((text, at) => ({ name: String(at), text })));

describe('merged metrics', () => {
  test('a family of two sources stands once, with its samples together', () => {
    const merged = merge(
      '# TYPE up gauge\nup{a="1"} 1\n# TYPE other counter\nother 2\n',
      '# HELP up Whether.\n# TYPE up counter\nup{a="2"} 3\n',
    );
    expect(merged).toBe(
      '# HELP up Whether.\n# TYPE up gauge\nup{a="1"} 1\nup{a="2"} 3\n# TYPE other counter\nother 2\n',
    );
  });

  test('the same sample twice would refuse the whole answer: the first stays', () => {
    expect(merge('x{a="}"} 1 1700000000\n', 'x{a="}"} 2\nx{a="b"} 3\n')).toBe('x{a="}"} 1 1700000000\nx{a="b"} 3\n');
    expect(merge('x 1\n', 'x 2\n')).toBe('x 1\n');
  });

  test('buckets, sums and counts stay with their histogram', () => {
    const histogram = '# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 1\nh_sum 0.5\nh_count 1\n';
    expect(merge(histogram, 'h_other 1\n')).toBe(`${histogram}h_other 1\n`);
    // Another source that does not say what it is.
    expect(merge(histogram, 'h_bucket{le="1"} 2\nh_bucket{le="5"} 2\nh_sum 3\nh_count 2\n')).toBe(
      `${histogram}h_bucket{le="5"} 2\n`,
    );
  });

  test('what is no sample is left out, the end mark of OpenMetrics too', () => {
    expect(merge('<html>\nnonsense\na 1\n# EOF\n\r\nb{x="y"} 2\r\n')).toBe('a 1\nb{x="y"} 2\n');
    expect(merge('', '# TYPE lonely gauge\n')).toBe('');
  });
});
