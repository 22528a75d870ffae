// The report with charts.
import type { Run } from './summary.ts';

export const renderCharts = async (run: Run): Promise<string> => {
  throw new Error(`no charts yet for ${run.found.length} scenarios`);
};
