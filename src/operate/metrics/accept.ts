// Which of the two texts a scraper prefers, by the Accept header that it sends (RFC 9110, section 12.5.1).

export type Format = 'prometheus' | 'openmetrics';

/** Longer headers are cut: no scraper sends such a one. */
const longestHeader = 2_000;

/** How much it likes a type, 0 to 1; 0 for one that it does not name. */
const liking = (ranges: readonly string[], wanted: RegExp): number => {
  const found = ranges
    .filter((range) => wanted.test(range))
    .map((range) => Number(/;\s*q\s*=\s*([0-9.]+)/i.exec(range)?.[1] ?? 1));
  return Math.max(0, ...found.filter((share) => share <= 1));
};

/** OpenMetrics where it is asked for by name and nothing else is liked better. */
export const formatFor = (accept: string): Format => {
  const ranges = accept
    .slice(0, longestHeader)
    .split(',')
    .map((range) => range.trim());
  const openMetrics = liking(ranges, /^application\/openmetrics-text\s*(;(?!.*version=0\.)|$)/i);
  return openMetrics > 0 && openMetrics >= liking(ranges, /^text\/plain/i) ? 'openmetrics' : 'prometheus';
};
