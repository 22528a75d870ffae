// Medians and the other few figures by which rounds are summed up.

export type Summary = { readonly median: number; readonly least: number; readonly most: number };

/** The figures of several rounds as one; undefined when there are none. */
export const summarize = (values: readonly number[]): Summary | undefined => {
  const sorted = values.toSorted((a, b) => a - b);
  const least = sorted.at(0);
  const most = sorted.at(-1);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  if (least === undefined || most === undefined || upper === undefined || lower === undefined)
    return undefined;
  return { median: (lower + upper) / 2, least, most };
};
