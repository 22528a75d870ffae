// What a server consists of is loaded part by part: Node's loader opens all files of a part at once, and where descriptors
// are few (RLIMIT_NOFILE of 64) those of all parts together are too many.

export const loadServerParts = async (): Promise<void> => {
  await import('../model/service.ts');
  await import('../native/kernel.ts');
  await import('../serve/serve.ts');
  await import('../runtime/names.ts');
  await import('../runtime/supervisor.ts');
  await import('../operate/json-log.ts');
  await import('../operate/journal.ts');
  await import('../operate/log-records.ts');
  await import('../operate/wrapper-files.ts');
  await import('../operate/xinetd-log.ts');
};
