// Who is measured: the bare loops, the peers and acceptd.
import { createPrograms } from '../programs.ts';
import type { PresentServer, ServerKind } from '../server-kind.ts';
import { acceptd, acceptdAsItComes } from './acceptd.ts';
import { activatingAcceptd, activationFloor } from './activation.ts';
import { floor, forkFloor, sharingFloor, vforkFloor } from './floor.ts';
import { inetutilsInetd } from './inetutils-inetd.ts';
import { node } from './node.ts';
import { openbsdInetd } from './openbsd-inetd.ts';
import { rlinetd } from './rlinetd.ts';
import { acceptdWithLog, xinetdWithLog } from './same-configuration.ts';
import { socat } from './socat.ts';
import { socketActivate } from './socket-activate.ts';
import { systemdPeers } from './systemd.ts';
import { tcpserver } from './tcpserver.ts';
import { tcpsvd } from './tcpsvd.ts';
import { acceptdWithLine, acceptdWithUnits } from './units.ts';
import { xinetd } from './xinetd.ts';

/** In the order of the tables. */
export const allServers: readonly ServerKind[] = [
  floor,
  vforkFloor,
  forkFloor,
  sharingFloor,
  openbsdInetd,
  inetutilsInetd,
  xinetd,
  xinetdWithLog,
  rlinetd,
  tcpserver,
  tcpsvd,
  socat,
  socketActivate,
  ...systemdPeers,
  node,
  acceptd,
  acceptdAsItComes,
  acceptdWithLog,
  acceptdWithUnits,
  acceptdWithLine,
  activationFloor,
  activatingAcceptd,
];

/** Those that are wanted and here; `say` is told why others are not. */
export const findServers = (
  chosen: readonly string[],
  peersRoot: string | undefined,
  say: (text: string) => void,
): readonly PresentServer[] => {
  const programs = createPrograms(peersRoot);
  return allServers
    .filter(({ name }) => chosen.length === 0 || chosen.includes(name))
    .flatMap(({ find, ...kind }) => {
      const found = find(programs);
      if ('command' in found) return [{ ...kind, startCommand: found.command }];
      say(`${kind.title} is skipped: ${found.missing}`);
      return [];
    });
};
