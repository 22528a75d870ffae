// A service's lines in files and in syslog, without what differs from run to run: times, pids, seconds.

const time = /^\d\d\/\d{1,2}\/\d{1,2}@\d\d:\d\d:\d\d: /;
const syslogHead = /^<(\d+)>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d ([^[ :]+)\[\d+\]: /;

const neutral = (entry: string): string =>
  entry.replace(/\bpid=[1-9]\d*/, 'pid=PID').replace(/\bduration=\d+\(sec\)/, 'duration=N(sec)');

const isOf = (id: string, entry: string): boolean => entry.split(' ')[1] === id;

/** Sorted: neither daemon promises an order between connections. Lines of an unknown form stay as they are. */
export const linesOf = (id: string, files: string, syslog: string): readonly string[] => {
  const fromFiles = files
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (time.test(line) ? line.replace(time, '') : `no time: ${line}`));
  const fromSyslog = syslog
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [head = '', priority, ident] = syslogHead.exec(line) ?? [];
      return { entry: line.slice(head.length), mark: head === '' ? 'no head: ' : `<${priority}>${ident}: ` };
    });
  return [
    ...fromFiles.filter((entry) => isOf(id, entry)).map(neutral),
    ...fromSyslog.filter(({ entry }) => isOf(id, entry)).map(({ entry, mark }) => mark + neutral(entry)),
  ].toSorted();
};
