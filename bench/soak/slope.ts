// Does something grow? A line through samples by least squares.

export type Sample = { readonly at: number; readonly value: number };

/** Units of `value` for each unit of `at`; 0 of fewer than two moments. */
export const slopeOf = (samples: readonly Sample[]): number => {
  const count = samples.length;
  const meanAt = samples.reduce((sum, { at }) => sum + at, 0) / count;
  const meanValue = samples.reduce((sum, { value }) => sum + value, 0) / count;
  const spread = samples.reduce((sum, { at }) => sum + (at - meanAt) ** 2, 0);
  if (count < 2 || spread === 0) return 0;
  return samples.reduce((sum, { at, value }) => sum + (at - meanAt) * (value - meanValue), 0) / spread;
};
