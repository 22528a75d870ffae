// What a rule of hosts.allow or hosts.deny does beside deciding, ready to be done: nothing in it has to be looked up.
import type { SyslogFacility, SyslogLevel } from './service-log.ts';

/** In the order of the options; a command finds what the ones before it have changed. */
export type WrapperEffect =
  | { readonly kind: 'severity'; readonly facility: SyslogFacility | undefined; readonly level: SyslogLevel }
  | { readonly kind: 'spawn'; readonly command: string }
  | { readonly kind: 'twist'; readonly command: string }
  /** Said to the client before anything else. */
  | { readonly kind: 'banner'; readonly text: Uint8Array }
  | { readonly kind: 'keepalive' }
  | { readonly kind: 'linger'; readonly seconds: number }
  | { readonly kind: 'nice'; readonly increment: number }
  | { readonly kind: 'setenv'; readonly name: string; readonly value: string }
  | { readonly kind: 'umask'; readonly mask: number }
  /** undefined leaves the one of the handler; the groups are always all that it has. */
  | {
      readonly kind: 'credentials';
      readonly uid: number | undefined;
      readonly gid: number;
      readonly groups: readonly number[];
    };
