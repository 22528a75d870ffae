// The part that reads configurations, for each load anew. In the bundle it is a file that is let go (bundle.mjs): two servers
// apart may have two copies of it, so it gives plain data alone.

export const loadReading = (): Promise<typeof import('../config/reading.ts')> =>
  import('../config/reading.ts');
