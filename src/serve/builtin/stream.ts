// The stream built-ins: who answers a connection by which name.
import type { Start } from '../surface.ts';
import { startChargen } from './chargen.ts';
import { daytimeReply } from './daytime.ts';
import { startDiscard } from './discard.ts';
import { startEcho } from './echo.ts';
import { startIdent } from './ident.ts';
import { announcing } from './parting.ts';
import { startTcpmux } from './tcpmux.ts';
import { timeReply } from './time.ts';

const startDaytime = announcing(daytimeReply);
const startTime = announcing((now) => timeReply(now));

export const startStreamBuiltin: Start = (surface, prepared, client, onEnded, saved) => {
  const { answer, id } = prepared.service;
  if (answer.kind !== 'builtin') throw new Error(`${id} is no built-in`);
  switch (answer.builtin) {
    case 'echo':
      return startEcho(surface, prepared, client, onEnded, saved);
    case 'discard':
      return startDiscard(surface, prepared, client, onEnded, saved);
    case 'chargen':
      return startChargen(surface, prepared, client, onEnded, saved);
    case 'daytime':
      return startDaytime(surface, prepared, client, onEnded);
    case 'time':
      return startTime(surface, prepared, client, onEnded);
    case 'tcpmux':
      return startTcpmux(surface, prepared, client, onEnded, saved);
    case 'ident':
      return startIdent(surface, prepared, client, onEnded, saved);
  }
};
