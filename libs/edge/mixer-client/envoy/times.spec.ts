import { after, instantOfMs, nanosOf } from './times';

it.each([
  [
    { seconds: 10, nanos: 900_000_000 },
    { seconds: 1, nanos: 200_000_000 },
    { seconds: 12, nanos: 100_000_000 },
  ],
  [{ seconds: 10, nanos: 100 }, undefined, { seconds: 10, nanos: 100 }],
  [
    { seconds: 10, nanos: 100 },
    { seconds: -1, nanos: -200 },
    { seconds: 8, nanos: 999_999_900 },
  ],
])('%j and %j later', (start, duration, end) => {
  expect(after(start, duration)).toEqual(end);
});

it('durations are nanoseconds, exact ones', () => {
  expect(nanosOf({ seconds: 2, nanos: 5 })).toBe(2_000_000_005);
  expect(nanosOf({ seconds: 9_007_200, nanos: 1 })).toBe(9_007_200_000_000_001n);
  expect(instantOfMs(1_500)).toEqual({ seconds: 1, nanos: 500_000_000 });
});
