// The log of one service, in xinetd's words: where its lines go and what stands in them.
import type { Bytes } from './quantity.ts';

export const syslogFacilities = [
  'kern',
  'user',
  'mail',
  'daemon',
  'auth',
  'syslog',
  'lpr',
  'news',
  'uucp',
  'cron',
  'authpriv',
  'ftp',
  'local0',
  'local1',
  'local2',
  'local3',
  'local4',
  'local5',
  'local6',
  'local7',
] as const;
export type SyslogFacility = (typeof syslogFacilities)[number];

export const syslogLevels = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'] as const;
export type SyslogLevel = (typeof syslogLevels)[number];

export type LogDestination =
  | {
      readonly kind: 'file';
      readonly path: string;
      /** A warning is written when the file becomes as long; undefined: never. */
      readonly softLimit: Bytes | undefined;
      /** Nothing more is written to a file that is as long. */
      readonly hardLimit: Bytes | undefined;
    }
  | { readonly kind: 'syslog'; readonly facility: SyslogFacility; readonly level: SyslogLevel };

export const successFields = ['pid', 'host', 'userid', 'exit', 'duration', 'traffic'] as const;
export type SuccessField = (typeof successFields)[number];

export const failureFields = ['host', 'userid', 'attempt'] as const;
export type FailureField = (typeof failureFields)[number];

export type ServiceLog = {
  readonly destination: LogDestination;
  /** In the order of successFields; without any, nothing is written of those who are served. */
  readonly onSuccess: readonly SuccessField[];
  readonly onFailure: readonly FailureField[];
};
