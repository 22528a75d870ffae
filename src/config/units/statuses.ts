// Ends of processes: exit statuses by number or name, and signals.
import type { EndStatuses } from '../../model/daemon.ts';
import { parseCount } from '../../model/quantity.ts';
import { parseSignal, showSignal } from './signals.ts';
import type { Unit, Values } from './unit.ts';
import { readWordTokens } from './values.ts';

/** Without their EXIT_ and EX_: of the C library, LSB, systemd's own starter, and sysexits.h (systemd.exec(5)). */
const names: readonly (readonly [first: number, names: string])[] = [
  [0, 'SUCCESS FAILURE INVALIDARGUMENT NOTIMPLEMENTED NOPERMISSION NOTINSTALLED NOTCONFIGURED NOTRUNNING'],
  [64, 'USAGE DATAERR NOINPUT NOUSER NOHOST UNAVAILABLE SOFTWARE OSERR OSFILE CANTCREAT IOERR TEMPFAIL'],
  [76, 'PROTOCOL NOPERM CONFIG'],
  [200, 'CHDIR NICE FDS EXEC MEMORY LIMITS OOM_ADJUST SIGNAL_MASK STDIN STDOUT CHROOT IOPRIO TIMERSLACK'],
  [213, 'SECUREBITS SETSCHEDULER CPUAFFINITY GROUP USER CAPABILITIES CGROUP SETSID CONFIRM STDERR'],
  [224, 'PAM NETWORK NAMESPACE NO_NEW_PRIVILEGES SECCOMP SELINUX_CONTEXT PERSONALITY APPARMOR'],
  [232, 'ADDRESS_FAMILIES RUNTIME_DIRECTORY'],
  [235, 'CHOWN SMACK_PROCESS_LABEL KEYRING STATE_DIRECTORY CACHE_DIRECTORY LOGS_DIRECTORY'],
  [241, 'CONFIGURATION_DIRECTORY NUMA_POLICY CREDENTIALS'],
  [245, 'BPF'],
  [255, 'EXCEPTION'],
];

const codes: ReadonlyMap<string, number> = new Map(
  names.flatMap(([first, list]) =>
    list.split(' ').map((name, index): [string, number] => [name, first + index]),
  ),
);

export const noStatuses: EndStatuses = { codes: [], signals: [] };

/** After `-` before a command. */
export const everyEnd: EndStatuses = {
  codes: Array.from({ length: 256 }, (_, code) => code),
  signals: Array.from({ length: 64 }, (_, index) => index + 1),
};

export const isEveryEnd = ({ codes: numbers, signals }: EndStatuses): boolean =>
  numbers.length === everyEnd.codes.length && signals.length === everyEnd.signals.length;

/** Numbers are exit statuses, names first those and then signals. */
export const readStatuses = (key: string, values: Values, unit: Unit): EndStatuses => {
  const found = { codes: new Set<number>(), signals: new Set<number>() };
  for (const word of readWordTokens(values.all(key), unit)) {
    const number = parseCount(word.text);
    const code = number ?? codes.get(word.text.replace(/^EX(?:IT)?_/, ''));
    const signal = code === undefined ? parseSignal(word.text) : undefined;
    if (code !== undefined && code <= 255) found.codes.add(code);
    else if (signal !== undefined) found.signals.add(signal);
    else {
      unit.report.error(
        word,
        `'${word.text}' is neither an exit status nor a signal`,
        'write 0 to 255, TEMPFAIL or SIGKILL',
      );
    }
  }
  return { codes: [...found.codes], signals: [...found.signals] };
};

export const showStatuses = ({ codes: numbers, signals }: EndStatuses): readonly string[] => [
  ...numbers.map(String),
  ...signals.map(showSignal),
];
