// The environment of Node processes that tests start: nothing of tap's, but the addon and the tool that is looking on.

/** Set by test/native/sanitizers.test.ts, which runs the other tests again. */
const passedOn = ['ACCEPTD_ADDON', 'LD_PRELOAD', 'ASAN_OPTIONS', 'UBSAN_OPTIONS'] as const;

export const childEnvironment = (): Record<string, string> => {
  const out: Record<string, string> = {};
  for (const name of passedOn) {
    const value = process.env[name];
    if (value !== undefined) out[name] = value;
  }
  return out;
};

/** Whether a tool looks on that makes everything slow and large. */
export const isInstrumented = process.env['ACCEPTD_TEST_INSTRUMENTED'] === '1';
