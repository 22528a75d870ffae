// The environment of processes that tests start: nothing of tap's; for Node the addon and the tool that is looking on.

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

/**
 * The words for env(1) that start a program with these variables and no others. tap adds its own to whatever environment
 * spawn(2) is given: NODE_OPTIONS, which doubles the memory of a Node, and the list of all test files, which makes
 * 15 kB where a client hands its variables on.
 */
export const withOnly = (
  environment: Readonly<Record<string, string>>,
  words: readonly string[],
): readonly string[] => [
  '-i',
  ...Object.entries(environment).map(([name, value]) => `${name}=${value}`),
  ...words,
];

/** Whether a tool looks on that makes everything slow and large. */
export const isInstrumented = process.env['ACCEPTD_TEST_INSTRUMENTED'] === '1';
