// The control sockets of a server, as the command line wishes them: where, who may look, and what answers there.
import { resolve } from 'node:path';
import { parseAddress } from '../model/network.ts';
import { parseCount } from '../model/quantity.ts';
import type { Kernel } from '../native/kernel.ts';
import { lookupGroup } from '../native/lookup.ts';
import {
  type Control,
  type ControlOptions,
  openControl,
  type ProbeAddress,
} from '../operate/control/control.ts';
import { createDesk, type DeskParts } from '../operate/control/desk-of-server.ts';
import { controlPath } from '../operate/control/place.ts';
import type { ServerLog } from './server-log.ts';

export type ControlWishes = {
  /** undefined: none. */
  readonly path: string | undefined;
  /** By name or number. */
  readonly group: string | undefined;
  readonly probes: ProbeAddress | undefined;
};

export const withoutControl: ControlWishes = { path: undefined, group: undefined, probes: undefined };

/** As the options are written. */
export type ControlChoice = {
  /** Empty: none is wished. */
  readonly control: string | undefined;
  readonly controlGroup: string | undefined;
  readonly controlHttp: string | undefined;
};

const largestPort = 65_535;

/** `127.0.0.1:9100`, `[::1]:9100`; undefined of what is no address. */
const probeAddress = (written: string): ProbeAddress | undefined => {
  const [, six, four, digits = ''] = /^(?:\[([^\]]+)\]|([^:]+)):([0-9]+)$/.exec(written) ?? [];
  const host = six ?? four ?? '';
  const bytes = parseAddress(host);
  const port = parseCount(digits) ?? 0;
  const isRight = bytes !== undefined && (bytes.length === 16) === (six !== undefined);
  return isRight && port >= 1 && port <= largestPort
    ? { version: six === undefined ? 4 : 6, host, port }
    : undefined;
};

const absolute = (path: string): string => (path.startsWith('@') ? path : resolve(path));

/** `usual`: there is a control socket where nobody says anything. A text says what is wrong. */
export const controlWishes = (
  { control, controlGroup, controlHttp }: ControlChoice,
  usual: 'usual' | 'only-when-named',
): ControlWishes | string => {
  const path = usual === 'usual' || control !== undefined ? controlPath(process.env, control) : undefined;
  if (controlGroup !== undefined && path === undefined)
    return '--control-group is for a control socket, and there is none; name one with --control';
  const probes = controlHttp === undefined ? undefined : probeAddress(controlHttp);
  if (controlHttp !== undefined && probes === undefined)
    return `--control-http '${controlHttp}' is no address; write ADDRESS:PORT, as 127.0.0.1:9100 or [::1]:9100`;
  return { path: path === undefined ? undefined : absolute(path), group: controlGroup, probes };
};

/** undefined: there is no such group. */
export const groupOf = async (name: string): Promise<number | undefined> =>
  parseCount(name) ?? (await lookupGroup(name));

/** A place that cannot be had is told; the server is none the worse for it. */
export const openServerControl = (
  { path, probes }: ControlWishes,
  group: number | undefined,
  parts: DeskParts &
    Pick<ControlOptions, 'before' | 'upgraded' | 'askers'> & {
      readonly kernel: Kernel;
      readonly say: ServerLog['say'];
    },
): Control => {
  const { kernel, clock, say, before, upgraded, askers } = parts;
  return openControl(
    { path, group, probes },
    {
      kernel,
      clock,
      desk: createDesk(parts),
      before,
      upgraded,
      askers,
      onOrder: ({ by, what, status }) =>
        say(
          'info',
          { event: 'control-order', by, order: what, status },
          `${by} asked for ${what}: ${status}`,
        ),
      onTrouble: (what) => say('warn', { event: 'control' }, `${what}; acceptd goes on without it`),
    },
  );
};
