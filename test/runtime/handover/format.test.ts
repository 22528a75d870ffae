// The state of a server as another version reads it.
import t from 'tap';
import { packState, type SavedServer, unpackState } from '../../../src/runtime/handover/format.ts';
import { stateVersion } from '../../../src/runtime/handover/saved.ts';

const empty: SavedServer = {
  runtime: {
    services: [],
    listeners: [],
    instances: [],
    clients: [],
    builtins: [],
    endingLogs: [],
    sensors: [],
    sourceRates: undefined,
    inherited: [],
    others: [7],
  },
  parts: { one: new Map([['a', Number.POSITIVE_INFINITY]]) },
  kept: { socket: 9 },
};

t.test('what is packed comes back', async (t) => {
  t.strictSame(unpackState(packState(empty)), empty);
});

t.test('what another version has written is refused, and so is anything else', async (t) => {
  const bytes = Buffer.from(packState(empty));
  const head = `acceptd state ${stateVersion}\n`;
  const later = Buffer.concat([Buffer.from('acceptd state 9999\n'), bytes.subarray(head.length)]);
  t.match(unpackState(later), /version 9999 of the state and this acceptd knows version/);
  t.match(unpackState(Buffer.from('nonsense')), /no state of acceptd/);
  t.match(unpackState(bytes.subarray(0, head.length + 3)), /cannot be read/);
});
